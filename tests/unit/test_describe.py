"""The process that describes strategies, as it really runs; and how its caller finds a culprit."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.describe import answer
from daemon.descriptions import (
    READY,
    Answer,
    Description,
    Entry,
    Flaw,
    Parameter,
    Request,
    Undescribed,
    describe,
    start_request,
)
from daemon.errors import ProcessNotStarted
from daemon.processes import SystemProcesses
from tests.simulation.processes import Ended, Hung, SimulatedProcesses
from trading.commands import ScheduleTimer
from trading.subscriptions import DataKind, Subscription
from trading.timestamps import HOUR, MINUTE

TREE = Path(__file__).resolve().parents[2]
NOON_NS = 1_767_614_400_000_000_000
STRATEGIES = '''
import os
from decimal import Decimal
from trading.strategy import Strategy

print("imported")

class Good(Strategy):
    """Buys what is cheap.

    And holds it.
    """

    symbol: str
    period: int = 14
    size: Decimal = Decimal("1.5")

    def start(self):
        print("started")
        self.schedule("rebalance", every="1h")

    def on_bar(self, bar):
        pass

class Choosy(Strategy):
    def start(self):
        self.subscribe("AAA", bars="5m", quotes=True, warmup=20)

class Raises(Strategy):
    def start(self):
        self.half = 1 / 0

class Holds(Strategy):
    def start(self):
        self.file = open(os.devnull)

class Trades(Strategy):
    symbol: str

    def start(self):
        self.buy(self.symbol, 1)

class Declares(Strategy):
    symbols: list[str] = []

class Ends(Strategy):
    def start(self):
        os._exit(3)

class Looks(Strategy):
    def start(self):
        raise LookupError(sorted(name for name in os.environ if "KEY" in name or name.startswith("BULKHEAD")))

class Hangs(Strategy):
    def start(self):
        while True:
            pass
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(STRATEGIES)
    return tmp_path


def entry(cls: str, **params: Any) -> Entry:
    return Entry(
        id=cls.lower(),
        reference=f"mine.py:{cls}",
        params=params,
        capital={"USD": Decimal(1000)},
        timeframe_ns=MINUTE,
        warmup=30,
    )


def ask(folder: Path, *entries: Entry, deadline_seconds: float = 60.0) -> list[Answer]:
    request = start_request(folder, NOON_NS, {}, entries)
    request = msgspec.structs.replace(request, deadline_seconds=deadline_seconds)
    return describe(request, SystemProcesses(), os.environ)


def flaw(cls: str, message: str) -> Undescribed:
    return Undescribed(id=cls.lower(), flaws=[Flaw(path=("class",), message=message)])


def test_a_strategy_is_described_by_its_class_and_its_start_whatever_it_prints(folder: Path) -> None:
    assert ask(folder, entry("Good", symbol="AAA", size="2"), entry("Choosy")) == [
        Description(
            id="good",
            name="Good",
            doc="Buys what is cheap.\n\nAnd holds it.",
            file=str(folder / "mine.py"),
            parameters=[
                Parameter(name="symbol", type="str", required=True, default=None, value="AAA"),
                Parameter(name="period", type="int", required=False, default=14, value=14),
                Parameter(name="size", type="Decimal", required=False, default="1.5", value="2"),
            ],
            subscriptions=[Subscription(symbol="AAA", kind=DataKind.BARS, interval_ns=MINUTE, warmup=30)],
            timers=[ScheduleTimer(strategy="good", n=1, name="rebalance", at_ns=NOON_NS + HOUR, every_ns=HOUR)],
        ),
        Description(
            id="choosy",
            name="Choosy",
            doc="",
            file=str(folder / "mine.py"),
            parameters=[],
            subscriptions=[
                Subscription(symbol="AAA", kind=DataKind.BARS, interval_ns=5 * MINUTE, warmup=20),
                Subscription(symbol="AAA", kind=DataKind.QUOTES),
            ],
            timers=[],
        ),
    ]


def test_what_is_wrong_with_each_strategy_is_told_with_its_line(folder: Path) -> None:
    wrong = [entry(cls) for cls in ("Raises", "Holds", "Nowhere")]
    assert ask(folder, *wrong, entry("Trades", symbol="AAA")) == [
        flaw("Raises", "start() raised ZeroDivisionError: division by zero (mine.py:31)"),
        flaw(
            "Holds",
            "self.file: _io.TextIOWrapper cannot be kept over a restart; keep what it is made of, or a class of the"
            " strategy's module with state() and restore()",
        ),
        flaw(
            "Nowhere",
            "mine.py has no 'Nowhere'; its strategies: Good, Choosy, Raises, Holds, Trades, Declares, Ends, Looks,"
            " Hangs",
        ),
        flaw(
            "Trades",
            "start() raised StrategyMisuse: no orders in start(); wait for the first event (mine.py:41)",
        ),
    ]


def test_each_wrong_parameter_is_told_with_its_value_or_the_name_that_may_be_meant(folder: Path) -> None:
    wrong, declares = ask(folder, entry("Good", symbl="AAA", period="many", size=True), entry("Declares"))
    assert isinstance(wrong, Undescribed)
    assert {flaw.path: flaw.message for flaw in wrong.flaws} == {
        ("params", "symbol"): "is missing",
        ("params", "symbl"): "no such parameter; it has symbol, period, size; did you mean 'symbol'?",
        ("params", "period"): "Expected int, got str ('many')",
        ("params", "size"): "Expected decimal, got bool (True)",
    }
    assert declares == Undescribed(
        id="declares",
        flaws=[Flaw(path=("params", "symbols"), message="a mutable default is shared by all; use a tuple or start()")],
    )


def test_one_that_ends_the_process_and_one_that_hangs_are_named_and_the_others_described(folder: Path) -> None:
    good, ends, hangs = ask(folder, entry("Good", symbol="AAA"), entry("Ends"), entry("Hangs"), deadline_seconds=4.0)
    assert isinstance(good, Description)
    assert ends == flaw("Ends", "its import or start() ended the process (exit code 3)")
    assert isinstance(hangs, Undescribed)
    assert hangs.flaws[0].message.startswith("its import or start() hangs: no answer within 4 s; it was at mine.py:")


def test_a_process_that_fails_before_any_strategy_runs_blames_none(folder: Path) -> None:
    def broken(_given: bytes) -> bytes:
        raise Ended(1, errors=b"Traceback...\nImportError: no module named msgspec\n")

    request = start_request(folder, NOON_NS, {}, [entry("Good", symbol="AAA")])
    with pytest.raises(
        ProcessNotStarted, match=r"failed \(exit code 1\) before it began: ImportError: no module named"
    ):
        describe(request, SimulatedProcesses({"daemon.describe": broken}), {})


def test_entries_are_asked_alone_only_when_together_they_fail(folder: Path) -> None:
    def dies_of_bad(given: bytes) -> bytes:
        request = msgspec.msgpack.decode(given, type=Request)
        if any(entry.id == "raises" for entry in request.entries):
            raise Hung(READY)
        return READY + msgspec.msgpack.encode(answer(request))

    processes = SimulatedProcesses({"daemon.describe": dies_of_bad})
    request = start_request(folder, NOON_NS, {}, [entry("Choosy"), entry("Raises")])
    choosy, raises = describe(request, processes, {})
    assert isinstance(choosy, Description)
    assert raises == flaw("Raises", "its import or start() hangs: no answer within 10 s")
    assert [len(msgspec.msgpack.decode(given)["entries"]) for given in processes.given] == [2, 1, 1]
    describe(msgspec.structs.replace(request, entries=[entry("Choosy"), entry("Choosy")]), processes, {})
    assert len(processes.given) == 4


def test_the_process_has_none_of_the_callers_secrets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "BULKHEAD_STATE"):
        monkeypatch.setenv(name, "secret")
    (looked,) = ask(folder, entry("Looks"))
    assert isinstance(looked, Undescribed)
    assert "LookupError: []" in looked.flaws[0].message


def test_no_strategies_need_no_process(folder: Path) -> None:
    assert describe(start_request(folder, NOON_NS, {}, []), SimulatedProcesses({}), {}) == []


def test_the_process_imports_neither_the_settings_library_nor_the_server() -> None:
    code = "import daemon.describe, sys; print(sorted({'pydantic', 'aiohttp', 'yaml', 'asyncio'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TREE)
    assert ran.stdout == "[]\n"
