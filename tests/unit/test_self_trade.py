"""Self-trade prevention: which orders of one account would trade with each other, and what becomes of the later one."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pytest

from tests.builders import fill, report, terms
from tests.market_builders import an_instrument
from trading.account.gate import Gate
from trading.account.ledger import Ledger
from trading.account.self_trade import Wait
from trading.capabilities import Capabilities
from trading.limits import RiskLimits, SelfTrade
from trading.order_manager import OrderManager
from trading.orders import Order, OrderChange, OrderTerms, OrderType, Side
from trading.refusals import Refusal
from trading.reports import ReportKind
from trading.timestamps import SECOND

BUY, SELL = Side.BUY, Side.SELL
INSTRUMENTS = {symbol: an_instrument(symbol) for symbol in ("AAA", "BBB")}


class Account:
    """Two containers that hold 100 AAA each and have cash; everything costs 100."""

    def __init__(self, self_trade: SelfTrade | None = "reject", **limits: object) -> None:
        capital: Mapping[str, Mapping[str, Decimal]] = {s: {"USD": Decimal(50_000)} for s in ("a", "b")}
        self.ledger = Ledger(cash={"USD": Decimal(100_000)}, capital=capital, instruments=INSTRUMENTS)
        self.orders = {strategy: OrderManager(strategy) for strategy in capital}
        self.gate = Gate(
            ledger=self.ledger,
            orders=self.orders,
            instruments=INSTRUMENTS,
            capabilities=Capabilities.everything(),
            account_limits=RiskLimits(self_trade=self_trade, **limits),  # type: ignore[arg-type]
            limits=dict.fromkeys(capital, RiskLimits()),
            price_of=lambda _: Decimal(100),
            restriction=lambda _: None,
        )
        self.gate.now_ns = SECOND
        for strategy in capital:
            self.ledger.book(fill(terms(quantity="100", strategy=strategy)))

    def rests(self, asked: OrderTerms, *reports: ReportKind) -> Order:
        """An order that the venue has."""
        manager = self.orders[asked.strategy]
        order = manager.add(asked)
        manager.change(order, OrderChange.VALIDATE, 1)
        manager.change(order, OrderChange.ROUTE, 1)
        for kind in reports or (ReportKind.ACCEPTED,):
            manager.apply(report(asked, kind))
        return order

    def code(self, asked: OrderTerms) -> str | None:
        refusal = self.gate.refusal(asked)
        return None if refusal is None else refusal.code


def stopping(
    side: Side, stop: str, limit: str | None = None, *, type_: OrderType = OrderType.STOP, n: int = 1, by: str = "b"
) -> OrderTerms:
    price = None if limit is None else Decimal(limit)
    return msgspec.structs.replace(
        terms(side, n=n, strategy=by), type=type_, stop_price=Decimal(stop), limit_price=price
    )


def flagged(asked: OrderTerms, **changes: object) -> OrderTerms:
    return msgspec.structs.replace(asked, **changes)


# What would trade with what.

CROSSES: list[tuple[str, OrderTerms, OrderTerms, bool]] = [
    ("prices meet", terms(SELL, limit="101", strategy="b"), terms(BUY, limit="101"), True),
    ("prices cross", terms(SELL, limit="101", strategy="b"), terms(BUY, limit="102"), True),
    ("prices do not", terms(SELL, limit="101", strategy="b"), terms(BUY, limit="100.99"), False),
    ("the other way", terms(BUY, limit="99", strategy="b"), terms(SELL, limit="99"), True),
    ("the other way not", terms(BUY, limit="99", strategy="b"), terms(SELL, limit="99.01"), False),
    ("a market order", terms(SELL, limit="500", strategy="b"), terms(BUY), True),
    ("two market orders", terms(SELL, strategy="b"), terms(BUY), True),
    ("one that waits at the market", terms(SELL, strategy="b"), terms(BUY, limit="1"), True),
    ("the same side", terms(BUY, limit="101", strategy="b"), terms(BUY, limit="101"), False),
    ("another symbol", terms(BUY, limit="101", strategy="b", symbol="BBB"), terms(SELL), False),
    ("its own container's", terms(SELL, limit="101", n=7), terms(BUY, limit="101"), True),
    ("a stop that sleeps", stopping(SELL, "95"), terms(BUY, limit="101"), False),
    ("a stop that is placed", terms(BUY, limit="99", strategy="b"), stopping(SELL, "99", by="a"), False),
    ("one if touched", stopping(SELL, "105", type_=OrderType.MARKET_IF_TOUCHED), terms(BUY), False),
    ("post-only", terms(SELL, limit="101", strategy="b"), flagged(terms(BUY, limit="101"), post_only=True), False),
    (
        "on open with a limit",
        flagged(terms(SELL, limit="101", strategy="b"), type=OrderType.ON_OPEN),
        flagged(terms(BUY, limit="101"), type=OrderType.ON_OPEN),
        True,
    ),
]


@pytest.mark.parametrize(("name", "resting", "order", "crosses"), CROSSES, ids=[row[0] for row in CROSSES])
def test_which_orders_would_trade_with_each_other(
    name: str, resting: OrderTerms, order: OrderTerms, *, crosses: bool
) -> None:
    account = Account("cancel_resting")
    account.rests(resting)
    wait = account.gate.wait(order)
    assert (wait is not None) is crosses, name
    if wait is not None:
        assert [one.order_id for one in wait.cancel] == [resting.order_id]


@pytest.mark.parametrize(
    ("resting", "told", "crosses"),
    [
        (terms(SELL, limit="101", strategy="b"), ReportKind.CANCELLED, False),
        (terms(SELL, limit="101", strategy="b"), ReportKind.FILLED, False),
        (terms(SELL, limit="101", strategy="b"), ReportKind.UNKNOWN, True),
        (stopping(SELL, "95", "94", type_=OrderType.STOP_LIMIT), ReportKind.TRIGGERED, True),
        (stopping(SELL, "95"), ReportKind.TRIGGERED, True),
    ],
)
def test_what_was_heard_of_the_resting_order_counts(resting: OrderTerms, told: ReportKind, *, crosses: bool) -> None:
    account = Account()
    account.rests(resting, ReportKind.ACCEPTED, told)
    assert account.code(terms(BUY, limit="101")) == ("self_trade" if crosses else None)


def test_what_is_being_cancelled_rests_until_that_is_answered() -> None:
    account = Account()
    resting = account.rests(terms(SELL, limit="101", strategy="b"))
    account.orders["b"].change(resting, OrderChange.REQUEST_CANCEL, 2)
    assert account.code(terms(BUY, limit="101")) == "self_trade"


def test_what_is_being_amended_rests_at_either_price() -> None:
    account = Account()
    resting = account.rests(terms(SELL, limit="110", strategy="b"))
    account.orders["b"].amend(resting, terms(SELL, limit="101", strategy="b"), 2)
    assert account.code(terms(BUY, limit="101")) == "self_trade"
    assert account.code(terms(BUY, limit="100")) is None


def test_an_exit_rests_once_its_parent_has_filled_something() -> None:
    account = Account()
    entry = account.rests(terms(BUY, limit="100", strategy="b"))
    account.rests(flagged(terms(SELL, limit="102", n=2, strategy="b"), parent_id="b-1"))
    assert account.code(terms(BUY)) is None
    filled = fill(entry.terms, "4")
    account.orders["b"].apply(report(entry.terms, ReportKind.FILLED, filled=filled))
    assert account.code(terms(BUY)) == "self_trade"


def test_within_a_collar_a_market_order_reaches_no_further() -> None:
    account = Account(price_collar_percent=Decimal(5))
    account.rests(terms(SELL, limit="105.01", strategy="b"))
    assert account.code(terms(BUY)) is None
    account.rests(terms(SELL, limit="105", n=2, strategy="b"))
    assert account.code(terms(BUY)) == "self_trade"


# What becomes of the later one.


def test_a_refusal_names_the_order_that_it_would_trade_with() -> None:
    account = Account()
    account.rests(terms(SELL, "5", "101", strategy="b", n=3))
    assert account.gate.refusal(terms(BUY, limit="102")) == Refusal(
        "self_trade",
        "a buy of 10 AAA at 102 would trade with b-3 of the same account, a sell of 5 AAA at 101 (self_trade: reject)",
    )
    account.rests(terms(SELL, "5", "101", strategy="b", n=4))
    assert account.gate.refusal(terms(BUY)) == Refusal(
        "self_trade",
        "a buy of 10 AAA would trade with b-3 of the same account, a sell of 5 AAA at 101 and 1 more "
        "(self_trade: reject)",
    )


@pytest.mark.parametrize("policy", [None, "allow"])
def test_allowed_is_whatever_comes(policy: SelfTrade | None) -> None:
    account = Account(policy)
    account.rests(terms(SELL, limit="101", strategy="b"))
    assert account.gate.refusal(terms(BUY)) is None
    assert account.gate.wait(terms(BUY)) is None


@pytest.mark.parametrize(("policy", "cancelled"), [("hold", []), ("cancel_resting", ["b-1", "a-7"])])
def test_an_order_waits_for_the_resting_one_to_go(policy: SelfTrade, cancelled: list[str]) -> None:
    account = Account(policy)
    account.rests(terms(SELL, limit="101", strategy="b"))
    account.rests(terms(SELL, limit="101", n=7))
    going = account.rests(terms(SELL, limit="101", n=2, strategy="b"))
    account.orders["b"].change(going, OrderChange.REQUEST_CANCEL, 2)
    assert account.gate.refusal(terms(BUY)) is None
    wait = account.gate.wait(terms(BUY))
    assert wait is not None
    assert sorted(order.order_id for order in wait.cancel) == sorted(cancelled), (
        "what is being cancelled already is not"
    )
    assert wait.until_ns == 2 * SECOND
    assert account.gate.wait(terms(BUY, limit="100")) is None


@pytest.mark.parametrize("policy", ["hold", "cancel_resting"])
def test_what_has_waited_long_enough_is_refused(policy: SelfTrade) -> None:
    account = Account(policy, self_trade_wait_ns=3 * SECOND)
    resting = account.rests(terms(SELL, limit="101", strategy="b"))
    account.gate.now_ns = 4 * SECOND - 1
    assert isinstance(account.gate.wait(terms(BUY)), Wait)
    account.gate.now_ns = 4 * SECOND
    assert account.gate.wait(terms(BUY)) is None
    assert account.code(terms(BUY)) == "self_trade"
    account.orders["b"].apply(report(resting.terms, ReportKind.CANCELLED))
    assert account.code(terms(BUY)) is None


@pytest.mark.parametrize("policy", ["reject", "hold", "cancel_resting"])
def test_what_only_reduces_is_never_refused(policy: SelfTrade) -> None:
    account = Account(policy)
    account.rests(terms(BUY, limit="99", strategy="b"))
    exit_ = terms(SELL, "100")
    assert account.code(exit_) is None
    assert (account.gate.wait(exit_) is None) is (policy == "reject")
    account.gate.now_ns = 9 * SECOND
    assert account.code(exit_) is None
    assert account.gate.wait(exit_) is None


@pytest.mark.parametrize("policy", ["reject", "hold", "cancel_resting"])
def test_an_amendment_that_would_trade_is_refused(policy: SelfTrade) -> None:
    account = Account(policy)
    account.rests(terms(SELL, limit="101", strategy="b"))
    order = account.rests(terms(BUY, limit="99"))
    assert account.gate.amend_refusal(flagged(order.terms, limit_price=Decimal(100))) is None
    refusal = account.gate.amend_refusal(flagged(order.terms, limit_price=Decimal(101)))
    assert refusal is not None
    assert refusal.code == "self_trade"


def test_other_rules_come_first() -> None:
    account = Account()
    account.rests(terms(SELL, limit="101", strategy="b"))
    assert account.code(terms(BUY, "100000")) == "insufficient_cash"
