"""The command line against the real server on a real socket."""

import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from daemon.api.views import HealthView
from daemon.cli import COMMANDS, main
from daemon.cli.tables import shortened
from daemon.disk import RealDisk
from daemon.journal.log import Journal
from daemon.journal.reader import JournalReader
from daemon.journal.records import Opened
from daemon.killswitch.flag import HaltFlag
from daemon.loading import load_class
from daemon.state import HALT_NAME, JOURNAL_NAME, LOCK_NAME, LOGS_NAME, SOCKET_NAME
from daemon.version import VERSION
from tests.simulation.clock import SimulatedClock
from tests.simulation.operations import OperationsInMemory
from tests.simulation.serving import served
from tests.simulation.venue_operations import FOREIGN
from trading.postings import PostingKind

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "cli"

Bulkhead = Callable[..., Result]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def operations() -> OperationsInMemory:
    filled = OperationsInMemory()
    filled.buy("sma-aaa", 100, "100.07")
    filled.buy("maker", 5, "99.5", fill=False)
    return filled


@pytest.fixture
def bulkhead(state: Path, monkeypatch: pytest.MonkeyPatch) -> Bulkhead:
    """The command, in an empty folder, with the state named in the environment."""
    monkeypatch.chdir(state.parent)
    monkeypatch.setenv("BULKHEAD_STATE", str(state))
    return lambda *words, **options: CliRunner().invoke(main, [str(word) for word in words], **options)


@pytest.fixture
def running(operations: OperationsInMemory, state: Path) -> Iterator[OperationsInMemory]:
    with served(operations, state / SOCKET_NAME):
        yield operations


# What it shows.

SHOWN = {
    "status": ("status",),
    "performance": ("performance",),
    "performance-one": ("performance", "sma-aaa"),
    "strategy-list": ("strategy", "list"),
    "strategy-show": ("strategy", "show", "sma-aaa"),
    "orders": ("orders",),
    "order-show": ("order", "show", "sma-aaa-1"),
    "reconcile": ("reconcile",),
    "reconcile-plan": ("reconcile", "--plan"),
    "positions": ("positions",),
    "fills": ("fills",),
    "account-show": ("account", "show"),
    "account-postings": ("account", "postings"),
    "breaker-list": ("breaker", "list"),
}


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.usefixtures("running")
def test_what_is_shown_is_as_in_the_golden_file(bulkhead: Bulkhead, name: str, form: str) -> None:
    shown = bulkhead(*SHOWN[name], "-o", form)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert_golden(f"{name}.{form}", shown.stdout)


def assert_golden(name: str, text: str) -> None:
    """Compare with a golden file; BULKHEAD_GOLDEN=write writes it instead, for a look at the difference in git."""
    file = GOLDEN / name
    if os.environ.get("BULKHEAD_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert text == file.read_text()


def test_what_is_not_ready_says_why_a_line_each(
    bulkhead: Bulkhead, running: OperationsInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = ["feed_stale: no quotes of AAA for 30.1 s", "halted: drill"]
    health = HealthView(live=True, ready=False, reasons=reasons, alarms=[])
    monkeypatch.setattr(running, "health", lambda: health)
    assert_golden("status-not-ready.table", bulkhead("status").stdout)
    assert json.loads(bulkhead("status", "-o", "json").stdout)["reasons"] == reasons


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.usefixtures("running")
def test_yaml_says_what_json_says(bulkhead: Bulkhead, name: str) -> None:
    as_yaml, as_json = (bulkhead(*SHOWN[name], "-o", form).stdout for form in ("yaml", "json"))
    assert yaml.safe_load(as_yaml) == json.loads(as_json)


@pytest.mark.parametrize("name", ["strategy-list", "orders", "positions", "fills"])
@pytest.mark.usefixtures("running")
def test_a_list_is_a_bare_array(bulkhead: Bulkhead, name: str) -> None:
    assert isinstance(json.loads(bulkhead(*SHOWN[name], "-o", "json").stdout), list)


@pytest.mark.usefixtures("running")
def test_headers_can_be_left_out(bulkhead: Bulkhead) -> None:
    bare, whole = (bulkhead("fills", *words).stdout.splitlines() for words in (["--no-headers"], []))
    assert [line.split() for line in bare] == [line.split() for line in whole[1:]]


@pytest.mark.usefixtures("running")
def test_orders_can_be_narrowed(bulkhead: Bulkhead) -> None:
    shown = bulkhead("orders", "--open", "--strategy", "maker", "--limit", "1", "-o", "json")
    assert [order["order_id"] for order in json.loads(shown.stdout)] == ["maker-2"]


def test_watching_shows_again_until_it_is_interrupted(
    operations: OperationsInMemory, state: Path, bulkhead: Bulkhead, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) >= 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("daemon.cli.printing.sleep", nap)
    with served(operations, state / SOCKET_NAME):
        shown = bulkhead("positions", "-o", "json", "--watch", "0.5")
    assert (shown.exit_code, naps) == (0, [0.5, 0.5, 0.5])
    assert len([json.loads(line) for line in shown.stdout.splitlines()]) == 3


def test_postings_are_listed_with_cash_and_units(bulkhead: Bulkhead, running: OperationsInMemory) -> None:
    running.post("sma-aaa", PostingKind.FUNDING, "-3.35", symbol="AAA")
    running.post("unallocated", PostingKind.DEPOSIT, "500.00")
    listed = bulkhead("account", "postings", "--strategy", "sma-aaa")
    assert listed.stdout.splitlines()[1].split() == [
        *("2026-01-05", "14:31:30", "sma-aaa", "funding", "AAA", "0", "-3.35", "USD", "0", "-", "USD", "-")
    ]
    assert len(json.loads(bulkhead("account", "postings", "-o", "json").stdout)) == 2


def test_a_margin_account_shows_margin_and_balances_in_columns_of_their_own(
    bulkhead: Bulkhead, running: OperationsInMemory
) -> None:
    running.on_margin = True
    assert_golden("account-show-margin.table", bulkhead("account", "show").stdout)
    assert bulkhead("positions").stdout.splitlines()[0].split()[-1] == "MARGIN"
    assert bulkhead("strategy", "show", "sma-aaa").stdout.splitlines()[-1].split()[-1] == "1000.70"


def test_income_is_shown_by_kind(bulkhead: Bulkhead, running: OperationsInMemory) -> None:
    running.post("sma-aaa", PostingKind.FUNDING, "-3.35", symbol="AAA")
    assert re.search(r"^funding +-3.35 USD$", bulkhead("strategy", "show", "sma-aaa").stdout, re.MULTILINE)


@pytest.mark.parametrize("words", [(), ("sma-aaa",)])
def test_performance_is_asked_from_a_time_on(
    bulkhead: Bulkhead, running: OperationsInMemory, words: tuple[str, ...]
) -> None:
    shown = bulkhead("performance", *words, "--since", "2026-01-05T16:30+01:00")
    assert (shown.exit_code, "2026-01-05 15:30:00 to 2026-01-05 14:31:07" in shown.stdout) == (0, True)
    assert running.since_ns == 1_767_627_000 * 10**9


@pytest.mark.parametrize(
    ("since", "why"),
    [("yesterday", "is no date and time such as"), ("2026-01-05T15:30", "has no time zone; append Z")],
)
def test_a_time_that_is_none_is_exit_code_2(bulkhead: Bulkhead, since: str, why: str) -> None:
    told = bulkhead("performance", "--since", since)
    assert (told.exit_code, why in told.stderr) == (2, True)


def test_the_table_of_performance_fits_a_terminal_with_millions(bulkhead: Bulkhead, state: Path) -> None:
    with served(OperationsInMemory(("mean-reverts-10", "trends")), state / SOCKET_NAME):
        lines = bulkhead("performance").stdout.splitlines()[:4]
    shown = (max(len(line.split()[place]) for line in lines) for place in (1, 2, 3, 10))
    millions = sum(len(amount) for amount in ("1234567.89", "1234567.89", "-1234567.89", "123456.78"))
    assert len(lines[0]) - sum(shown) + millions <= 120


def test_an_unbalanced_account_is_said_aloud(bulkhead: Bulkhead, running: OperationsInMemory) -> None:
    running.broker_cash += 1
    assert "NOT BALANCED at event 1234" in bulkhead("account", "show").stdout


# What it does.


def test_halt_and_resume_talk_on_stderr_alone(bulkhead: Bulkhead, running: OperationsInMemory, state: Path) -> None:
    halted = bulkhead("halt", "--cancel-orders", "--reason", "drill")
    assert (halted.exit_code, halted.stdout, running.halt_reason) == (0, "", "drill")
    assert not running.all_orders[1].is_open
    assert halted.stderr == "halted: no order leaves until `bulkhead resume`\n"
    flag = HaltFlag(state / HALT_NAME)
    assert flag.clear(flag.look()), "as a daemon does when it resumes"
    resumed = bulkhead("resume")
    assert (resumed.exit_code, resumed.stdout, running.halt_reason) == (0, "", None)


def test_money_is_paid_in_moved_and_paid_out(bulkhead: Bulkhead, running: OperationsInMemory) -> None:
    done = [
        bulkhead("account", "deposit", "500"),
        bulkhead("account", "transfer", "--from", "unallocated", "--to", "maker", "120.50", "--currency", "USD"),
        bulkhead("account", "withdraw", "79.50", "--reason", "rent"),
    ]
    assert [(one.exit_code, one.stdout) for one in done] == [(0, "")] * 3
    assert [one.stderr for one in done] == [
        "deposited 500.00 USD: it is unallocated\n",
        "transferred 120.50 USD from unallocated to maker\n",
        "withdrew 79.50 USD\n",
    ]
    books = running.account()
    assert (books.unallocated.cash, books.books["maker"].cash["USD"]) == ({"USD": Decimal(300)}, Decimal("25120.50"))


def test_a_position_is_moved_by_its_symbol(bulkhead: Bulkhead, running: OperationsInMemory) -> None:
    words = ("account", "transfer", "--from", "sma-aaa", "--to", "maker", "10", "--symbol", "AAA")
    at_a_price, at_the_last = bulkhead(*words, "--price", "99.5"), bulkhead(*words)
    assert at_a_price.stderr == "transferred 10 AAA at 99.5 USD from sma-aaa to maker\n"
    assert at_the_last.stderr == "transferred 10 AAA at 100.07 USD from sma-aaa to maker\n"
    assert running.moved == ("sma-aaa", "maker", Decimal(10), "", "AAA", None, "asked on the command line")


TRANSFER = ("account", "transfer", "--to", "maker", "--from")


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("account", "withdraw", "1"), 1, "unallocated has 0 USD; 1 of that cannot be moved"),
        ((*TRANSFER, "sma-aaa", "99999"), 1, "sma-aaa has 14992.00 USD; 99999 of that cannot be moved"),
        ((*TRANSFER, "sma-aa", "1"), 4, "did you mean 'sma-aaa'?"),
        (("account", "deposit", "much"), 2, "'much' is no number"),
        (("account", "deposit", "0"), 2, "0 is not above zero"),
        (("account", "deposit", "--", "-5"), 2, "-5 is not above zero"),
        (("account", "deposit", "nan"), 2, "nan is not above zero"),
        (("account", "transfer", "--to", "maker", "1"), 2, "Missing option '--from'"),
        ((*TRANSFER, "sma-aaa", "1", "--price", "5"), 2, "name its --symbol"),
        ((*TRANSFER, "sma-aaa", "1", "--symbol", "AAA", "--price", "x"), 2, "'x' is no number"),
        ((*TRANSFER, "sma-aaa", "1", "--symbol", "AAA", "--currency", "USD"), 2, "name one of them"),
    ],
)
def test_what_cannot_be_moved_is_told_in_words(bulkhead: Bulkhead, words: tuple[str, ...], code: int, why: str) -> None:
    told = bulkhead(*words)
    assert (told.exit_code, told.stdout) == (code, "")
    assert why in told.stderr


def test_an_order_in_doubt_is_shown_and_resolved(bulkhead: Bulkhead, running: OperationsInMemory) -> None:
    running.venue.lose(running.all_orders[1])
    assert_golden("order-show-in-doubt.table", bulkhead("order", "show", "maker-2").stdout)
    assert "in doubt  maker-2" in bulkhead("reconcile", "--plan").stdout
    words = ("--cancelled", "--filled", "2", "--price", "99.5", "--reason", "the venue's own page")
    done = bulkhead("order", "resolve", "maker-2", *words)
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "order maker-2 is cancelled, with 2 filled\n"
    told = json.loads(bulkhead("order", "show", "maker-2", "-o", "json").stdout)
    assert told["attempt"]["evidence"] == "operator: the venue's own page"


def test_an_order_is_withdrawn(bulkhead: Bulkhead, running: OperationsInMemory) -> None:
    done = bulkhead("order", "cancel", "maker-2", "-o", "json")
    assert done.stderr == "cancel of order maker-2 is on its way: it is pending cancel\n"
    assert (json.loads(done.stdout)["state"], running.all_orders[1].state) == ("pending_cancel", "pending_cancel")


def test_what_is_nobodys_is_given_to_a_strategy(bulkhead: Bulkhead, running: OperationsInMemory) -> None:
    units = bulkhead("account", "adopt", "maker", "--symbol", "AAA", "--units", "2", "--price", "99.5")
    whole = bulkhead("account", "adopt", "maker", "--order", FOREIGN)
    assert (units.exit_code, units.stdout, whole.exit_code, whole.stdout) == (0, "", 0, "")
    assert units.stderr == "gave 2 AAA at 99.5 USD to maker\n"
    assert whole.stderr == f"gave order {FOREIGN} to maker, as maker-v{FOREIGN}\n"
    assert running.all_orders[0].terms.strategy == "sma-aaa", "this daemon has no books of it"


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("order", "show", "maker-9"), 1, "no order 'maker-9'"),
        (("order", "show", "../status"), 1, "no order '../status'"),
        (("order", "cancel", "sma-aaa-1"), 1, "order sma-aaa-1 is filled; only one that may still fill is cancelled"),
        (("order", "cancel", "maker-9"), 1, "no order 'maker-9'"),
        (("order", "resolve", "maker-2", "--cancelled"), 2, "Missing option '--reason'"),
        (("order", "resolve", "maker-2", "--reason", "x"), 2, "say what became of it"),
        (("order", "resolve", "maker-2", "--reason", "x", "--cancelled", "--never-arrived"), 2, "name one of them"),
        (("order", "resolve", "maker-2", "--reason", "x", "--never-arrived", "--filled", "1"), 2, "say --cancelled"),
        (("order", "resolve", "maker-2", "--reason", "x", "--filled", "all"), 2, "'all' is no number"),
        (("order", "resolve", "maker-2", "--reason", "x", "--cancelled"), 1, "only one in doubt is resolved by hand"),
        (("account", "adopt", "maker"), 2, "a --symbol, or an --order"),
        (("account", "adopt", "maker", "--symbol", "AAA", "--order", "1"), 2, "a --symbol, or an --order"),
        (("account", "adopt", "maker", "--order", "1", "--units", "1"), 2, "are of a position"),
        (("account", "adopt", "maker", "--order", "1"), 1, "no order 1 works that is nobody's"),
        (("account", "adopt", "make", "--symbol", "AAA"), 4, "did you mean 'maker'?"),
    ],
)
def test_what_cannot_be_done_about_orders_is_told_in_words(
    bulkhead: Bulkhead, words: tuple[str, ...], code: int, why: str
) -> None:
    told = bulkhead(*words)
    assert (told.exit_code, told.stdout) == (code, "")
    assert why in told.stderr


@pytest.mark.parametrize("words", [(), ("--plan",)])
def test_there_is_nothing_to_reconcile_on_paper(
    bulkhead: Bulkhead, running: OperationsInMemory, words: tuple[str, ...]
) -> None:
    running.venue.is_simulated = True
    told = bulkhead("reconcile", *words)
    assert (told.exit_code, told.stdout) == (1, "")
    assert "the market is simulated here; there is nothing to reconcile" in told.stderr


def test_a_venue_that_tells_nothing_is_exit_code_1(bulkhead: Bulkhead, running: OperationsInMemory) -> None:
    running.venue.is_silent = True
    told = bulkhead("reconcile")
    assert (told.exit_code, "nothing is decided" in told.stderr) == (1, True)


def test_a_breaker_is_shown_and_closed(bulkhead: Bulkhead, running: OperationsInMemory) -> None:
    running.open_scopes |= {"maker", "venue"}
    assert_golden("breaker-list-open.table", bulkhead("breaker", "list").stdout)
    done = bulkhead("breaker", "reset", "maker", "--reason", "looked at")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "circuit breaker of maker is closed\n")
    assert running.open_scopes == {"venue"}
    as_json = bulkhead("breaker", "reset", "venue", "-o", "json")
    assert json.loads(as_json.stdout)["state"] == "closed"


@pytest.mark.usefixtures("running")
def test_a_scope_that_there_is_not_is_exit_code_4(bulkhead: Bulkhead) -> None:
    told = bulkhead("breaker", "reset", "mak")
    assert (told.exit_code, "did you mean 'maker'?" in told.stderr) == (4, True)


def test_reset_puts_the_state_aside_and_a_second_one_finds_nothing(bulkhead: Bulkhead, state: Path) -> None:
    (state / LOCK_NAME).touch()
    (state / "journal").mkdir()
    done, again = bulkhead("reset", "--paper", "--yes"), bulkhead("reset", "--paper", "--yes")
    archived = [folder for folder in state.parent.iterdir() if folder.name.startswith("state.archived-")]
    assert (done.exit_code, again.exit_code, state.exists()) == (0, 0, False)
    assert [(folder / "journal").is_dir() for folder in archived] == [True]
    assert "nothing to reset" in again.stderr


def begun(state: Path, mode: str) -> None:
    """A state with the journal of one life."""
    (state / LOCK_NAME).touch()
    began = Opened(epoch=1, opened_ns=0, build="", mode=mode, tape={}, fleet={})
    reader = JournalReader(RealDisk(), state / JOURNAL_NAME)
    Journal(reader, began, clock=SimulatedClock(), durability="process").close()


@pytest.mark.parametrize("is_damaged", [False, True])
def test_the_state_of_a_live_account_is_never_put_aside(bulkhead: Bulkhead, state: Path, is_damaged: bool) -> None:
    begun(state, "live")
    HaltFlag(state / HALT_NAME).prepare()
    HaltFlag(state / HALT_NAME).set("drill")
    if is_damaged:
        (segment,) = (state / JOURNAL_NAME).iterdir()
        whole = segment.read_bytes().rstrip(b"\0")
        segment.write_bytes(whole + b"nonsense" + whole)
    before = {file: file.read_bytes() for file in state.rglob("*") if file.is_file()}
    told = bulkhead("reset", "--paper", "--yes")
    assert (told.exit_code, told.stdout) == (1, "")
    assert f"this state is of a live account: its journal {state / JOURNAL_NAME} says so" in told.stderr
    assert "cancel and close at the venue" in told.stderr
    assert before == {file: file.read_bytes() for file in state.rglob("*") if file.is_file()}


def test_a_live_config_keeps_its_state_too(bulkhead: Bulkhead, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(state, "paper")
    (state.parent / "config.yaml").write_text("mode: paper\n")
    monkeypatch.setenv("BULKHEAD_MODE", "live")
    told = bulkhead("reset", "--paper", "--yes")
    assert (told.exit_code, state.exists()) == (1, True)
    assert "this state is of a live account: config.yaml, with what the environment lays over it" in told.stderr
    monkeypatch.delenv("BULKHEAD_MODE")
    assert (bulkhead("reset", "--paper", "--yes").exit_code, state.exists()) == (0, False)


def test_reset_asks_and_leaves_it_at_a_no(bulkhead: Bulkhead, state: Path) -> None:
    (state / LOCK_NAME).touch()
    assert bulkhead("reset", "--paper", input="n\n").exit_code == 1
    assert state.exists()


def test_reset_needs_to_hear_that_it_is_paper(bulkhead: Bulkhead) -> None:
    assert bulkhead("reset", "--yes").exit_code == 2


def test_reset_is_refused_while_a_daemon_runs(bulkhead: Bulkhead, state: Path) -> None:
    lock = RealDisk().lock(state / LOCK_NAME, 4711)
    refused = bulkhead("reset", "--paper", "--yes")
    lock.release()
    assert (refused.exit_code, state.exists()) == (1, True)
    assert "another daemon (process 4711)" in refused.stderr


def test_a_folder_that_no_daemon_used_is_never_moved(bulkhead: Bulkhead, state: Path) -> None:
    (state / "letters.txt").write_text("mine")
    bulkhead("reset", "--paper", "--yes")
    assert (state / "letters.txt").read_text() == "mine"


def test_a_new_strategy_is_written_once(bulkhead: Bulkhead, tmp_path: Path) -> None:
    written, again = (bulkhead("new", "strategy", "MyCross", "--path", "mine") for _ in range(2))
    assert (written.exit_code, written.stdout) == (0, "mine/my_cross.py\n")
    assert "class MyCross(Strategy):" in (tmp_path / "mine" / "my_cross.py").read_text()
    assert 'class: "mine/my_cross.py:MyCross"' in written.stderr
    assert (again.exit_code, "exists already" in again.stderr) == (1, True)


def test_a_new_strategy_is_formatted_and_typed(bulkhead: Bulkhead, tmp_path: Path) -> None:
    bulkhead("new", "strategy", "my-cross")
    file = tmp_path / "my_cross.py"
    for tool in (
        ["ruff", "check", "--no-cache", "--ignore=INP001"],
        ["ruff", "format", "--check", "--no-cache"],
        ["mypy", "--strict", "--follow-imports=silent"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *tool, str(file)], check=False, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_strategy_can_be_loaded(bulkhead: Bulkhead, tmp_path: Path) -> None:
    bulkhead("new", "strategy", "my_cross")
    loaded = load_class("my_cross.py:MyCross", tmp_path)
    assert loaded.parameters_type().__struct_fields__ == ("symbol", "fast", "slow", "quantity")


@pytest.mark.parametrize("name", ["../escape", "1st", "class", "my cross", ""])
def test_a_name_that_no_class_can_have_is_wrong_usage(bulkhead: Bulkhead, tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.iterdir())
    assert bulkhead("new", "strategy", name).exit_code == 2
    assert sorted(tmp_path.iterdir()) == before


def test_the_schema_is_json_and_names_the_keys(bulkhead: Bulkhead) -> None:
    described = json.loads(bulkhead("schema").stdout)
    assert {"mode", "state", "account", "feed", "broker", "instruments", "strategies"} <= set(described["properties"])


CONFIG = """\
account: {currency: USD, cash: "100000"}
feed: {kind: synthetic, symbols: {AAA: {price: "100"}}}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}
strategies:
  - {id: mine, class: "mine/my_cross.py:MyCross", params: {symbol: AAA, fast: 5}, capital: "10000", isolation: task}
"""


def test_a_config_with_a_new_strategy_passes_the_check_and_is_told(bulkhead: Bulkhead, tmp_path: Path) -> None:
    bulkhead("new", "strategy", "MyCross", "--path", "mine")
    (tmp_path / "config.yaml").write_text(CONFIG)
    in_words, told = bulkhead("check"), json.loads(bulkhead("check", "-o", "json").stdout)
    assert (in_words.exit_code, "symbol=AAA, fast=5, slow=30, quantity=100" in in_words.stdout) == (0, True)
    assert re.search(r"^emulated +nothing: the venue lacks no kind of order$", in_words.stdout, re.MULTILINE)
    assert told["emulated"] == []
    assert re.search(r"^account +cash, 100000 USD$", in_words.stdout, re.MULTILINE)
    assert re.search(r" 10000 USD +symbol=AAA", in_words.stdout)
    assert [told[key] for key in ("account", "leverage", "currency", "cash")] == [
        "cash",
        None,
        "USD",
        {"USD": "100000"},
    ]
    assert told["state"] == str(tmp_path / "state")
    assert told["strategies"] == [
        {
            "id": "mine",
            "class": "mine/my_cross.py:MyCross",
            "isolation": "task",
            "capital": {"USD": "10000"},
            "params": {"symbol": "AAA", "fast": 5, "slow": 30, "quantity": "100"},
            "subscriptions": ["AAA bars 1m"],
        }
    ]


def test_the_check_tells_the_kind_of_the_account_its_leverage_and_its_cash_by_currency(
    bulkhead: Bulkhead, tmp_path: Path
) -> None:
    bulkhead("new", "strategy", "MyCross", "--path", "mine")
    text = CONFIG.replace("currency: USD", "kind: margin, leverage: 30, currency: USD")
    text = text.replace('cash: "100000"', 'cash: {USD: "100000", EUR: 5}').replace(
        'capital: "10000"', "capital: {EUR: 5}"
    )
    text = text.replace('AAA: {price: "100"}', 'AAA: {price: "100"}, EURUSD: {price: "100"}')
    pair = 'EURUSD: {kind: fx, base: EUR, tick_size: "0.01", lot_size: "1"}'
    (tmp_path / "config.yaml").write_text(text.replace('lot_size: "1"}}', f'lot_size: "1"}}, {pair}}}'))
    in_words, told = bulkhead("check"), json.loads(bulkhead("check", "-o", "json").stdout)
    assert re.search(r"^account +margin, leverage 30, 100000 USD, 5 EUR$", in_words.stdout, re.MULTILINE)
    assert [told[key] for key in ("account", "leverage", "currency", "cash")] == [
        "margin",
        "30",
        "USD",
        {"USD": "100000", "EUR": "5"},
    ]
    assert told["strategies"][0]["capital"] == {"EUR": "5"}


def test_the_check_of_an_account_on_margin_is_as_in_the_golden_files(bulkhead: Bulkhead, tmp_path: Path) -> None:
    """Something of every kind, all that holding it brings or costs, and the files of that."""
    bulkhead("new", "strategy", "MyCross", "--path", "mine")
    (tmp_path / "config.yaml").write_text((GOLDEN / "check-account.yaml").read_text())
    (tmp_path / "shares.csv").write_text("date,kind,value\n2026-01-06,dividend,0.82\n2026-02-02,split,4:1\n")
    (tmp_path / "funding.csv").write_text("time,rate\n2026-01-05T16:00:00Z,0.0001\n2026-01-06T00:00:00Z,-0.12\n")
    for form in ("table", "json"):
        shown = bulkhead("check", "-o", form)
        assert (shown.exit_code, shown.stderr) == (0, "")
        assert_golden(f"check-account.{form}", shown.stdout.replace(str(tmp_path), "/here"))


def test_a_config_tells_all_its_problems_at_once_on_stderr(bulkhead: Bulkhead, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.replace("capital", "captial").replace("synthetic", "synthetc"))
    told = bulkhead("check", "-o", "json")
    assert (told.exit_code, told.stdout) == (1, "")
    assert "captial" in told.stderr
    assert "synthetc" in told.stderr


def test_the_journal_is_verified_and_exported_without_a_daemon(bulkhead: Bulkhead, state: Path) -> None:
    journal = state / "journal"
    journal.mkdir()
    for segment in (ROOT / "tests" / "golden" / "journal" / "small").iterdir():
        (journal / segment.name).write_bytes(segment.read_bytes())
    verified = json.loads(bulkhead("journal", "verify", "-o", "json").stdout)
    exported = [json.loads(line) for line in bulkhead("journal", "export").stdout.splitlines()]
    assert verified["records"] == len(exported) > 0
    assert exported[-1]["sequence"] == verified["last_sequence"]


def test_a_journal_that_is_not_there_is_exit_code_1(bulkhead: Bulkhead, state: Path) -> None:
    told = bulkhead("journal", "verify")
    assert (told.exit_code, str(state / "journal") in told.stderr) == (1, True)


def test_the_end_of_a_strategys_log_is_shown_without_a_daemon(bulkhead: Bulkhead, state: Path) -> None:
    (state / LOGS_NAME).mkdir()
    (state / LOGS_NAME / "sma-aaa.log").write_bytes(b"one\ntwo \xff\nthree\n")
    assert bulkhead("strategy", "logs", "sma-aaa").stdout == "one\ntwo \N{REPLACEMENT CHARACTER}\nthree\n"
    last = bulkhead("strategy", "logs", "sma-aaa", "--lines", "1", "--socket", state / SOCKET_NAME)
    assert (last.exit_code, last.stdout) == (0, "three\n")


@pytest.mark.parametrize("name", ["maker", "../sma-aaa", ""])
def test_a_log_that_is_not_there_is_exit_code_1_with_those_that_are(bulkhead: Bulkhead, state: Path, name: str) -> None:
    folder = state / LOGS_NAME
    bare = bulkhead("strategy", "logs", name)
    folder.mkdir()
    for logged in ("sma-aaa", "rsi"):
        (folder / f"{logged}.log").touch()
    told = bulkhead("strategy", "logs", name)
    assert (bare.exit_code, told.exit_code, bare.stdout + told.stdout) == (1, 1, "")
    missing = f"Error: there is no log of {name!r} in {folder}\n"
    assert bare.stderr == f"{missing}only a process of its own has one\n"
    assert told.stderr == f"{missing}there are logs of rsi, sma-aaa\n"


# How the daemon is found.


def test_the_socket_is_found_in_the_order_promised(
    operations: OperationsInMemory, bulkhead: Bulkhead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--socket over BULKHEAD_STATE over -c over ./config.yaml: each alone is served, those after it are dead ends."""
    for name in ("named", "here"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.yaml").write_text(f"state: {name}\n")
    (tmp_path / "config.yaml").write_text("state: here\n")

    def status(*words: str) -> int:
        return bulkhead("status", *words).exit_code

    with served(operations, tmp_path / "s"):
        assert status("--socket", str(tmp_path / "s"), "-c", "named.yaml") == 0
        assert status("-c", "named.yaml") == 3
    monkeypatch.delenv("BULKHEAD_STATE")
    with served(operations, tmp_path / "named" / SOCKET_NAME):
        assert (status("-c", "named.yaml"), status()) == (0, 3)
    with served(operations, tmp_path / "here" / SOCKET_NAME):
        assert (status("-c", "named.yaml"), status()) == (3, 0)


# How it ends.


def test_no_socket_is_exit_code_3_with_how_to_mend_it(bulkhead: Bulkhead) -> None:
    told = bulkhead("status")
    assert (told.exit_code, told.stdout) == (3, "")
    assert "no daemon runs" in told.stderr
    assert "bulkhead run" in told.stderr


def test_no_config_and_no_name_is_exit_code_3(bulkhead: Bulkhead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BULKHEAD_STATE")
    told = bulkhead("status")
    assert (told.exit_code, "--socket, BULKHEAD_STATE, or -c CONFIG" in told.stderr) == (3, True)


def test_the_socket_of_a_killed_daemon_is_exit_code_3(bulkhead: Bulkhead, state: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as killed:
        killed.bind(str(state / SOCKET_NAME))
    told = bulkhead("status")
    assert (told.exit_code, "killed" in told.stderr) == (3, True)


def test_a_daemon_that_hangs_is_exit_code_69(bulkhead: Bulkhead, state: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hanging:
        hanging.bind(str(state / SOCKET_NAME))
        hanging.listen()
        told = bulkhead("status", "--timeout", "0.1")
    assert (told.exit_code, told.stdout) == (69, "")
    assert "no answer within 0.1 s" in told.stderr


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{"])
def test_an_answer_that_makes_no_sense_is_exit_code_69(bulkhead: Bulkhead, state: Path, answer: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(state / SOCKET_NAME))
        listener.listen()
        thread = threading.Thread(target=_answer_once, args=(listener, answer))
        thread.start()
        told = bulkhead("status")
        thread.join()
    assert (told.exit_code, "does not answer" in told.stderr) == (69, True)


def _answer_once(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(answer)


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    "words",
    [
        ("strategy", "show", "sma-aa"),
        ("orders", "--strategy", "sma-aa"),
        ("performance", "sma-aa"),
        ("account", "postings", "--strategy", "sma-aa"),
    ],
)
def test_an_unknown_strategy_is_exit_code_4_with_the_nearest(bulkhead: Bulkhead, words: tuple[str, ...]) -> None:
    told = bulkhead(*words)
    assert (told.exit_code, told.stdout) == (4, "")
    assert told.stderr == "Error: no strategy 'sma-aa'\ndid you mean 'sma-aaa'?\n"


@pytest.mark.usefixtures("running")
def test_an_id_with_a_slash_is_a_strategy_that_is_not_there(bulkhead: Bulkhead) -> None:
    assert bulkhead("strategy", "show", "../status").exit_code == 4
    assert bulkhead("performance", "../status").exit_code == 4


@pytest.mark.parametrize("words", [("nonsense",), ("status", "-o", "xml"), ("orders", "--limit", "0")])
def test_wrong_usage_is_exit_code_2(bulkhead: Bulkhead, words: tuple[str, ...]) -> None:
    assert bulkhead(*words).exit_code == 2


def test_an_unreadable_config_is_exit_code_1(bulkhead: Bulkhead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BULKHEAD_STATE")
    told = bulkhead("status", "-c", "absent.yaml")
    assert (told.exit_code, "absent.yaml" in told.stderr) == (1, True)


def test_a_socket_path_too_long_is_exit_code_1_in_words(bulkhead: Bulkhead) -> None:
    told = bulkhead("status", "--socket", "/" + "x" * 200)
    assert (told.exit_code, "107" in told.stderr) == (1, True)


# How it is built.


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "help": [],
        "strategy-help": ["strategy"],
        "account-help": ["account"],
        "order-help": ["order"],
        "breaker-help": ["breaker"],
        "data-help": ["data"],
    }.items(),
)
def test_help_is_as_in_the_golden_file(bulkhead: Bulkhead, name: str, words: list[str]) -> None:
    assert_golden(f"{name}.txt", bulkhead(*words, "--help").stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(bulkhead: Bulkhead, command: str) -> None:
    told = bulkhead(command, "--help")
    assert (told.exit_code, told.stdout.startswith("Usage: ")) == (0, True)


def test_help_imports_nothing_heavy() -> None:
    code = """
import sys
from daemon.cli import COMMANDS, main
for words in ([], *([command] for command in COMMANDS)):
    main([*words, "--help"], standalone_mode=False)
print(sorted({"aiohttp", "asyncio", "pydantic", "uvloop", "yaml", "msgspec"} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_the_version_is_the_projects(bulkhead: Bulkhead) -> None:
    assert bulkhead("--version").stdout == f"bulkhead {VERSION}\n"
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text()


def test_the_served_socket_is_the_owners_alone(running: OperationsInMemory, state: Path) -> None:
    assert stat.S_IMODE((state / SOCKET_NAME).stat().st_mode) == 0o600


def test_a_long_reason_does_not_make_the_table_wide() -> None:
    assert shortened("ValueError: " + "x" * 3_000) == "ValueError: " + "x" * 68 + "…"
    assert shortened("first\nsecond") == "first…"
    assert shortened("short") == "short"


LONG = "its process ended (killed by SIGKILL), " + "and that again, " * 9 + "\nand 3 restarts within 1m are used up"


@pytest.mark.parametrize(
    ("words", "where"),
    [(("strategy", "list"), "bulkhead strategy show STRATEGY"), (("orders",), "bulkhead orders -o json")],
)
def test_a_reason_is_whole_where_a_program_reads_and_cut_with_a_hint_on_a_terminal(
    bulkhead: Bulkhead,
    running: OperationsInMemory,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    where: str,
) -> None:
    running.reason = LONG
    piped = bulkhead(*words).stdout
    monkeypatch.setattr("daemon.cli.tables._is_terminal", lambda: True)
    shown = bulkhead(*words).stdout
    assert LONG.replace("\n", " ") in piped
    assert "…" not in piped
    assert shown.splitlines()[-1] == f"… is cut: {where}"
    assert max(map(len, shown.splitlines())) < 250


def test_every_alarm_has_a_line_and_ends_with_what_to_type(
    bulkhead: Bulkhead, running: OperationsInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.cli.tables._is_terminal", lambda: True)
    one, other = running.alarms = ["margin free is -5.00 USD", f"unallocated holds -140; {'so ' * 60}--price 9.99"]
    lines = bulkhead("status").stdout.splitlines()
    assert lines[4:6] == [f"alarms      {one}", f"            {other}"]


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_what_was_moved_is_answered_to_programs(bulkhead: Bulkhead, running: OperationsInMemory, form: str) -> None:
    running.on_margin = True
    moves = [
        ("deposit", "1e2"),
        ("withdraw", "50"),
        ("transfer", "--from", "sma-aaa", "--to", "maker", "3", "--symbol", "AAA", "--price", "99.5"),
    ]
    done = [bulkhead("account", *words, "-o", form) for words in moves]
    told = [yaml.safe_load(one.stdout)["moved"] for one in done]
    assert [one["amount"] for one in told] == ["100.00", "50.00", "3"]
    assert told[0] == {**told[1], "source": None, "target": "unallocated", "amount": "100.00"}
    assert told[2] == {
        "source": "sma-aaa",
        "target": "maker",
        "amount": "3",
        "currency": "USD",
        "symbol": "AAA",
        "price": "99.5",
    }
    assert done[2].stderr == "transferred 3 AAA at 99.5 USD from sma-aaa to maker\n"


def test_the_account_is_shown_in_full_as_a_strategy_is(bulkhead: Bulkhead, running: OperationsInMemory) -> None:
    shown = bulkhead("performance", "account").stdout.splitlines()
    told = json.loads(bulkhead("performance", "account", "-o", "json").stdout)
    of_one = [line.split("  ")[0] for line in bulkhead("performance", "maker").stdout.partition("\n\n")[0].splitlines()]
    assert shown[0].split() == ["account", "all", "books", "together"]
    assert [line.split("  ")[0] for line in shown[1:]] == of_one[1:]
    assert (told["performance"]["capital"], told["strategy"], told["container"]) == ("50000", None, None)


def test_a_strategy_that_is_called_account_is_shown_in_its_stead(bulkhead: Bulkhead, state: Path) -> None:
    with served(OperationsInMemory(("account", "maker")), state / SOCKET_NAME):
        told = json.loads(bulkhead("performance", "account", "-o", "json").stdout)
    assert (told["strategy"], told["performance"]["capital"]) == ("account", "25000")


@pytest.mark.parametrize("words", [("fills",), ("orders",), ("positions",), ("account", "postings")])
@pytest.mark.usefixtures("running")
def test_what_is_nobodys_can_be_asked_for(bulkhead: Bulkhead, words: tuple[str, ...]) -> None:
    shown = bulkhead(*words, "--strategy", "unallocated", "-o", "json")
    assert (shown.exit_code, json.loads(shown.stdout)) == (0, [])


def test_help_says_that_units_are_moved_by_a_quantity(bulkhead: Bulkhead) -> None:
    told = bulkhead("account", "transfer", "--help").stdout
    assert "AMOUNT|QUANTITY" in told
    assert "whole ticks" in told
