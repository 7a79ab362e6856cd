"""What a new config may change over a restart, and what it may not."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.fleet import Fleet, FleetChange, StrategyEntry, change
from tests.market_builders import an_instrument
from trading.instruments import Instrument, MarginTerms
from trading.limits import RiskLimits
from trading.money import Currency


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
            FleetChange(refused=["instruments.BBB.tick_size was 0.01 and would be 0.05"]),
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


# The account and its instruments: what is refused is told under the key that it comes of.


def in_currency(instrument: Instrument, code: str) -> Instrument:
    return msgspec.structs.replace(instrument, currency=Currency.known(code))


def on_margin(initial: str = "0.25", *, code: str = "USD", **changes: Any) -> Fleet:
    """A fleet on margin with a leverage of four, all of whose instruments have the same margin."""
    terms = MarginTerms(currency=Currency.known(code), initial=Decimal(initial), maintenance=Decimal(initial) / 2)
    margined = {s: msgspec.structs.replace(an_instrument(s), margin=terms) for s in ("AAA", "BBB")}
    return a_fleet(**{"kind": "margin", "leverage": Decimal(4), "instruments": margined} | changes)


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (on_margin(), on_margin(leverage=Decimal("4.0")), []),
        (on_margin(), on_margin("0.5", leverage=Decimal(2)), ["account.leverage was 4 and would be 2"]),
        (
            on_margin("0.5", leverage=None),
            on_margin("0.25"),
            ["account.leverage was not given and would be 4"],
        ),
        (
            on_margin(),
            on_margin("0.5", maintenance_margin=Decimal("0.1")),
            ["account.maintenance_margin was not given and would be 0.1"],
        ),
        (a_fleet(), on_margin(), ["account.kind was cash and would be margin"]),
        (on_margin(), a_fleet(), ["account.kind was margin and would be cash"]),
        (
            on_margin(margins={"AAA": "{initial: 0.25}", "BBB": "{initial: 0.25}"}),
            on_margin(leverage=Decimal(2), margins={"AAA": "{initial: 0.25}", "BBB": "{initial: 0.250}"}),
            [],
        ),
        (
            on_margin(),
            on_margin("0.5", margins={"BBB": "{initial: 0.5}"}, leverage=Decimal(2)),
            [
                "account.leverage was 4 and would be 2",
                "instruments.BBB.margin was not given and would be {initial: 0.5}",
            ],
        ),
        (
            on_margin(),
            on_margin("0.250001"),
            ["instruments.AAA.margin would be different", "instruments.BBB.margin would be different"],
        ),
        (
            a_fleet(expiries={"AAA": 10**18, "BBB": 10**18}),
            a_fleet(expiries={"AAA": 10**18 + 10**9, "CCC": 1}),
            [
                "instruments.AAA.expires was 2001-09-09T01:46:40Z and would be 2001-09-09T01:46:41Z",
                "instruments.BBB.expires was 2001-09-09T01:46:40Z and would be not given",
            ],
        ),
        (
            on_margin(instruments={"AAA": an_instrument("AAA")}),
            on_margin(instruments={"AAA": msgspec.structs.replace(an_instrument("AAA"), mark_symbol="BBB")}),
            ["instruments.AAA.mark was not given and would be BBB"],
        ),
        (
            a_fleet(),
            a_fleet(
                currency="EUR",
                cash={"EUR": Decimal(100_000)},
                strategies=[in_euros("sma"), in_euros("maker")],
                instruments={s: in_currency(an_instrument(s), "EUR") for s in ("AAA", "BBB")},
            ),
            ["account.currency was USD and would be EUR"],
        ),
        (
            a_fleet(),
            a_fleet(instruments={"AAA": in_currency(an_instrument("AAA"), "EUR"), "BBB": an_instrument("BBB")}),
            ["instruments.AAA.currency was USD and would be EUR"],
        ),
        (
            a_fleet(instruments={s: in_currency(an_instrument(s), "USD") for s in ("AAA", "BBB")}),
            a_fleet(
                instruments={
                    s: msgspec.structs.replace(an_instrument(s), currency=Currency(code="USD", quantum=Decimal("0.1")))
                    for s in ("AAA", "BBB")
                }
            ),
            ["currencies.USD was 0.01 and would be 0.1"],
        ),
    ],
)
def test_what_is_refused_is_told_once_by_its_cause(before: Fleet, after: Fleet, refused: list[str]) -> None:
    assert change(before, after) == FleetChange(refused=refused)


def test_what_may_change_is_told_with_what_it_was_but_of_new_instruments_nothing() -> None:
    before = a_fleet(
        changeable={"account.day_count": "365", "account.sweep": "false", "instruments.AAA.borrow": "0.03"}
    )
    after = a_fleet(
        changeable={"account.day_count": "360", "account.sweep": "false", "instruments.CCC.borrow": "0.02"},
        instruments={symbol: an_instrument(symbol) for symbol in ("AAA", "BBB", "CCC")},
    )
    assert change(before, after) == FleetChange(
        altered=["account.day_count: 360, was 365", "instruments.AAA.borrow: not given, was 0.03"]
    )


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
