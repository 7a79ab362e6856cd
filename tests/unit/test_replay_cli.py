"""`bulkhead replay` on a state's folder: what is told, where to, and with which exit code."""

import io
import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from daemon.cli import main
from daemon.cli.replayed import Steps
from tests.config_builders import plan_of
from tests.simulation.replaying import HEAD, MY_ENTRY, mine
from tests.simulation.test_restart_with_changes import MAKER
from tests.simulation.world import JOURNAL, World
from trading.account.records import Commit
from trading.commands import Trip

CONFIG = HEAD.replace("duration: 1h", "duration: 10m") + MY_ENTRY + MAKER
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "cli"

Bulkhead = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A config, and beside it the state of a run with it."""
    folder = tmp_path / "project"
    folder.mkdir()
    mine(folder)
    world = World(plan_of(folder, CONFIG))
    world.live()
    journal = folder / "state" / "journal"
    journal.mkdir(parents=True)
    for name in world.disk.list(JOURNAL):
        (journal / name).write_bytes(world.disk.read(JOURNAL / name))
    return folder


@pytest.fixture
def bulkhead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bulkhead:
    """The command, in an empty folder."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return lambda *words: CliRunner().invoke(main, ["replay", *map(str, words)])


NEW_ORDER = """\
diverged: event 201, 2026-01-05T14:38:00Z, AAA, mine
  journaled  nothing
  came       order mine-3, buy 3 AAA at 99

before it, of mine:
  order mine-1, buy 10 AAA
  order mine-2, sell 10 AAA

identical until then: 201 events, 28 steps, 37 commands, 26 orders, 14 fills
from 2026-01-05T14:30:00Z to 2026-01-05T14:38:00Z"""
OTHER_QUANTITY = """\
diverged: event 75, 2026-01-05T14:33:00Z, AAA, mine
  journaled  order mine-1, buy 10 AAA
  came       order mine-1, buy 12 AAA

FIELD           JOURNALED  CAME
terms.quantity  10         12
terms.reason    target 10  target 12"""


def test_what_is_identical_is_told_in_counts(bulkhead: Bulkhead, folder: Path) -> None:
    told = bulkhead(folder / "state")
    assert (told.exit_code, told.stderr) == (0, "")
    first, second = told.stdout.splitlines()
    assert first == "identical: 250 events, 31 steps, 40 commands, 28 orders, 15 fills"
    assert second.startswith("from 2026-01-05T14:30:00Z to 2026-01-05T14:39:50Z, in ")
    assert second.endswith(" events a second")


def test_what_has_diverged_is_told_field_by_field_with_what_went_before(bulkhead: Bulkhead, folder: Path) -> None:
    mine(folder, more="if self.bars == 8: self.buy(self.symbol, 3, limit_price=99)")
    told = bulkhead(folder / "state")
    assert (told.exit_code, told.stderr) == (1, "warning: the code of mine has changed since\n")
    assert told.stdout.partition(", in ")[0] == NEW_ORDER
    mine(folder, quantity=12)
    assert bulkhead(folder / "state").stdout.partition("\n\nidentical")[0] == OTHER_QUANTITY
    mine(folder, more="1 / (self.bars - 4)")
    raised = bulkhead(folder / "state").stdout.splitlines()
    assert raised[2] == "  came       mine: ZeroDivisionError: division by zero"
    assert raised[4] == "Traceback (most recent call last):"


def test_json_goes_to_stdout_alone_or_to_a_file(bulkhead: Bulkhead, folder: Path, tmp_path: Path) -> None:
    mine(folder, quantity=12, more="print('here I am')")
    told = bulkhead(folder / "state", "--json", "-")
    assert told.exit_code == 1
    outcome = json.loads(told.stdout)
    assert list(outcome) == [
        *("identical", "events", "steps", "commands", "orders", "fills", "seconds", "first", "last"),
        *("divergence", "warnings"),
    ]
    assert (outcome["identical"], outcome["warnings"]) == (False, ["the code of mine has changed since"])
    found = outcome["divergence"]
    where = [found[name] for name in ("event", "ts", "symbol", "strategy")]
    assert where == [75, "2026-01-05T14:33:00Z", "AAA", "mine"]
    assert found["fields"] == [["terms.quantity", "10", "12"], ["terms.reason", "target 10", "target 12"]]
    assert (found["journaled"]["record"], found["came"]["terms"]["quantity"]) == ("wire_submit", "12")
    assert "here I am" in told.stderr
    assert "diverged: event 75" in told.stderr
    file = tmp_path / "outcome.json"
    assert bulkhead(folder / "state", "--json", file).stdout.startswith("diverged: ")
    again = json.loads(file.read_text())
    assert again | {"seconds": 0} == outcome | {"seconds": 0}
    assert [path.name for path in tmp_path.iterdir() if "outcome" in path.name] == ["outcome.json"]


def test_the_config_is_found_beside_the_state_or_where_it_was_then(
    bulkhead: Bulkhead, folder: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    (folder / "state").rename(moved / "state")
    assert bulkhead(moved / "state").exit_code == 0
    (moved / "config.yaml").write_text(CONFIG.replace("ticks: 1", "ticks: 2"))
    (moved / "mine.py").write_text((folder / "mine.py").read_text())
    beside = bulkhead(moved / "state")
    assert beside.exit_code == 1
    assert "broker.slippage.ticks: 2, was 1" in beside.stderr
    assert bulkhead(moved / "state", "-c", folder / "config.yaml").exit_code == 0
    (folder / "config.yaml").unlink()
    (moved / "config.yaml").unlink()
    gone = bulkhead(moved / "state")
    assert gone.exit_code == 1
    assert gone.stderr == (
        f"Error: there is no config of the state {moved / 'state'}: no {moved / 'config.yaml'}, beside the state, and"
        f" no {folder / 'config.yaml'}, in the folder that the journal has of it\n"
        "the journal does not have its name; give the config that it was traded with: -c CONFIG\n"
    )
    (moved / "state").rename(folder / "state")
    assert bulkhead(folder / "state").stderr.startswith(
        f"Error: there is no config of the state {folder / 'state'}: no {folder / 'config.yaml'}, beside the state and"
        " in the folder that the journal has of it\n"
    )


def test_a_part_of_it_and_one_strategy_of_it(bulkhead: Bulkhead, folder: Path) -> None:
    whole = bulkhead(folder / "state", "--container", "maker")
    part = bulkhead(folder / "state", "--container", "maker", "--to", "2026-01-05T14:34:00Z")
    assert (whole.exit_code, part.exit_code) == (0, 0)
    assert "to 2026-01-05T14:34:00Z, in " in part.stdout
    outside = bulkhead(folder / "state", "--from", "2027-01-05T14:34:00Z")
    assert outside.exit_code == 1
    assert "nothing is journaled from 2027-01-05T14:34:00Z: the journal goes from" in outside.stderr
    by_day = bulkhead(folder / "state", "--from", "2027-01-05")
    assert "nothing is journaled from 2027-01-05T00:00:00Z: the journal goes from" in by_day.stderr
    unknown = bulkhead(folder / "state", "--container", "makr")
    assert (unknown.exit_code, "those in it: mine, maker" in unknown.stderr) == (4, True)


def test_times_are_read_as_for_a_backtest(bulkhead: Bulkhead, folder: Path) -> None:
    """A day is its beginning, and what names no zone is UTC."""
    spans = (
        ("2026-01-05T14:33", "2026-01-05T14:36:00"),
        ("2026-01-05T14:33:00Z", "2026-01-05T15:36+01:00"),
        ("2026-01-05", "2026-01-06"),
        ("2026-01-05T00:00Z", "2026-01-06T00:00Z"),
    )
    told = [bulkhead(folder / "state", "--from", since, "--to", until) for since, until in spans]
    assert [one.exit_code for one in told] == [0, 0, 0, 0]
    near, same, day, same_day = (one.stdout.partition(", in ")[0] for one in told)
    assert (near, day) == (same, same_day)
    assert near.endswith(" to 2026-01-05T14:36:00Z")
    assert day.endswith("from 2026-01-05T14:30:00Z to 2026-01-05T14:39:50Z")


def test_an_environment_variable_holds_as_it_does_for_a_run(
    bulkhead: Bulkhead, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULKHEAD_FEED__SEED", "99")
    told = bulkhead(folder / "state")
    assert (
        told.exit_code,
        "the feed is not the one that this state was traded on; different: seed" in told.stderr,
    ) == (
        1,
        True,
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--speed", "fast"], "'fast' is no speed; write a number above 0, max, or step"),
        (["--speed", "0"], "'0' is no speed"),
        (["--speed", "step"], "--speed step waits for Enter after each step, and this is no terminal"),
        (["--from", "yesterday"], "'yesterday' is no day or time such as 2026-01-05 or 2026-01-05T14:30:00Z"),
        (["--market", "again and again"], "is not one of 'again', 'journaled'"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_read(
    bulkhead: Bulkhead, tmp_path: Path, words: list[str], told: str
) -> None:
    refused = bulkhead(tmp_path / "no state", *words)
    assert refused.exit_code == 2
    assert told in " ".join(refused.stderr.split())


def test_where_its_outcome_cannot_be_written_is_told_before_anything_is_read(
    bulkhead: Bulkhead, tmp_path: Path
) -> None:
    refused = bulkhead(tmp_path / "no state", "--json", tmp_path / "nowhere" / "outcome.json")
    assert refused.exit_code == 1
    assert f"--json {tmp_path}/nowhere/outcome.json: there is no folder {tmp_path}/nowhere" in refused.stderr


def test_it_keeps_the_pace_that_is_asked_for(bulkhead: Bulkhead, folder: Path) -> None:
    told = bulkhead(folder / "state", "--speed", "6000", "--json", "-")
    assert told.exit_code == 0
    assert json.loads(told.stdout)["seconds"] > 0.09


def test_interrupted_it_tells_what_was_compared_so_far(bulkhead: Bulkhead, folder: Path) -> None:
    """A strategy that hears of its own ^C is none; it is pressed within one."""
    mine(folder, more="__import__('os').kill(__import__('os').getpid(), 2) if self.bars == 5 else None")
    before = signal.getsignal(signal.SIGINT)
    told = bulkhead(folder / "state")
    assert told.exit_code == 130
    assert told.stdout.startswith("identical: ")
    assert "warning: stopped at event " in told.stderr
    assert signal.getsignal(signal.SIGINT) is before


class Asked:
    """Who is told that nobody wants to go on."""

    asked = False


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets a test type."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_steps_are_shown_one_by_one_until_nobody_types_any_more(typed: Callable[[str], None]) -> None:
    out, stop = io.StringIO(), Asked()
    shown = Steps(out, stop)
    trip = Trip(strategy="sma", n=1, ts_ns=1, reason="raised", traceback="")
    commit = Commit(event=7, ts_ns=1_767_623_400_000_000_000)
    typed("\n")
    shown.show((trip, commit))
    assert (out.getvalue(), stop.asked) == ("event 7, 2026-01-05T14:30:00Z\n  sma: raised\n", False)
    shown.show((commit,))
    shown.show((trip, commit))
    assert stop.asked
    before = out.getvalue()
    shown.show((trip, commit))
    assert out.getvalue() == before
