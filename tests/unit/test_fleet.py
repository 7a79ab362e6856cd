"""What a new config may change over a restart, and what it may not."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.fleet import Fleet, FleetChange, StrategyEntry, change
from tests.market_builders import an_instrument
from trading.limits import RiskLimits


def an_entry(strategy: str = "sma", **changes: Any) -> StrategyEntry:
    given: dict[str, Any] = {
        "id": strategy,
        "reference": "strategies.sma_cross:SmaCross",
        "params": {"symbol": "AAA", "fast": 10},
        "capital": {"USD": Decimal(25_000)},
        "isolation": "task",
        "timeframe_ns": 60,
        "warmup": 30,
        "cancel_on_trip": True,
        "limits": RiskLimits(),
        "sizing": None,
        "code": "abc",
    }
    return StrategyEntry(**given | changes)


def a_fleet(*entries: StrategyEntry, **changes: Any) -> Fleet:
    given: dict[str, Any] = {
        "currency": "USD",
        "cash": {"USD": Decimal(100_000)},
        "instruments": {"AAA": an_instrument("AAA"), "BBB": an_instrument("BBB")},
        "limits": RiskLimits(),
        "broker": "simulated",
        "strategies": list(entries or (an_entry("sma"), an_entry("maker"))),
        "folder": "/here",
    }
    return Fleet(**given | changes)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (a_fleet(), FleetChange()),
        (a_fleet(folder="/there", limits=RiskLimits(max_open_orders=5)), FleetChange()),
        (a_fleet(an_entry("maker"), an_entry("sma")), FleetChange()),
        (a_fleet(an_entry("sma", limits=RiskLimits(max_open_orders=5)), an_entry("maker")), FleetChange()),
        (a_fleet(an_entry("sma", cancel_on_trip=False), an_entry("maker")), FleetChange()),
        (a_fleet(an_entry("sma"), an_entry("new"), an_entry("maker")), FleetChange(added=["new"])),
        (a_fleet(an_entry("sma")), FleetChange(removed=["maker"])),
        (a_fleet(an_entry("new")), FleetChange(added=["new"], removed=["sma", "maker"])),
        *(
            (a_fleet(an_entry("sma", **{field: value}), an_entry("maker")), FleetChange(renewed=["sma"]))
            for field, value in (
                ("reference", "mine.py:Mine"),
                ("params", {"symbol": "AAA", "fast": 11}),
                ("timeframe_ns", 300),
                ("warmup", 0),
                ("code", "abd"),
            )
        ),
        (
            a_fleet(an_entry("sma", capital={"USD": Decimal("25000.01")}), an_entry("maker")),
            FleetChange(refused=["sma: capital was 25000 and would be 25000.01"]),
        ),
        (
            a_fleet(an_entry("sma", capital={"USD": Decimal(25_000), "BNB": Decimal(1)}), an_entry("maker")),
            FleetChange(refused=["sma: capital was 25000 and would be 25000, 1 BNB"]),
        ),
        (a_fleet(cash={"USD": Decimal("100000.00")}), FleetChange()),
        (
            a_fleet(cash={"USD": Decimal(200_000)}),
            FleetChange(refused=["account.cash was 100000 and would be 200000"]),
        ),
        (
            a_fleet(cash={"EUR": Decimal(100_000), "USD": Decimal(5)}),
            FleetChange(refused=["account.cash was 100000 and would be 100000 EUR, 5"]),
        ),
        (
            a_fleet(broker="passthrough"),
            FleetChange(refused=["broker.kind was simulated and would be passthrough"]),
        ),
        (a_fleet(instruments={"AAA": an_instrument("AAA")}), FleetChange(refused=["instruments.BBB would be gone"])),
        (
            a_fleet(instruments={"AAA": an_instrument("AAA"), "BBB": an_instrument("BBB", tick="0.05")}),
            FleetChange(refused=["instruments.BBB would be different"]),
        ),
        (
            a_fleet(instruments={symbol: an_instrument(symbol) for symbol in ("AAA", "BBB", "CCC")}),
            FleetChange(),
        ),
    ],
)
def test_what_differs_between_two_fleets(after: Fleet, expected: FleetChange) -> None:
    assert change(a_fleet(), after) == expected
    assert bool(expected) == (expected != FleetChange())


def in_euros(strategy: str) -> StrategyEntry:
    return an_entry(strategy, capital={"EUR": Decimal(25_000)})


def test_amounts_of_the_accounts_own_currency_are_told_once_when_that_changes() -> None:
    after = a_fleet(in_euros("sma"), in_euros("maker"), currency="EUR", cash={"EUR": Decimal(100_000)})
    assert change(a_fleet(), after) == FleetChange(refused=["account.currency was USD and would be EUR"])


def test_everything_that_is_refused_is_told_at_once() -> None:
    after = a_fleet(
        an_entry("sma", capital={"EUR": Decimal(1)}), currency="EUR", cash={"EUR": Decimal(5)}, instruments={}
    )
    assert len(change(a_fleet(), after).refused) == 5


def test_a_fleet_comes_back_from_the_journal_as_it_was() -> None:
    fleet = a_fleet(an_entry("sma", params={"symbol": "AAA", "share": 0.1, "names": ["a", "b"], "on": True}))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(fleet), type=Fleet) == fleet
