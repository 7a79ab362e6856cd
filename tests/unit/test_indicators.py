"""Each indicator against values worked out by hand, and against independent reference files."""

import csv
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from trading.indicators import (
    Atr,
    Bands,
    Bollinger,
    Ema,
    Envelope,
    Macd,
    MacdLines,
    Rsi,
    Sma,
    StandardDeviation,
    Wilder,
    Wma,
)
from trading.market_data import Bar

OF_VALUES: dict[str, Callable[[], Any]] = {
    "Sma": lambda: Sma(7),
    "Wma": lambda: Wma(7),
    "Ema": lambda: Ema(7),
    "Wilder": lambda: Wilder(7),
    "StandardDeviation": lambda: StandardDeviation(7),
    "Bollinger": lambda: Bollinger(7, 2.0),
    "Envelope": lambda: Envelope(7, 2.0),
    "Rsi": lambda: Rsi(7),
    "Macd": lambda: Macd(3, 7, 4),
}


def bar(high: float, low: float, close: float) -> Bar:
    return Bar("AAA", 60, 60, close, high, low, close, 1.0)


@pytest.mark.parametrize(
    ("build", "values", "expected"),
    [
        (lambda: Sma(3), [1, 2, 6, 4, 2, 9, 1], [None, None, 3, 4, 4, 5, 4]),
        (lambda: Sma(1), [3, 5], [3, 5]),
        (lambda: Wma(3), [1, 2, 3, 6, 0, 3], [None, None, 14 / 6, 26 / 6, 15 / 6, 15 / 6]),
        (lambda: Ema(3), [1, 2, 6, 5, 3], [None, None, 3, 4, 3.5]),
        (lambda: Wilder(2), [1, 3, 6, 2], [None, 2, 4, 3]),
        (lambda: StandardDeviation(2), [1, 3, 9, 9], [None, 1, 3, 0]),
        (lambda: StandardDeviation(4), [2, 4, 4, 6, 4], [None, None, None, 2**0.5, 0.75**0.5]),
        (lambda: Rsi(2), [10, 11, 10, 12, 12], [None, None, 50, 500 / 6, 500 / 6]),
        (lambda: Rsi(2), [1, 2, 3], [None, None, 100]),
        (lambda: Rsi(2), [3, 2, 1], [None, None, 0]),
        (lambda: Rsi(2), [3, 3, 3], [None, None, 50]),
    ],
)
def test_an_indicator_gives_the_values_worked_out_by_hand(
    build: Callable[[], Any], values: list[float], expected: list[float | None]
) -> None:
    indicator = build()
    heard = [indicator.update(value) for value in values]

    assert heard == [None if wanted is None else pytest.approx(wanted, rel=1e-12) for wanted in expected]


def test_the_true_range_counts_the_gap_from_the_last_close() -> None:
    atr = Atr(2)
    bars = [bar(99, 1, 10), bar(11, 9, 10), bar(15, 14, 14), bar(9, 8, 8)]  # ranges: none, 2, 5, 6

    assert [atr.update(one) for one in bars] == [None, None, 3.5, 4.75]


def test_bollinger_bands_stand_deviations_from_the_average() -> None:
    bollinger = Bollinger(2, 1.5)

    assert [bollinger.update(value) for value in (1, 3)] == [None, Bands(lower=0.5, middle=2.0, upper=3.5)]


def test_envelope_bands_stand_percents_from_the_average() -> None:
    envelope = Envelope(2, 2.0)

    assert [envelope.update(value) for value in (50, 150)] == [None, Bands(lower=98.0, middle=100.0, upper=102.0)]


def test_macd_waits_for_its_signal() -> None:
    macd = Macd(1, 3, 2)
    lines = [macd.update(value) for value in (1, 2, 3, 4, 8)]  # slow: 2, 3, 5.5; fast less slow: 1, 1, 2.5

    assert lines == [
        None,
        None,
        None,
        MacdLines(macd=1.0, signal=1.0, histogram=0.0),
        MacdLines(macd=2.5, signal=2.0, histogram=0.5),
    ]


@pytest.mark.parametrize("name", OF_VALUES)
def test_what_update_gives_is_kept_as_the_value(name: str) -> None:
    indicator = OF_VALUES[name]()

    for value in range(20):
        given = indicator.update(float(value))
        assert (indicator.value, indicator.ready) == (given, given is not None)

    assert indicator.ready


@pytest.mark.parametrize("name", OF_VALUES)
def test_an_indicator_goes_on_from_its_state_as_if_nothing_had_been(name: str) -> None:
    source = random.Random(7)
    original = OF_VALUES[name]()

    for _ in range(60):
        # Through JSON, as a snapshot may take it; into an object whose class alone is known.
        follower = type(original).restored(json.loads(json.dumps(original.state())))
        value = source.uniform(50, 150)
        assert follower.update(value) == original.update(value)
        assert follower.state() == original.state()


def test_an_average_true_range_goes_on_from_its_state() -> None:
    atr, bars = Atr(2), [bar(12, 9, 10), bar(11, 9, 10), bar(15, 14, 14), bar(9, 8, 8)]
    for one in bars[:2]:
        atr.update(one)
    follower = Atr.restored(atr.state())

    assert [follower.update(one) for one in bars[2:]] == [atr.update(one) for one in bars[2:]]


@pytest.mark.parametrize("name", OF_VALUES)
def test_a_state_is_not_touched_by_later_updates(name: str) -> None:
    original, follower = OF_VALUES[name](), OF_VALUES[name]()
    for value in range(10):
        original.update(float(value))
    state = original.state()
    before = json.dumps(state)
    follower.restore(state)

    original.update(1.0)
    follower.update(1.0)

    assert json.dumps(state) == before


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Sma(0), "Sma: period is 0; it must be a whole number, 1 or more"),
        (lambda: Wma(-1), "Wma: period is -1; it must be a whole number, 1 or more"),
        (lambda: Ema(2.5), "Ema: period is 2.5; it must be a whole number, 1 or more"),  # type: ignore[arg-type]
        (lambda: Wilder(0), "Wilder: period is 0; it must be a whole number, 1 or more"),
        (lambda: StandardDeviation(0), "StandardDeviation: period is 0; it must be a whole number, 1 or more"),
        (lambda: Rsi(0), "Rsi: period is 0; it must be a whole number, 1 or more"),
        (lambda: Atr(0), "Atr: period is 0; it must be a whole number, 1 or more"),
        (lambda: Bollinger(0, 2.0), "Bollinger: period is 0; it must be a whole number, 1 or more"),
        (lambda: Bollinger(20, 0.0), "Bollinger: deviations is 0.0; it must be above 0 and finite"),
        (lambda: Envelope(0, 2.0), "Envelope: period is 0; it must be a whole number, 1 or more"),
        (lambda: Envelope(20, float("nan")), "Envelope: deviation is nan; it must be above 0 and finite"),
        (lambda: Macd(12, 26, 0), "Macd: signal is 0; it must be a whole number, 1 or more"),
        (lambda: Macd(26, 12, 9), "Macd: fast is 26 and slow is 12; fast must be the shorter period"),
    ],
)
def test_a_period_or_width_that_cannot_be_is_refused_by_name(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the whole message is compared
        build()

    assert str(refusal.value) == message


class Reference:
    """One file of independent values; empty cells and NaN are not compared."""

    def __init__(self, shared: Path, name: str) -> None:
        path = shared / "cases" / "indicators_sma_ema_rsi_atr_bollinger_macd" / name
        with path.open(encoding="utf-8", newline="") as file:
            self.rows = list(csv.DictReader(file))

    def closes(self, column: str = "Close") -> list[float]:
        return [float(row[column]) for row in self.rows]

    def bars(self) -> list[Bar]:
        return [bar(float(row["High"]), float(row["Low"]), float(row["Close"])) for row in self.rows]

    def compare(self, column: str, ours: Sequence[float | None], *, tolerance: float, first_row: int = 0) -> int:
        """How many rows were compared, every one within the tolerance."""
        theirs = [row[column] for row in self.rows]
        compared = 0
        for place in range(first_row, len(theirs)):
            if theirs[place] not in ("", "NaN"):
                assert ours[place] == pytest.approx(float(theirs[place]), abs=tolerance), f"row {place}"
                compared += 1
        return compared


def test_averages_and_rsi_agree_with_the_reference(shared: Path) -> None:
    reference = Reference(shared, "spy_with_indicators.txt")
    average, strength = Sma(14), Rsi(14)

    assert reference.compare("SMA14", [average.update(c) for c in reference.closes()], tolerance=0.01) == 487
    assert reference.compare("RSI 14 Wilder", [strength.update(c) for c in reference.closes()], tolerance=1e-5) == 486


def test_ema_agrees_with_the_reference(shared: Path) -> None:
    reference, average = Reference(shared, "spy_ema.csv"), Ema(14)

    assert reference.compare("EMA14", [average.update(c) for c in reference.closes("close")], tolerance=1e-6) == 351


def test_atr_agrees_with_the_reference_once_its_other_seed_has_died_out(shared: Path) -> None:
    reference, atr = Reference(shared, "spy_atr_wilder.txt"), Atr(14)
    ours = [atr.update(one) for one in reference.bars()]

    assert reference.compare("Average True Range 14", ours, tolerance=1e-3, first_row=100) == 401


def test_bollinger_bands_agree_with_the_reference(shared: Path) -> None:
    reference, bollinger = Reference(shared, "spy_bollinger_bands.txt"), Bollinger(20, 2.0)
    bands = [bollinger.update(c) for c in reference.closes()]

    for edge, column in (("upper", "Bollinger Bands® 20 2 Top"), ("lower", "Bollinger Bands® 20 2 Bottom")):
        ours = [getattr(band, edge, None) for band in bands]
        assert reference.compare(column, ours, tolerance=1e-3) == 481


def test_macd_agrees_with_the_reference(shared: Path) -> None:
    reference, macd = Reference(shared, "spy_with_macd.txt"), Macd(12, 26, 9)
    lines = [macd.update(c) for c in reference.closes()]

    for line, column in (("macd", "MACD"), ("signal", "Signal"), ("histogram", "Histogram")):
        ours = [getattr(one, line, None) for one in lines]
        assert reference.compare(column, ours, tolerance=1e-4) == 183
