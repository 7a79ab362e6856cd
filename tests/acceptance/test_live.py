"""Real daemons on a real websocket: containers run free, whoever is killed, and at whatever rate the venue speaks."""

import asyncio
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from daemon.disk import RealDisk
from daemon.floor import FloorState
from daemon.journal.records import Conflated, Record, Snapshot, Taped
from daemon.state import JOURNAL_NAME
from tests.acceptance.daemons import Daemon
from tests.live.processes import venue
from tests.live.tape import generated, stream_of
from tests.real_children import offspring
from tests.simulation.live_world import counted, ends_of
from tests.simulation.world import fills_of, steps_of, wire_ids_of
from trading.timestamps import SECOND

HEAD = """
mode: paper
account: {currency: USD, cash: "100000000"}
feed:
  kind: live
  adapter: "tests.live.adapter:WebsocketFeed"
  options: {url: "URL"}
  at_end: exit
  symbols: {SYMBOLS}
broker: {kind: simulated, commission: {kind: percent, percent: "0.1"}}
instruments:
  BTCUSDT: {kind: crypto, tick_size: "0.01", lot_size: "0.001"}
  ETHUSDT: {kind: crypto, tick_size: "0.01", lot_size: "0.001"}
journal: {snapshot_every_events: 3000}
strategies:
"""
BOTH = "BTCUSDT: {quotes: true, trades: true, bars: 1s}, ETHUSDT: {quotes: true, trades: true, bars: 1s}"
BITCOIN = "BTCUSDT: {quotes: true, trades: true}, ETHUSDT: {trades: true}"
CONFLATED = r'(?m)^bulkhead_quotes_conflated_total\{strategy="(\w+)"\} (\S+)$'
RECORDED = "binance_raw_ws_2024_08/spot_btcusdt_20240808.gz"


def a_strategy(name: str, cls: str, *, more: str = "", **params: Any) -> str:
    values = ", ".join(f"{key}: {value}" for key, value in params.items())
    return f'  - {{id: {name}, class: "{cls}", params: {{{values}}}, capital: "1000000", timeframe: 1s{more}}}\n'


def counting(name: str, *, more: str = "", **params: Any) -> str:
    given = {"symbols": "[BTCUSDT, ETHUSDT]", "bars_of": "1s", **params}
    return a_strategy(name, "tests.simulation.counting:Counts", more=more, **given)


def traders(*, quantity: str) -> list[str]:
    """Two in processes of their own and two in the daemon's."""
    maker: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "tick_size": '"0.01"',
        "quantity": f'"{quantity}"',
        "half_spread_ticks": 1,
    }
    average: dict[str, Any] = {"symbol": "BTCUSDT", "fast": 2, "slow": 3, "quantity": f'"{quantity}"'}
    return [
        a_strategy("maker", "strategies.market_maker:MarketMaker", **maker),
        a_strategy("sma", "strategies.sma_cross:SmaCross", **average),
        a_strategy("maker-task", "strategies.market_maker:MarketMaker", more=", isolation: task", **maker),
        a_strategy("sma-task", "strategies.sma_cross:SmaCross", more=", isolation: task", **average),
    ]


@contextmanager
def a_daemon(folder: Path, address: str, *strategies: str, symbols: str = BOTH) -> Iterator[Daemon]:
    """A daemon that has not started; none is left running."""
    text = HEAD.replace("URL", address).replace("SYMBOLS", symbols) + "".join(strategies)
    daemon = Daemon(folder, text.replace("{", "{{").replace("}", "}}"))
    try:
        yield daemon
    finally:
        if daemon.process is not None:
            daemon.end(signal.SIGKILL)


def records(daemon: Daemon) -> list[Record]:
    return [entry.record for group in daemon.groups() for entry in group.entries]


def tape(daemon: Daemon) -> Counter[str]:
    """What came, by kind."""
    taped = (one for record in records(daemon) if isinstance(record, Taped) for one in record.inputs)
    return Counter(type(one).__name__ for one in taped)


def conflated(daemon: Daemon) -> Counter[str]:
    """How many quotes the journal says were left out, by strategy."""
    counts: Counter[str] = Counter()
    for record in records(daemon):
        if isinstance(record, Conflated):
            counts[record.strategy] += len(record.events)
    return counts


def counts(daemon: Daemon, strategy: str) -> dict[str, int]:
    """What a strategy had counted at the end."""
    *_, snapshot = (record for record in records(daemon) if isinstance(record, Snapshot))
    return counted(msgspec.msgpack.decode(snapshot.state, type=FloorState), strategy)


def assert_sound(daemon: Daemon) -> None:
    """The journal is whole and repeats itself exactly, no id of the wire came twice, and the last books balance."""
    verified = daemon.cli("journal", "verify")
    assert verified.returncode == 0, verified
    wire_ids = wire_ids_of(daemon.groups())
    assert len(set(wire_ids)) == len(wire_ids)
    first, *others = asyncio.run(
        ends_of(daemon.plan(), RealDisk(), daemon.state / JOURNAL_NAME, daemon.folder / "logs")
    )
    assert others
    assert all(end == first for end in others)


def assert_balanced(daemon: Daemon) -> None:
    assert daemon.cli_json("account", "show")["balanced"] is True


def test_recorded_frames_are_traded_in_both_isolations(tmp_path: Path, shared: Path) -> None:
    file = shared / "data" / RECORDED
    with (
        venue("--tape", str(file), "--rate=4000", "--per-frame=20", "--gather=1ms") as address,
        a_daemon(tmp_path, address, *traders(quantity="0.01"), symbols=BITCOIN) as daemon,
    ):
        daemon.start().until_ready()
        for _ in range(10):
            assert_balanced(daemon)
        assert daemon.wait() == 0
    assert tape(daemon)["Quote"] + tape(daemon)["Trade"] == 37_797
    by_strategy = Counter(fill.strategy for fill in fills_of(steps_of(daemon.groups())))
    print(dict(by_strategy), dict(conflated(daemon)))
    assert all(by_strategy[name] for name in ("maker", "sma", "maker-task", "sma-task"))
    assert_sound(daemon)


def test_a_daemon_that_is_killed_while_the_venue_goes_on_starts_again_each_time(tmp_path: Path) -> None:
    chance = random.Random(3)
    with (
        venue("--rate=2000", "--bars=1s") as address,
        a_daemon(tmp_path, address, *traders(quantity="1"), counting("counts", buys_every=50)) as daemon,
    ):
        for number in range(7):
            daemon.start().until_ready()
            assert_balanced(daemon)
            while number == 0 and not all(of_all(daemon, "fills").values()):  # averages cross when they cross
                time.sleep(0.1)
            time.sleep(chance.uniform(0.5, 2.5))
            code, _ = daemon.end(signal.SIGTERM if number in {3, 6} else signal.SIGKILL)
            assert code == (0 if number in {3, 6} else -signal.SIGKILL)
            verified = daemon.cli("journal", "verify")
            assert verified.returncode == 0, verified
    fills = Counter(fill.strategy for fill in fills_of(steps_of(daemon.groups())))
    print(dict(fills), dict(tape(daemon)))
    assert all(fills[name] for name in ("maker", "sma", "maker-task", "sma-task", "counts"))
    seen = counts(daemon, "counts")
    assert seen["quotes"] + conflated(daemon)["counts"] == tape(daemon)["Quote"]
    assert (seen["trades"], seen["bars"]) == (tape(daemon)["Trade"], tape(daemon)["Bar"])
    assert_sound(daemon)


def test_processes_that_are_killed_come_back_and_have_missed_nothing(tmp_path: Path) -> None:
    names = ("a", "b", "c")
    often = ", restart: {most: 100}"
    chance = random.Random(5)
    with (
        venue("--rate=2000", "--bars=1s", "--events=20000") as address,
        a_daemon(tmp_path, address, *(counting(name, more=often, buys_every=20) for name in names)) as daemon,
    ):
        daemon.start().until_ready()
        for number in range(10):
            pids = children(daemon)
            assert sorted(pids) == sorted(names)
            os.kill(pids[chance.choice(names)], signal.SIGKILL)
            daemon.until(lambda made=number + 1: sum(of_all(daemon, "restarts").values()) == made)  # type: ignore[misc]
            daemon.until(lambda: len(children(daemon)) == len(names))
            time.sleep(chance.uniform(0, 0.3))
        assert_balanced(daemon)
        assert set(of_all(daemon, "state").values()) == {"running"}
        assert daemon.wait() == 0
    for name in names:
        seen = counts(daemon, name)
        assert seen["quotes"] + conflated(daemon)[name] == tape(daemon)["Quote"]
        assert (seen["trades"], seen["bars"]) == (tape(daemon)["Trade"], tape(daemon)["Bar"])
        assert seen["orders"] > seen["fills"] > 100
    assert_sound(daemon)


def children(daemon: Daemon) -> dict[str, int]:
    """The processes of the strategies, by strategy."""
    assert daemon.process is not None
    forked = (pid for forkserver in offspring(daemon.process.pid) for pid in offspring(forkserver))
    return {Path(f"/proc/{pid}/comm").read_text().strip(): pid for pid in forked}


def of_all(daemon: Daemon, key: str) -> dict[str, Any]:
    """One value of each strategy's view."""
    return {view["id"]: view[key] for view in daemon.client.get("/v1/strategies")}


def test_a_minute_at_twenty_thousand_events_a_second_into_ten_processes_one_of_them_slow(tmp_path: Path) -> None:
    """Quotes are conflated for the slow one, and counted; no bar, no trade and no report is lost anywhere, also where
    the machine takes longer than a minute. One whose process it holds up for a tenth of a second is slow as well, for
    as long; how many quotes each misses is the machine's affair, but for the slow one, which misses most. What comes
    late by that is not to be mistaken for silence."""
    names = [f"c{number}" for number in range(9)]
    fleet = [counting(name, buys_every=5_000) for name in names]
    slow = counting("slow", buys_every=5_000, sleeps_us=1_000)
    begin_ns = time.time_ns()  # noqa: TID251 - where the venue's own clock is
    how = ("--events=1200000", "--rate=20000", "--per-frame=100", "--gather=1ms", "--bars=1s", f"--begin-ns={begin_ns}")
    with venue(*how) as address, a_daemon(tmp_path, address, *fleet, slow) as daemon:
        patient = "at_end: exit\n  health: {quotes: never, trades: never, bars: never}"
        text = daemon.config.read_text().replace("3000", "50000").replace("at_end: exit", patient)
        daemon.config.write_text(text)
        began = time.perf_counter()
        daemon.start().until_ready()
        daemon.until(lambda: daemon.client.get("/v1/status")["feed"]["events"] >= 600_000, 900)
        left_out, (_, metrics) = of_all(daemon, "conflated"), daemon.raw("/metrics")
        assert daemon.cli_json("strategy", "show", "slow")["conflated"] >= left_out["slow"]
        assert daemon.wait(900) == 0
        took = time.perf_counter() - began
    came, missed = tape(daemon), conflated(daemon)
    seen = {name: counts(daemon, name) for name in (*names, "slow")}
    print(f"{took:.1f} s", dict(came), dict(missed), seen["c0"], seen["slow"], sep="\n")
    made = generated(7, ["BTCUSDT", "ETHUSDT"], begin_ns=begin_ns, rate=20_000, bars_ns=SECOND)
    sent = Counter(stream_of(frame).partition("@")[2] for _, frame in islice(made, 1_200_000))
    assert (came["Quote"], came["Trade"]) == (sent["bookTicker"], sent["trade"])
    assert came["Bar"] >= 2 * 55
    assert all(missed[name] < missed["slow"] for name in names)
    shown = {name: float(count) for name, count in re.findall(CONFLATED, metrics)}
    assert all(left_out[name] <= shown[name] <= missed[name] for name in (*names, "slow")), "they go on being missed"
    assert 'bulkhead_container_restarts_total{strategy="slow"} 0.0' in metrics
    fills = Counter(fill.strategy for fill in fills_of(steps_of(daemon.groups())))
    for name, heard in seen.items():
        assert heard["quotes"] == came["Quote"] - missed[name]
        assert (heard["trades"], heard["bars"]) == (came["Trade"], came["Bar"])
        asked = came["Trade"] // 5_000
        assert (heard["fills"], heard["orders"]) == (fills[name], asked + fills[name])
        assert fills[name] > 0, "but for what is ordered once the last quote is used up, which waits for the next"
