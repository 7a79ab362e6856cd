"""Tapes for Hypothesis to draw and to shrink: few deeds, few faults, each a line by itself.

What is drawn keeps to what a venue promises. It may say of an order that it does not exist, or leave something out of a
list that it calls whole, but not again and again; its clock may run ahead, and goes back by no more than the margin
that its profile has; and a line that brings a request twice is one to a venue that takes an id once.
"""

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.tapes.tape import CRASHES, Tape, a_tape
from tests.venue.faults import MENU

ARGUMENTS: Final = {
    "delay": ("500ms", "4s", "8s"),
    "fill": ("", "2"),
    "fill_after": ("", "1"),
    "restart": ("", "8s"),
    "roll_back": ("3",),
    "freeze": ("", "7s"),
    "skew": ("30s", "-900ms"),
    "manual": ("buy:3", "sell:2"),
    "stale": ("1", "4"),
    "missing": ("1",),
    "partial": ("1",),
    "429": ("1s",),
    "418": ("20s",),
}
"""What a fault of a kind may be given; nothing where it is not here."""

LIES: Final = frozenset({"absent", "stale", "missing", "empty"})
"""Kinds by which a venue says that what is there is not; more than one of them on a tape is beyond its promise."""

ORDERS: Final = (
    "{0} buys {1} AAA",
    "{0} buys {1} AAA at 100",
    "{0} buys {1} AAA at 100",
    "{0} buys {1} AAA at 101 for 5s",
    "{0} buys {1} BBB at 50",
    "{0} sells {1} AAA",
    "{0} sells {1} AAA at 101",
    "{0} sells {1} AAA under 98",
    "{0} sells {1} AAA to reduce",
    "{0} wants {1} AAA",
    "{0} cancels last",
    "{0} cancels last",
    "{0} amends last to {1}",
    "{0} amends last to {1}",
    "{0} amends 1 to {1} at 99",
)

BEGINNINGS: Final = (
    (),
    ("0.3 a buys 5 AAA at 100", "0.3 b buys 4 AAA", "0.4 a amends 1 to 8", "0.4 quote AAA 98 100 3", "0.5 a cancels 1"),
    ("0.2 a buys 6 AAA", "0.3 a sells 3 AAA under 98", "0.3 a sells 3 AAA at 102", "0.4 c buys 2 BBB at 50"),
    ("0.2 b buys 6 AAA", "0.3 a buys 3 AAA at 100", "0.3 c buys 3 AAA at 100", "0.4 quote AAA 98 100 4"),
)
"""What may have been done by then."""

HAPPENINGS: Final = (
    "quote AAA 99 101",
    "quote AAA 98 100 {1}",
    "quote AAA 97 98",
    "quote AAA 102 103 {1}",
    "quote BBB 48 49",
    "cut",
    "freeze 9s",
    "restart 3s",
    "stop",
    "stop 20s",
    "halt",
    "resume",
    "manual buy {1} AAA",
    "manual sell {1} AAA",
    "foreign buy {1} AAA at 100",
    "liquidate AAA",
)

CONDITIONS: Final = (
    "venue sees_after_ns=1s",
    "venue taker_fee=0.001",
    "venue renames_triggered",
    "venue flips_in_two",
    "venue skew=-30s",
    "venue skew=20s",
    "line latency=300ms",
    "line no_fills",
    "line no_numbers",
    "line page=2",
    "line limit=6/2s",
    "profile budget=40/10s",
    "profile blind",
    "profile unbounded",
    "daemon snapshots=7",
    "daemon dead_man=30s",
    "venue unique_ids=account",
)


def sites() -> SearchStrategy[str]:
    """One fault at one site."""
    kinds = [
        (operation, part, kind) for operation, parts in MENU.items() for part, kinds in parts.items() for kind in kinds
    ]
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(
            fault,
            st.just(kind),
            st.integers(1, 4),
            st.sampled_from(ARGUMENTS.get(kind[2], ("",))),
        )
    )


def fault(kind: tuple[str, str, str], number: int, argument: str) -> str:
    """As a tape has it."""
    operation, part, what = kind
    at = f"{operation}#{number}.{part}" if part else f"{operation}#{number}"
    return f"{at}={what}:{argument}" if argument else f"{at}={what}"


def _deed(seconds: float, words: str, who: str, units: int) -> tuple[float, str]:
    return seconds, words.format(who, units)


def deeds() -> SearchStrategy[list[str]]:
    """What strategies and others do, one after another; a market is there before."""
    pauses = st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0])
    who, units = st.sampled_from("abc"), st.integers(1, 8)
    of_strategies = st.builds(_deed, pauses, st.sampled_from(ORDERS), who, units)
    of_others = st.builds(_deed, pauses, st.sampled_from(HAPPENINGS), who, units)
    more = st.lists(of_strategies | of_strategies | of_others, min_size=3, max_size=16)
    return st.builds(_timed, st.sampled_from(BEGINNINGS), more)


def _timed(beginning: tuple[str, ...], deeds: list[tuple[float, str]]) -> list[str]:
    at, lines = 0.5, ["0 quote AAA 99 101", "0 quote BBB 49 51", *beginning]
    for pause, words in deeds:
        at += pause
        lines.append(f"{at:g} {words}")
    return lines


def crashes() -> SearchStrategy[str]:
    """A death at a site."""
    return st.builds(
        "crash@{}#{}:{}".format, st.sampled_from(sorted(CRASHES)), st.integers(1, 40), st.sampled_from(["1s", "15s"])
    )


def tapes() -> SearchStrategy[Tape]:
    """A tape."""
    return st.builds(
        _tape,
        deeds(),
        st.lists(sites(), min_size=1, max_size=6),
        st.lists(crashes(), max_size=2, unique=True),
        st.lists(st.sampled_from(CONDITIONS), max_size=2, unique=True),
    )


def _tape(deeds: list[str], faults: list[str], crashes: list[str], conditions: list[str]) -> Tape:
    kept: list[str] = []
    has_lied = False
    for one in faults:
        is_lie = ".view=" in one and one.partition(".view=")[2].partition(":")[0] in LIES
        if not (is_lie and has_lied):
            kept.append(one)
        has_lied = has_lied or is_lie
    if any(one.startswith("place") and ".request=twice" in one for one in kept):
        conditions = [*(one for one in conditions if "unique_ids" not in one), "venue unique_ids=account"]
    return a_tape(deeds, kept, crashes, conditions)
