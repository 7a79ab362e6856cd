"""Orders on margin: a container may be short and buy for more than its cash, as long as the margin fits into equity."""

from decimal import Decimal
from itertools import product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import fill, terms
from tests.market_builders import EUR, USD, an_instrument
from trading.account.gate import Gate
from trading.account.ledger import Ledger
from trading.admission import Admission
from trading.appraiser import Appraiser
from trading.capabilities import Capabilities
from trading.instruments import Instrument, InstrumentKind, MarginTerms
from trading.limits import RiskLimits
from trading.money import Currency
from trading.order_manager import OrderManager
from trading.order_validator import OrderValidator
from trading.orders import Order, OrderChange, OrderTerms, OrderType, Side
from trading.portfolio import VirtualPortfolio
from trading.refusals import Refusal

BUY, SELL = Side.BUY, Side.SELL
FIFTH = MarginTerms(currency=USD, initial=Decimal("0.2"), maintenance=Decimal("0.1"))
PER_UNIT = msgspec.structs.replace(FIFTH, initial=Decimal(500), maintenance=Decimal(400), per_unit=True)


def on_margin(
    symbol: str,
    kind: InstrumentKind = InstrumentKind.EQUITY,
    *,
    currency: Currency = USD,
    base: Currency | None = None,
    margin: MarginTerms | None = FIFTH,
    multiplier: int = 1,
) -> Instrument:
    return msgspec.structs.replace(
        an_instrument(symbol, currency=currency), kind=kind, base=base, margin=margin, multiplier=Decimal(multiplier)
    )


INSTRUMENTS = {
    "AAA": on_margin("AAA"),
    "BBB": on_margin("BBB"),
    "CL": on_margin("CL", InstrumentKind.FUTURE, multiplier=10),
    "ES": on_margin("ES", InstrumentKind.FUTURE, margin=PER_UNIT, multiplier=50),
    "EEE": on_margin("EEE", currency=EUR),
    "EURUSD": on_margin("EURUSD", InstrumentKind.FX, base=EUR),
}
PRICES = {"AAA": "100", "BBB": "50", "CL": "40", "ES": "4000", "EEE": "10", "EURUSD": "2"}


class Desk:
    """One container with 1,000 USD, and what it holds and has working. Margin is a fifth, of ES 500 USD a unit."""

    def __init__(self, instruments: dict[str, Instrument] = INSTRUMENTS, **cash: str) -> None:
        self.prices = {symbol: Decimal(price) for symbol, price in PRICES.items()}
        self.instruments = instruments
        self.orders = OrderManager("a")
        amounts = {currency: Decimal(amount) for currency, amount in (cash or {"USD": "1000"}).items()}
        self.portfolio = VirtualPortfolio("a", amounts, instruments)
        self.admission = Admission(
            validator=OrderValidator(instruments),
            orders=self.orders,
            portfolio=self.portfolio,
            limits=RiskLimits(),
            appraiser=Appraiser(instruments, self.prices.get),
        )

    def holding(self, quantity: str, symbol: str = "AAA") -> "Desk":
        """With so many units more, negative for a short, at the current price."""
        signed = Decimal(quantity)
        order = terms(BUY if signed > 0 else SELL, str(abs(signed)), symbol=symbol)
        self.portfolio.book(fill(order, at=str(self.prices[symbol]), instrument=self.instruments[symbol]))
        return self

    def working(self, side: Side, quantity: str, limit: str | None = None, symbol: str = "AAA") -> Order:
        """One more order on its way."""
        order = self.orders.add(terms(side, quantity, limit, n=self.orders.added + 101, symbol=symbol))
        self.orders.change(order, OrderChange.VALIDATE, 1)
        self.orders.change(order, OrderChange.ROUTE, 1)
        return order

    def priced(self, **prices: str | None) -> "Desk":
        """At other prices; None is one that was not heard."""
        for symbol, price in prices.items():
            if price is None:
                del self.prices[symbol]
            else:
                self.prices[symbol] = Decimal(price)
                self.portfolio.mark(symbol, float(price))
        return self

    def asks(self, side: Side, quantity: str, limit: str | None = None, symbol: str = "AAA") -> str:
        """What is said to an order: `passes`, or the code of the refusal."""
        refusal = self.refusal(terms(side, quantity, limit, symbol=symbol))
        return refusal.code if refusal is not None else "passes"

    def refusal(self, order: OrderTerms) -> Refusal | None:
        return self.admission.misfit(order) or self.admission.excess(order, 1)

    def amend(self, order: Order, **numbers: str) -> Refusal | None:
        asked = msgspec.structs.replace(order.terms, **{name: Decimal(number) for name, number in numbers.items()})
        return self.admission.amend_misfit(asked) or self.admission.excess(asked, 1)


@pytest.mark.parametrize(
    ("side", "symbol", "limit", "most"),
    [
        (BUY, "AAA", None, 50),  # a fifth of 5,000
        (SELL, "AAA", None, 50),
        (BUY, "AAA", "80", 62),  # 992.00
        (SELL, "AAA", "200", 25),
        (BUY, "CL", None, 12),  # 80 a unit
        (SELL, "CL", None, 12),
        (BUY, "ES", None, 2),
        (SELL, "ES", None, 2),
        (BUY, "EEE", None, 250),  # 2 EUR, 4 USD
        (SELL, "EEE", None, 250),
        (BUY, "EURUSD", None, 2500),
    ],
)
def test_the_margin_of_an_order_fits_into_equity(side: Side, symbol: str, limit: str | None, most: int) -> None:
    assert Desk().asks(side, str(most), limit, symbol) == "passes"
    assert Desk().asks(side, str(most + 1), limit, symbol) == "insufficient_margin"


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (terms(quantity="55"), "1,100.00 USD of initial margin would be needed (55 AAA), equity is 1,000.00 USD"),
        (terms(SELL, "55"), "1,100.00 USD of initial margin would be needed (-55 AAA), equity is 1,000.00 USD"),
        (
            terms(quantity="300", symbol="EEE"),
            "1,200.00 USD of initial margin would be needed (300 EEE), equity is 1,000.00 USD",
        ),
    ],
)
def test_a_refusal_tells_the_numbers(order: OrderTerms, sentence: str) -> None:
    assert Desk().refusal(order) == Refusal("insufficient_margin", sentence)


def test_a_refusal_tells_what_is_needed_elsewhere() -> None:
    desk = Desk().holding("-20", "BBB").holding("25", "EEE")
    assert desk.refusal(terms(quantity="45")) == Refusal(
        "insufficient_margin",
        "1,200.00 USD of initial margin would be needed (45 AAA: 900.00; elsewhere 300.00), equity is 1,000.00 USD",
    )
    assert desk.refusal(terms(quantity="35")) is None


def test_what_has_lost_or_gained_changes_what_can_be_put_up() -> None:
    desk = Desk().holding("-10").priced(AAA="150")  # 500 lost; 300 put up
    assert desk.asks(SELL, "6") == "passes"
    assert desk.asks(SELL, "7") == "insufficient_margin"
    desk.priced(AAA="50")  # 500 gained
    assert desk.asks(SELL, "140") == "passes"
    assert desk.asks(SELL, "141") == "insufficient_margin"


def test_equity_is_of_all_currencies() -> None:
    desk = Desk(USD="500", EUR="250")
    assert desk.asks(BUY, "50") == "passes"
    assert desk.asks(BUY, "51") == "insufficient_margin"


def test_debt_in_another_currency_is_taken_off() -> None:
    desk = Desk().holding("50", "EEE").priced(EEE="5")  # costs 500 EUR and is worth 250
    assert desk.portfolio.cash["EUR"] == -500
    assert desk.refusal(terms(quantity="30")) == Refusal(
        "insufficient_margin",
        "700.00 USD of initial margin would be needed (30 AAA: 600.00; elsewhere 100.00), equity is 500.00 USD",
    )


# The worst case.


@pytest.mark.parametrize(
    ("held", "buys", "sells", "side", "most"),
    [
        ("0", None, None, BUY, 50),
        ("20", None, None, BUY, 30),
        ("20", None, None, SELL, 70),
        ("-20", None, None, BUY, 70),
        ("-20", None, None, SELL, 30),
        ("20", "10", None, BUY, 20),
        ("20", "10", None, SELL, 70),
        ("20", None, "30", BUY, 30),
        ("20", None, "30", SELL, 40),
        ("0", "30", "30", BUY, 20),
        ("0", "30", "30", SELL, 20),
    ],
)
def test_buys_are_never_netted_against_sells(
    held: str, buys: str | None, sells: str | None, side: Side, most: int
) -> None:
    desk = Desk() if held == "0" else Desk().holding(held)
    for working, quantity in ((BUY, buys), (SELL, sells)):
        if quantity is not None:
            desk.working(working, quantity)
    assert desk.asks(side, str(most)) == "passes"
    assert desk.asks(side, str(most + 1)) == "insufficient_margin"


def test_what_an_order_claims_is_reckoned_at_its_price_and_the_rest_at_the_current_one() -> None:
    desk = Desk().holding("20")  # 400
    assert desk.asks(BUY, "60", "50") == "passes"
    assert desk.asks(BUY, "61", "50") == "insufficient_margin"
    stop = msgspec.structs.replace(terms(quantity="20"), type=OrderType.STOP, stop_price=Decimal(150))
    assert desk.refusal(stop) is None
    assert desk.refusal(msgspec.structs.replace(stop, quantity=Decimal(21))) is not None


def test_orders_elsewhere_count_in_their_worst_case_too() -> None:
    desk = Desk()
    desk.working(SELL, "40", symbol="BBB")
    desk.working(BUY, "30", symbol="BBB")
    assert desk.asks(BUY, "30") == "passes"
    assert desk.asks(BUY, "31") == "insufficient_margin"


def test_what_only_reduces_passes_whatever_is_lost() -> None:
    desk = Desk().holding("40").holding("-10", "BBB").priced(AAA="30")
    assert desk.portfolio.exact_equity("USD") == -1_800
    assert desk.asks(SELL, "40") == "passes"
    assert desk.asks(SELL, "41") == "insufficient_margin"
    assert desk.asks(BUY, "10", symbol="BBB") == "passes"
    assert desk.asks(BUY, "11", symbol="BBB") == "insufficient_margin"


def test_an_amendment_to_less_passes_and_one_to_more_is_judged() -> None:
    desk = Desk()
    order = desk.working(SELL, "40", "100")
    desk.holding("-20").priced(AAA="120")  # equity 600; 60 short of AAA would put up 1,440 now
    assert desk.amend(order, quantity="30") is None
    assert desk.amend(order, limit_price="99") is None
    for more in ({"quantity": "41"}, {"limit_price": "101"}):
        refusal = desk.amend(order, **more)
        assert refusal is not None
        assert refusal.code == "insufficient_margin"


def test_exits_of_what_has_not_filled_put_up_nothing() -> None:
    desk = Desk()
    desk.working(BUY, "50", "100")
    exit_ = msgspec.structs.replace(terms(SELL, "50", "200"), parent_id="a-101")
    assert desk.refusal(exit_) is None


def test_a_group_puts_up_the_margin_of_the_dearest_once() -> None:
    desk = Desk()
    first = msgspec.structs.replace(terms(quantity="50", limit="100", n=101), group_id="a-g1")
    order = desk.orders.add(first)
    desk.orders.change(order, OrderChange.VALIDATE, 1)
    desk.orders.change(order, OrderChange.ROUTE, 1)
    second = msgspec.structs.replace(terms(quantity="50", limit="90", n=102), group_id="a-g1")
    assert desk.refusal(second) is None
    assert desk.asks(BUY, "1", "90") == "insufficient_margin"


# Prices at or below zero.


@pytest.mark.parametrize(("price", "most"), [("-40", 12), ("-100", 5), ("-0.01", 50_000)])
def test_a_negative_price_puts_up_as_much_as_its_opposite(price: str, most: int) -> None:
    for side in Side:
        desk = Desk().priced(CL=price)
        assert desk.asks(side, str(most), symbol="CL") == "passes"
        assert desk.asks(side, str(most + 1), symbol="CL") == "insufficient_margin"


def test_a_limit_of_zero_or_below_is_a_price() -> None:
    desk = Desk()
    assert desk.asks(BUY, "1000000", "0", "CL") == "passes"
    assert desk.asks(SELL, "10", "-50", "CL") == "passes"
    assert desk.asks(SELL, "11", "-50", "CL") == "insufficient_margin"
    assert desk.asks(BUY, "10", "0", "AAA") == "bad_price"


def test_of_a_group_the_price_furthest_from_zero_counts() -> None:
    desk = Desk()
    for n, limit in ((101, "-50"), (102, "1")):
        order = desk.orders.add(msgspec.structs.replace(terms(BUY, "5", limit, n=n, symbol="CL"), group_id="a-g1"))
        desk.orders.change(order, OrderChange.VALIDATE, 1)
        desk.orders.change(order, OrderChange.ROUTE, 1)
    third = msgspec.structs.replace(terms(BUY, "10", "1", n=103, symbol="CL"), group_id="a-g1")
    assert desk.refusal(third) is None
    refusal = desk.refusal(msgspec.structs.replace(third, quantity=Decimal(11)))
    assert refusal is not None
    assert refusal.reason.startswith("1,100.00 USD of initial margin would be needed (11 CL)")


# What is missing.


@pytest.mark.parametrize(
    ("missing", "order", "code", "sentence"),
    [
        ("AAA", terms(), "no_price", "no price of AAA has been heard yet; subscribe to it"),
        ("BBB", terms(), "no_price", "no price of BBB has been heard yet; subscribe to it"),
        (
            "EURUSD",
            terms(symbol="EEE"),
            "no_rate",
            "no rate from EUR to USD: no price of EURUSD has been heard yet; subscribe to it",
        ),
    ],
)
def test_what_was_not_heard_is_named(missing: str, order: OrderTerms, code: str, sentence: str) -> None:
    desk = Desk()
    desk.working(BUY, "1", "50", symbol="BBB")
    assert desk.priced(**{missing: None}).refusal(order) == Refusal(code, sentence)


def test_a_currency_that_no_pair_leads_from_is_named() -> None:
    desk = Desk({symbol: INSTRUMENTS[symbol] for symbol in ("AAA", "EEE")})
    no_pair = Refusal("no_rate", "no rate from EUR to USD: no pair leads there; add one to instruments")
    assert desk.refusal(terms(symbol="EEE")) == no_pair
    assert desk.refusal(terms()) is None
    assert Desk(desk.instruments, USD="1000", EUR="1").refusal(terms()) == no_pair


def test_a_rate_at_or_below_zero_is_none() -> None:
    assert Desk().priced(EURUSD="0").refusal(terms(symbol="EEE")) == Refusal(
        "no_rate", "no rate from EUR to USD: EURUSD is at 0"
    )


def test_an_order_with_a_price_of_its_own_needs_no_other() -> None:
    desk = Desk().priced(AAA=None)
    assert desk.asks(BUY, "50", "100") == "passes"
    assert desk.asks(BUY, "51", "100") == "insufficient_margin"


def test_what_only_reduces_needs_neither_price_nor_rate() -> None:
    desk = Desk().holding("10", "EEE").priced(EEE=None, EURUSD=None)
    assert desk.asks(SELL, "10", symbol="EEE") == "passes"
    assert desk.asks(SELL, "11", symbol="EEE") == "no_price"


def test_a_perpetual_is_reckoned_at_its_mark_once_that_is_heard() -> None:
    perpetual = msgspec.structs.replace(on_margin("PERP", InstrumentKind.PERPETUAL), mark_symbol="INDEX")
    desk = Desk({"PERP": perpetual, "INDEX": on_margin("INDEX")}).priced(PERP="100")
    assert desk.asks(SELL, "50", symbol="PERP") == "passes"
    desk.priced(INDEX="125")
    assert desk.asks(SELL, "40", symbol="PERP") == "passes"
    assert desk.asks(SELL, "41", symbol="PERP") == "insufficient_margin"


# Beside a cash account.

CASH = {symbol: on_margin(symbol, margin=None) for symbol in ("AAA", "BBB")}


def test_without_margin_nothing_is_sold_short_nor_bought_beyond_cash() -> None:
    assert Desk(CASH).asks(BUY, "10") == "passes"
    assert Desk(CASH).asks(BUY, "11") == "insufficient_cash"
    assert Desk(CASH).asks(SELL, "1") == "short_not_allowed"


def test_where_both_are_what_is_paid_for_needs_cash_and_room_beside_the_margin() -> None:
    mixed = {**INSTRUMENTS, "BBB": CASH["BBB"]}
    assert Desk(mixed).asks(SELL, "1", symbol="BBB") == "short_not_allowed"
    short = Desk(mixed).holding("-40")  # 5,000 of cash, of which 4,000 are owed; 800 put up
    assert short.asks(BUY, "4", symbol="BBB") == "passes"
    assert short.asks(BUY, "5", symbol="BBB") == "insufficient_margin"


# Beside others on the same account.


class Account:
    """Two containers of 1,000 USD each on one account, one that has nothing, 500 USD over, and the gate before them."""

    def __init__(self, *, limits: RiskLimits | None = None) -> None:
        capital = {"a": {"USD": Decimal(1_000)}, "b": {"USD": Decimal(1_000)}, "c": {"USD": Decimal(0)}}
        self.ledger = Ledger(cash={"USD": Decimal(2_500)}, capital=capital, instruments=INSTRUMENTS)
        self.orders = {strategy: OrderManager(strategy) for strategy in capital}
        self.prices = {symbol: Decimal(price) for symbol, price in PRICES.items()}
        self.gate = Gate(
            ledger=self.ledger,
            orders=self.orders,
            instruments=INSTRUMENTS,
            capabilities=Capabilities.everything(),
            account_limits=limits or RiskLimits(),
            limits=dict.fromkeys(capital, RiskLimits()),
            price_of=self.prices.get,
            restriction=lambda _: None,
        )

    def holding(self, strategy: str, quantity: str, at: str = "100", symbol: str = "AAA") -> "Account":
        signed = Decimal(quantity)
        order = terms(BUY if signed > 0 else SELL, str(abs(signed)), strategy=strategy, symbol=symbol)
        self.ledger.book(fill(order, at=at, instrument=INSTRUMENTS[symbol]))
        self.ledger.mark(symbol, float(self.prices[symbol]))
        return self


def test_the_gate_asks_the_same_of_the_ledger_s_books() -> None:
    account = Account()
    assert account.gate.refusal(terms(SELL, "50")) is None
    assert account.gate.refusal(terms(SELL, "51")) == Refusal(
        "insufficient_margin",
        "1,020.00 USD of initial margin would be needed (-51 AAA), equity is 1,000.00 USD",
    )


def test_the_account_s_margin_is_of_what_all_hold_together() -> None:
    account = Account().holding("who", "100")  # a stranger's, at no cost to the containers; 2,000 put up of 2,500
    assert account.gate.refusal(terms(quantity="25")) is None
    assert account.gate.refusal(terms(quantity="26")) == Refusal(
        "account_insufficient_margin",
        "for the account, 2,520.00 USD of initial margin would be needed (126 AAA), equity is 2,500.00 USD",
    )
    assert account.gate.refusal(terms(SELL, "50", strategy="b")) is None, "netted over all"


def test_what_reduces_the_net_passes_the_account_though_it_is_above_its_margin() -> None:
    account = Account().holding("who", "100", at="120").holding("b", "10")  # 500 USD are left of all equity
    assert account.gate.refusal(terms(SELL, "50")) is None
    assert account.gate.refusal(terms(quantity="1")) is not None
    assert account.gate.refusal(terms(SELL, "10", strategy="b")) is None


def test_what_reduces_its_container_passes_though_the_account_is_above_its_margin() -> None:
    account = Account().holding("c", "-130").holding("b", "10")  # net 120 short puts up 2,400; equity 2,500
    assert account.gate.refusal(terms(SELL, "10", strategy="b")) is None
    refusal = account.gate.refusal(terms(SELL, "6"))
    assert refusal is not None
    assert refusal.code == "account_insufficient_margin"


def test_what_is_missing_is_said_as_plainly_of_the_account() -> None:
    account = Account().holding("who", "1", at="50", symbol="BBB")
    del account.prices["BBB"]
    assert account.gate.refusal(terms()) == Refusal("no_price", "no price of BBB has been heard yet; subscribe to it")


def test_the_account_s_limits_are_asked_as_well() -> None:
    account = Account(limits=RiskLimits(max_position_quantity=Decimal(5)))
    refusal = account.gate.refusal(terms(SELL, "6"))
    assert refusal is not None
    assert refusal.code == "account_max_position_quantity"


# The law: whatever of the working orders fills at the current prices, the margin fits.

wishes = st.lists(
    st.tuples(st.sampled_from(["AAA", "BBB", "CL"]), st.sampled_from(Side), st.integers(1, 30)), max_size=6
)


@settings(max_examples=100)
@given(wishes, st.tuples(*[st.integers(-10, 10)] * 3))
def test_whatever_fills_of_what_was_let_through_the_margin_fits(
    orders: list[tuple[str, Side, int]], held: tuple[int, ...]
) -> None:
    desk, symbols = Desk(), ("AAA", "BBB", "CL")
    positions = dict(zip(symbols, held, strict=True))
    for symbol, quantity in positions.items():
        if quantity:
            desk.holding(str(quantity), symbol)
    working: list[tuple[str, int]] = []
    for symbol, side, quantity in orders:
        if desk.asks(side, str(quantity), symbol=symbol) == "passes":
            desk.working(side, str(quantity), symbol=symbol)
            working.append((symbol, quantity if side is BUY else -quantity))
    rate = {"AAA": 20, "BBB": 10, "CL": 80}  # what a unit puts up
    before = sum(abs(positions[symbol]) * rate[symbol] for symbol in symbols)
    for filled in product((False, True), repeat=len(working)):
        after = dict(positions)
        for (symbol, signed), fills in zip(working, filled, strict=True):
            after[symbol] += signed if fills else 0
        assert sum(abs(after[symbol]) * rate[symbol] for symbol in symbols) <= max(1_000, before)
