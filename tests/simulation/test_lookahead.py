"""Strategies that know the future are found and explained, and those that do not are clean."""

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.cli.lookahead import lookahead_table
from daemon.research.lookahead.command import Asked, is_in_order, look
from daemon.research.lookahead.cuts import choose
from daemon.research.lookahead.findings import READY, Finding, Kind, Request, Verdict
from daemon.research.lookahead.forks import in_fork
from daemon.research.lookahead.futures import Change, Future
from daemon.research.lookahead.inquiry import Inquiry
from daemon.research.lookahead.judge import judge
from daemon.research.lookahead.probes import ArraysProbe, Difference
from daemon.research.lookahead.stage import Stage, read_stage
from daemon.research.lookahead.trials import Trials
from daemon.research.lookahead.words import MENDS
from daemon.research.wishes import Wishes
from tests.config_builders import described, plan_of
from tests.simulation.clock import SimulatedClock
from tests.simulation.lookahead import config_of, minutes, staged, verdict_of, write_data
from tests.simulation.processes import Hung, SimulatedProcesses
from tests.simulation.test_same_in_every_mode import EXCHANGE, MARKETS
from trading.timestamps import iso

PAGE = Path(__file__).resolve().parents[2] / "docs" / "lookahead.md"
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "cli"
PLANTED = [
    ("NextBar", {}, "signals", "next_bar"),
    ("RareShift", {}, "signals", "next_bar"),
    ("LongerBar", {}, "signals", "longer_bar"),
    ("ZScoreOfAll", {}, "signals", "whole_history"),
    ("LeavesAtTheEnd", {}, "signals", "end_of_data"),
    ("LooksUpLaterByArrays", {"table": "labels.csv"}, "signals", "row_of_file"),
    ("DecideLooksBeside", {}, "decide", "beside_the_values"),
    ("LeavesAtTheHighest", {}, "decide", "beside_the_values"),
    ("ReadsAhead", {"path": "prices.csv"}, "on_bar", "row_of_file"),
    ("ReadsAheadByName", {}, "on_bar", "row_of_file"),
    ("StatisticsOfTheFile", {"path": "prices.csv"}, "on_bar", "whole_file"),
    ("ReadsAheadInParquet", {"path": "prices.parquet"}, "on_bar", "row_of_file"),
    ("LeavesBeforeGaps", {"path": "prices.csv"}, "on_bar", "row_of_file"),
    ("LongerRow", {"table": "longer.csv"}, "on_bar", "row_of_file"),
    ("FindsItInMemory", {}, "on_bar", "not_heard"),
    ("Disagrees", {}, "on_bar", "disagrees"),
    ("ActsLater", {}, "decide", "acts_later"),
    ("AsksTheClock", {}, "on_bar", "unrepeatable"),
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def first(verdict: Verdict) -> Finding:
    return verdict.findings[0]


@pytest.mark.parametrize(("cheat", "params", "where", "kind"), PLANTED, ids=[case[0] for case in PLANTED])
def test_what_is_planted_is_proven(tmp_path: Path, cheat: str, params: dict[str, Any], where: str, kind: str) -> None:
    file = "prices.parquet" if "Parquet" in cheat else "prices.csv"
    found = first(verdict_of(tmp_path, cheat, file=file, **params))
    assert (found.level, found.where, found.kind) == ("proof", where, kind)
    assert found.mend
    if kind not in {"disagrees", "acts_later", "unrepeatable"}:
        assert found.ts < found.last_input.split()[-1]
        assert found.first_input
        assert found.ahead


SUSPECT = [
    ("ReadsAheadInParquet", "reads_the_feed", "prices.parquet, a file of the feed, itself"),
    ("LooksUpNatively", "reads_unchanged", "labels.parquet by a library of its own"),
    ("CountsRows", "reads_unchanged", "closes.txt, which holds prices of the feed, but no times"),
    ("KeepsInAFile", "asks_outside", "kept.txt, which it has written: that outlives its run"),
]


@pytest.mark.parametrize(("cheat", "kind", "words"), SUSPECT, ids=[case[0] for case in SUSPECT])
def test_a_file_that_could_not_be_made_another_is_suspect(tmp_path: Path, cheat: str, kind: str, words: str) -> None:
    verdict = verdict_of(tmp_path, cheat, file="prices.parquet" if "Parquet" in cheat else "prices.csv")
    assert [(one.level, one.kind) for one in verdict.findings] == [("suspicion", kind)]
    assert first(verdict).what.startswith(f"it reads {tmp_path}/{words}; ")


def test_whoever_else_reads_a_file_of_the_feed_now_and_then_makes_nobody_suspect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, trials = staged(tmp_path, "Honest", file="prices.parquet")
    runs: list[Callable[[], bytes]] = []

    def beside_another(work: Callable[[], bytes]) -> bytes:
        runs.append(work)
        if len(runs) in {1, 5, 9}:
            pq.read_table(tmp_path / "prices.parquet", use_threads=False)
        return in_fork(work)

    monkeypatch.setattr("daemon.research.lookahead.trials.in_fork", beside_another)
    assert Inquiry(stage, trials).verdict().findings == []
    assert len(runs) >= 10


def test_only_the_last_digits_are_a_suspicion(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path, "Rounds")
    assert [(one.level, one.kind) for one in verdict.findings] == [("suspicion", "rounding")]


@pytest.mark.parametrize(
    ("honest", "params", "note"),
    [
        ("Honest", {}, ""),
        ("LongerRowBefore", {"table": "longer.csv"}, "nothing before a cut changed"),
        ("DrawsAndWaits", {}, ""),
        ("NeedsManyBars", {}, "where there are too few bars"),
    ],
)
def test_who_is_honest_is_clean(tmp_path: Path, honest: str, params: dict[str, Any], note: str) -> None:
    verdict = verdict_of(tmp_path, honest, **params)
    assert verdict.findings == []
    assert any(note in one for one in verdict.notes) or not note
    assert verdict.looked.cuts
    assert verdict.looked.runs > 9


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize(("at_bar", "cuts"), [(1, 0), (7, 4)])
def test_who_fails_on_the_data_as_it_is_has_failed_where_it_did(
    tmp_path: Path, at_bar: int, cuts: int, ends: bool
) -> None:
    stage, trials = staged(tmp_path, "FailsOnItsWay", at_bar=at_bar, ends=ends)
    verdict = Inquiry(stage, trials).verdict()
    last = iso(stage.heard[at_bar - 1].ts_ns)
    lines = (Path(__file__).parent / "cheats.py").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "raise SystemExit(5)" in text)
    raised = "SystemExit: 5" if ends else "ValueError: boom"
    assert verdict.findings == []
    assert verdict.failed == (
        f"it failed at {last}, at cheats.py:{line} ({raised}), having heard {at_bar} of {len(stage.heard)} events: "
        "what it would do after that was not looked at"
    )
    assert (verdict.looked.heard, verdict.looked.end) == (at_bar, last)
    assert len(verdict.looked.cuts) >= cuts
    assert all(cut < last for cut in verdict.looked.cuts)


def test_each_kind_of_finding_is_on_the_page_and_has_a_way_to_mend_it() -> None:
    rows = [row.split("|")[1] for row in PAGE.read_text().splitlines() if row.startswith("| `") and row.count("|") == 4]
    named = [kind for row in rows for kind in re.findall(r"`(\w+)`", row)]
    assert [kind for kind in named if kind in set(Kind)] == list(Kind)
    assert MENDS.keys() == set(Kind)


@settings(max_examples=6)
@given(st.integers(1, 30), st.integers(-3, 10), st.booleans())
def test_a_rolling_window_is_clean_unless_it_is_held_against_bars_to_come(
    tmp_path_factory: pytest.TempPathFactory, window: int, ago: int, highest: bool
) -> None:
    folder = tmp_path_factory.mktemp("rolling")
    stage, trials = staged(folder, "Rolling", window=window, ago=ago, highest=highest)
    found = found_in_arrays(stage, trials)
    assert bool(found) is (ago < 0)


def found_in_arrays(stage: Stage, trials: Trials) -> list[Difference]:
    decided = trials.decided()
    assert decided.offered, decided.raised
    probe = ArraysProbe(trials, decided, warm=0)
    cuts = choose(Random(1), stage.heard, [])
    changes = [Change(future, cut) for cut in cuts for future in Future]
    found = [probe.difference(change, change.after) for change in probe.worth_a_run(changes)]
    return [one for one in found if one is not None]


MOST = {"minutes": 500, "ticks": 3_000}


@pytest.mark.parametrize(
    ("market", "strategy"),
    [("minutes", "trend"), ("minutes", "brackets"), ("ticks", "rsi")],
)
def test_the_strategies_that_come_along_are_clean_on_data_of_exchanges(
    tmp_path: Path, shared: Path, market: str, strategy: str
) -> None:
    text = EXCHANGE.substitute(MARKETS[market]).replace("{path: ", f"{{path: {shared}/data/")
    stage = read_stage(plan_of(tmp_path, text, amendment=Wishes(alone=strategy)), most=MOST[market], seed=2)
    verdict = Inquiry(stage, Trials(stage, tmp_path, lambda: 60.0)).verdict()
    assert verdict.findings == []
    assert verdict.looked.decisions > 50


BOTH = """\
account: {currency: USD, cash: "100000"}
feed: {kind: file, files: [{path: prices.csv, data: bars, interval: 1m, stamp: close, symbol: AAA}]}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}
strategies:
  - {id: honest, class: "tests.simulation.cheats:Honest", params: {symbol: AAA}, capital: "40000"}
  - {id: cheat, class: "tests.simulation.cheats:ShiftedBack", params: {symbol: AAA}, capital: "40000"}
  - {id: fails, class: "tests.simulation.cheats:FailsOnItsWay", params: {symbol: AAA}, capital: "10000"}
  - {id: hangs, class: "tests.simulation.cheats:Hangs", params: {symbol: AAA}, capital: "10000"}
"""


def judged(given: bytes) -> bytes:
    """What `python -m daemon.research.lookahead.judge` does, in this process; one of its strategies hangs."""
    request = msgspec.msgpack.decode(given, type=Request)
    if request.strategy == "hangs":
        raise Hung(READY, b'Timeout!\n  File "/here/cheats.py", line 265 in on_bar\n')
    processes = SimulatedProcesses({"daemon.describe": described})
    return READY + msgspec.msgpack.encode(judge(request, processes, SimulatedClock()))


def test_what_is_told_is_as_in_the_golden_files(tmp_path: Path) -> None:
    write_data(tmp_path, minutes())
    config = tmp_path / "config.yaml"
    config.write_text(BOTH)
    processes = SimulatedProcesses({"daemon.describe": described, "daemon.research.lookahead.judge": judged})
    heard: list[str] = []
    told = look(Asked(config=config, wishes=Wishes(), seed=1, events=80, seconds=60), {}, processes, heard.append)
    assert heard == [
        f"{number} of 4: {one}, 60 s at most" for number, one in enumerate(("honest", "cheat", "fails", "hangs"), 1)
    ]
    assert_golden("check-lookahead.json", json.dumps(told, indent=2) + "\n")
    assert_golden("check-lookahead.table", lookahead_table(told, headers=True) + "\n")
    assert not is_in_order(told)
    assert [is_in_order({**told, "strategies": [one]}) for one in told["strategies"]] == [True, False, False, False]


class Ended(Exception):
    """However it is that looking ends."""


@pytest.mark.parametrize("how", [Hung(READY, b""), KeyboardInterrupt(), SystemExit(143), Ended()], ids=repr)
def test_however_it_ends_its_copies_of_files_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: BaseException
) -> None:
    copies = tmp_path / "temporary"
    copies.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(copies))
    write_data(tmp_path, minutes())
    config = tmp_path / "config.yaml"
    config.write_text(config_of("Honest"))

    def begun(given: bytes) -> bytes:
        folder = Path(msgspec.msgpack.decode(given, type=Request).folder)
        (folder / "0").mkdir()
        (folder / "0" / "prices.csv").write_text("a copy")
        raise how

    processes = SimulatedProcesses({"daemon.describe": described, "daemon.research.lookahead.judge": begun})
    with suppress(KeyboardInterrupt, SystemExit, Ended):
        look(Asked(config=config, wishes=Wishes(), seed=1, events=80, seconds=60), {}, processes)
    assert list(copies.iterdir()) == []


def assert_golden(name: str, text: str) -> None:
    """Compare with a golden file; BULKHEAD_GOLDEN=write writes it instead, for a look at the difference in git."""
    file = GOLDEN / name
    if os.environ.get("BULKHEAD_GOLDEN") == "write":
        file.write_text(text)
    assert text == file.read_text()
