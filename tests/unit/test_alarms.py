"""What of the account is an alarm, and the command that mends it."""

import re
import shlex
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from daemon.alarms import account_alarms, capital_alarms
from daemon.cli.account import transfer
from tests.market_builders import an_instrument
from tests.unit.test_book_views import EURO_STOCK, FUTURE, PAIR, a_router, buy, hear
from trading.account.router import Router
from trading.instruments import Instrument

STOCK = an_instrument()
COARSE = msgspec.structs.replace(STOCK, tick_size=Decimal("0.25"))


def watched(*instruments: Instrument, **cash: str) -> tuple[Router, Callable[[], list[str]]]:
    """Two strategies with 10,000 USD each, and what is alarming of them."""
    router, values = a_router(*instruments, **cash)
    known = {instrument.symbol: instrument for instrument in instruments}
    return router, lambda: account_alarms(router.ledger, values, known, "USD")


def test_an_account_in_order_has_none() -> None:
    router, alarms = watched(STOCK)
    buy(router, STOCK, "5", "10")
    assert alarms() == []


def test_equity_below_the_margin_of_what_is_held_is_told_with_the_numbers() -> None:
    router, alarms = watched(FUTURE)
    buy(router, FUTURE, "30", "100")
    hear(router, "ES", 100.0)
    assert alarms() == []
    hear(router, "ES", 94.0)
    assert alarms() == [
        "margin free is -3100.00 USD: equity is 11000.00, and what is held takes 14100.00; deposit, or reduce"
    ]


def test_what_is_loose_is_told_with_the_command_that_makes_both_books_flat() -> None:
    router, alarms = watched(COARSE)
    buy(router, COARSE, "140", "10")
    buy(router, COARSE, "-140", "9.10", "unallocated")
    told = alarms()
    assert told == [
        "unallocated holds -140 AAA; move them to or from the books that they stand against: "
        "bulkhead account transfer --from a --to unallocated --symbol AAA 140 --price 9.00"
    ]
    words = shlex.split(told[0].partition("bulkhead account transfer ")[2])
    asked = transfer.make_context("transfer", words).params
    assert (asked["source"], asked["target"], asked["amount"], asked["price"]) == ("a", "unallocated", "140", "9.00")


def test_each_of_the_books_that_were_closed_together_has_its_own_command() -> None:
    router, alarms = watched(FUTURE)
    buy(router, FUTURE, "-1", "100")
    buy(router, FUTURE, "-2", "100", "b")
    buy(router, FUTURE, "3", "100", "unallocated")
    told = alarms()[0]
    assert re.findall(r"--from (\w+) --to unallocated --symbol ES (\d)", told) == [("a", "1"), ("b", "2")]


def test_where_the_books_hold_more_than_is_loose_an_operator_chooses() -> None:
    router, alarms = watched(STOCK)
    buy(router, STOCK, "30", "10")
    buy(router, STOCK, "20", "10", "b")
    buy(router, STOCK, "-5", "10", "unallocated")
    assert alarms()[0].endswith("--from STRATEGY --to unallocated --symbol AAA ... (a holds 30, b holds 20)")


@pytest.mark.parametrize("price", ["0.05", "0.12"])
def test_a_price_that_is_less_than_a_tick_is_left_to_the_last_one_heard(price: str) -> None:
    router, alarms = watched(COARSE)
    buy(router, COARSE, "7", price)
    buy(router, COARSE, "-7", price, "unallocated")
    assert alarms()[0].endswith("--symbol AAA 7")


def test_units_that_stand_against_nobody_can_be_given_to_a_strategy() -> None:
    router, alarms = watched(STOCK, USD="1000")
    buy(router, STOCK, "4", "10", "unallocated")
    assert alarms() == [
        "unallocated holds 4 AAA, which no strategy trades; move them to one: "
        "bulkhead account transfer --from unallocated --to STRATEGY --symbol AAA 4"
    ]


@pytest.mark.parametrize("instrument", [STOCK, FUTURE])
@pytest.mark.parametrize("quantity", ["4", "-4"])
def test_cash_that_was_paid_for_loose_units_is_not_missing(instrument: Instrument, quantity: str) -> None:
    router, _ = watched(instrument)
    buy(router, instrument, quantity, "10", "unallocated")
    assert list(capital_alarms(router.ledger)) == []


def test_what_is_missing_is_told_by_currency_beside_loose_units() -> None:
    router, _ = watched(STOCK, BNB="-0.25")
    buy(router, STOCK, "4", "10", "unallocated")
    router.ledger.unallocated.endow({"USD": Decimal(-7)})
    assert [one.partition(":")[0] for one in capital_alarms(router.ledger)] == [
        "unallocated has -0.25 BNB",
        "unallocated has -7.00 USD",
    ]


def test_a_strategy_with_nothing_left_is_told() -> None:
    router, alarms = watched(FUTURE)
    buy(router, FUTURE, "4", "100")
    hear(router, "ES", 49.99)
    assert "a has no equity left: -2.00 USD; give it more, or take it out" in alarms()


def test_a_strategy_that_was_never_given_anything_is_in_order() -> None:
    router, alarms = watched(STOCK)
    book = router.ledger.of("a")
    book.endow({"USD": Decimal(-10_000)})
    assert alarms() == []


def test_what_has_no_rate_is_passed_over() -> None:
    router, alarms = watched(EURO_STOCK, PAIR)
    buy(router, EURO_STOCK, "500", "100")
    router.ledger.mark("SAP", 0.01)
    assert alarms() == []
    hear(router, "EURUSD", 1.25)
    assert alarms() == ["a has no equity left: -52493.75 USD; give it more, or take it out"]
