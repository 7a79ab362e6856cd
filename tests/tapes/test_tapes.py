"""The pure router and its session under a tape of faults: drawn, kept, and each fault once at every place.

`BULKHEAD_HYPOTHESIS=thousands` draws 5,000 tapes, gives every fault all its arguments at all of its places, and lets a
process die twice at all pairs of places; that takes minutes.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, cycle
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given

from tests.tapes.corpus import CORPUS
from tests.tapes.drawing import ARGUMENTS, fault, tapes
from tests.tapes.stories import CANONICAL, SHORTEST
from tests.tapes.tape import CRASHES, Tape, a_tape, kind_of
from tests.tapes.world import World, play
from tests.venue.faults import MENU

THOROUGH: Final = os.environ.get("BULKHEAD_HYPOTHESIS") == "thousands"

BESIDES: Final = {"find": "place#1.reply=lost", "bust_push": "place#2.then=bust", "hold": "daemon dead_man=30s"}
"""What makes the canonical story come to an operation that it has not of itself."""

MOST_ALIKE: Final = {"heartbeat": 2} if THOROUGH else {"heartbeat": 2, "open_orders": 3, "account": 3, "time": 1}
"""Of these one is much like the other, after the first."""


# What is drawn, and what is kept.


@given(tapes())
def test_whatever_goes_wrong_every_invariant_holds(tape: Tape) -> None:
    World(tape).play()


@pytest.mark.parametrize("showed", CORPUS)
def test_a_tape_that_has_shown_a_defect_shows_none(showed: str) -> None:
    play(CORPUS[showed])


# Each fault once, at every place.


def _faults(operation: str) -> Iterator[str]:
    """Every fault of an operation at its places in the canonical story."""
    count = play(CANONICAL, BESIDES.get(operation, "")).calls[operation]
    for part, kinds in MENU[operation].items():
        for kind in kinds:
            arguments = ARGUMENTS.get(kind, ("",))
            for argument in arguments if THOROUGH else arguments[-1:]:
                for number in range(1, min(count, MOST_ALIKE.get(operation, count)) + 1):
                    yield fault((operation, part, kind), number, argument)


@pytest.mark.parametrize("operation", [*MENU])
def test_every_fault_once_at_each_of_its_places(operation: str) -> None:
    happened: Counter[str] = Counter()
    faults = list(_faults(operation))
    for one in faults:
        once = "venue unique_ids=account" if ".request=twice" in one else ""
        happened += play(CANONICAL, BESIDES.get(operation, ""), one, once).happened
    assert {kind_of(one) for one in faults if not happened[kind_of(one)]} == set()


# The process dies once, and twice, at every place.


@pytest.mark.parametrize("site", [*CRASHES])
def test_the_process_dies_once_at_every_place(site: str) -> None:
    count = play(CANONICAL).sites[site]
    assert count
    for number in range(1, count + 1):
        world = play(CANONICAL, f"crash@{site}#{number}")
        assert world.happened[f"crash@{site}"] == 1
        assert world.lives == 3


def test_the_process_dies_again_while_it_comes_back() -> None:
    """From the journal alone, and from snapshots of different ages, in turn."""
    sites = play(SHORTEST).sites
    places = [f"{site}#{number}" for site in CRASHES for number in range(1, sites[site] + 4)]
    if not THOROUGH:
        places = [place for place in places if place.startswith(("commit", "leak#1"))]
    kept = cycle(("", "daemon snapshots=1", "daemon snapshots=4"))
    for one, other in combinations(places, 2):
        play(SHORTEST, f"crash@{one}", f"crash@{other}", next(kept))


# That all of this is not in vain.


def test_every_way_back_is_really_gone() -> None:
    happened: Counter[str] = Counter()
    for lines in CORPUS.values():
        happened += play(lines).happened
    rests = ("0 quote AAA 99 101", "1 a buys 5 AAA at 100")
    for more in (
        ("place#1.reply=lost", "1 freeze 20s"),
        ("place#1.request=lost",),
        ("2 a cancels 1", "cancel#1.race=forget"),
        ("place#1.request=lost", "find#1-999=503", "faults end at 70"),
        ("2 quote AAA 98 99", "line no_fills", "fills#1-40.view=empty", "faults end at 40"),
        ("2 a cancels 1", "cancel#1.request=lost"),
        ("2 a cancels 1", "cancel#1-99=503", "faults end at 60"),
        ("2 a amends 1 to 8", "amend#1.request=lost"),
        ("2 a cancels 1", "cancel#1.race=fill_after:2"),
        ("crash@leak#1",),
    ):
        happened += play(rests, more).happened
    ways = [
        *("found after loss", "proven absent", "proven gone", "quarantined", "sum inferred", "sum given way"),
        *("cancel sent again", "cancel_rejected not_confirmed", "replace_rejected not_confirmed", "adopted"),
        *("late fill", "busted"),
    ]
    assert [way for way in ways if not happened[way]] == []


# I46: the same tape is the same run.


def test_the_same_tape_is_the_same_run_to_the_last_bit() -> None:
    assert play(CANONICAL).trace == play(CANONICAL).trace
    assert play(CANONICAL).trace != play(CANONICAL, "place#1.reply=lost").trace


def test_the_same_tapes_are_the_same_runs_in_processes_that_hash_otherwise() -> None:
    code = "\n".join(
        [
            "from tests.tapes.corpus import CORPUS",
            "from tests.tapes.stories import CANONICAL",
            "from tests.tapes.world import play",
            "for lines in (*CORPUS.values(), CANONICAL, (*CANONICAL, 'crash@leak#2', 'daemon snapshots=3')):",
            "    print(play(lines).trace)",
        ]
    )
    root = Path(__file__).resolve().parents[2]
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("1", "4242")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) == len(CORPUS) + 2


# A tape is read, or refused.


def test_a_tape_is_read_line_by_line() -> None:
    tape = a_tape("1.5 a buys 5 AAA at 100", "place#1.reply=lost", "crash@send#2:30s", "venue sees_after_ns=1s")
    assert tape.deeds[0].words == ("a", "buys", "5", "AAA", "at", "100")
    assert tape.faults == ("place#1.reply=lost",)
    assert (tape.crashes[0].site, tape.crashes[0].number) == ("send", 2)
    assert tape.condition("venue", "sees_after_ns") == "1s"


@pytest.mark.parametrize(
    "line", ["place#1.reply=eaten", "crash@lunch#1", "1 a dances", "the weather is bad", "place.reply=lost"]
)
def test_a_line_that_says_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"no|nobody|nothing"):
        a_tape(line)
