"""What the log says, to programs and to people."""

import io
import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.watch.logs import StrategyLog, fill_line, set_up
from tests.simulation.operations import OperationsInMemory


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raises = root.handlers[:], root.level, logging.raiseExceptions
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    logging.raiseExceptions = raises
    logging.captureWarnings(capture=False)


def test_a_strategys_line_carries_its_id_and_what_was_added() -> None:
    stream = io.StringIO()
    set_up(stream)
    StrategyLog(logging.getLogger("daemon.host"), "sma-aaa").warning("stalled for %d s", 5, extra={"event": 12})
    line = json.loads(stream.getvalue())
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "daemon.host",
        "message": "stalled for 5 s",
        "strategy": "sma-aaa",
        "event": 12,
    }


def test_every_record_is_one_line_even_with_a_traceback() -> None:
    stream = io.StringIO()
    set_up(stream)
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("x").exception("failed\nbadly", extra={"amount": Decimal("1.50")})
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert (line["message"], line["amount"]) == ("failed\nbadly", "1.50")
    assert line["exception"].endswith("ZeroDivisionError: division by zero")


def test_a_terminal_reads_words() -> None:
    stream = Terminal()
    set_up(stream)
    StrategyLog(logging.getLogger("x"), "sma-aaa").info("running")
    logging.getLogger("x").warning("the feed is late")
    first, second = stream.getvalue().splitlines()
    assert first[8:] == "  sma-aaa  running"
    assert second[8:] == "  warning: the feed is late"


def test_setting_up_again_replaces_the_stream() -> None:
    old, new = io.StringIO(), io.StringIO()
    set_up(old)
    set_up(new)
    logging.getLogger("x").info("once")
    assert (old.getvalue(), len(new.getvalue().splitlines())) == ("", 1)


def test_quiet_levels_are_left_out() -> None:
    stream = io.StringIO()
    set_up(stream, level=logging.WARNING)
    logging.getLogger("x").info("detail")
    assert stream.getvalue() == ""


def test_a_log_on_a_full_disk_stops_nobody_and_says_nothing_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    full = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115  (closing it would raise what the test is about)
    set_up(full)
    logging.getLogger("x").error("lost")
    assert capsys.readouterr().err == ""
    with pytest.raises(OSError, match="No space left"):
        full.close()


def test_a_fill_is_one_line_of_the_trades_words() -> None:
    operations = OperationsInMemory()
    operations.buy("sma-aaa", 100, "100.07")
    assert fill_line(operations.all_fills[0]) == "buy 100 AAA @ 100.07  fee 1.00  at 2026-01-05 14:31:07"
