"""Books as people see them: in the account's currency, with what is tied up, and null where a rate is missing."""

from decimal import Decimal

import msgspec

from daemon.book_views import AccountValues, added, holdings_view, position_view
from tests.builders import fill, terms
from tests.market_builders import USD, a_quote, an_instrument
from trading.account.ids import ClientOrderIds
from trading.account.router import RoutedStrategy, Router
from trading.instruments import Instrument, InstrumentKind, MarginTerms
from trading.limits import RiskLimits
from trading.money import Currency
from trading.orders import Side

EUR = Currency.known("EUR")
FUTURE = msgspec.structs.replace(
    an_instrument("ES"),
    kind=InstrumentKind.FUTURE,
    multiplier=Decimal(50),
    margin=MarginTerms(currency=USD, initial=Decimal("0.1"), maintenance=Decimal("0.05")),
)
EURO_STOCK = an_instrument("SAP", currency=EUR)
PAIR = msgspec.structs.replace(an_instrument("EURUSD", tick="0.0001"), kind=InstrumentKind.FX, base=EUR)


def a_router(*instruments: Instrument, **cash: str) -> tuple[Router, AccountValues]:
    """Two strategies with 10,000 USD each on an account with this cash more."""
    known = {instrument.symbol: instrument for instrument in instruments}
    amounts = {code: Decimal(amount) for code, amount in cash.items()}
    router = Router(
        strategies=[RoutedStrategy(strategy=name, capital={"USD": Decimal(10_000)}) for name in ("a", "b")],
        cash={"USD": Decimal(0), **amounts} | {"USD": amounts.get("USD", Decimal(0)) + 20_000},
        instruments=known,
        limits=RiskLimits(),
        ids=ClientOrderIds(1),
        currency=USD,
    )
    return router, AccountValues(router, known, USD)


def buy(router: Router, instrument: Instrument, quantity: str, at: str, strategy: str = "a") -> None:
    side = Side.SELL if quantity.startswith("-") else Side.BUY
    order = terms(side, quantity.lstrip("-"), strategy=strategy, symbol=instrument.symbol)
    router.ledger.book(fill(order, at=at, instrument=instrument))


def hear(router: Router, symbol: str, price: float) -> None:
    router.on_market(a_quote(price, price, at=1, symbol=symbol))


def test_margin_is_of_the_net_position_and_free_is_the_rest_of_equity() -> None:
    router, values = a_router(FUTURE)
    buy(router, FUTURE, "3", "100")
    buy(router, FUTURE, "-1", "100", "b")
    hear(router, "ES", 110.0)
    margin = values.margin()
    assert margin is not None
    assert (margin.initial, margin.maintenance) == (Decimal("1100.00"), Decimal("550.00"))
    assert values.whole_equity() == Decimal("21000.00")
    assert margin.free == Decimal("19900.00")


def test_a_cash_account_has_no_margin_and_a_margin_without_a_price_is_not_known() -> None:
    assert a_router(an_instrument())[1].margin() is None
    router, values = a_router(FUTURE)
    buy(router, FUTURE, "1", "100")
    margin = values.margin()
    assert margin is not None
    assert (margin.initial, margin.maintenance, margin.free) == (None, None, None)


def test_the_balance_stands_beside_cash_where_they_differ() -> None:
    router, _ = a_router(FUTURE)
    buy(router, FUTURE, "2", "100")
    held = holdings_view(router.ledger.of("a"), Decimal(10_000))
    assert (held.cash, held.balance, held.positions, held.equity) == (
        {"USD": Decimal(0)},
        {"USD": Decimal(10_000)},
        {"ES": Decimal(2)},
        Decimal(10_000),
    )
    assert holdings_view(router.ledger.of("b"), None).balance == {}


def test_a_position_shows_its_margin_at_the_mark() -> None:
    router, _ = a_router(FUTURE, an_instrument())
    buy(router, FUTURE, "-2", "100")
    buy(router, an_instrument(), "5", "10")
    book = router.ledger.of("a")
    future, stock = (position_view(book, book.positions[one.symbol], one) for one in (FUTURE, an_instrument()))
    assert (future.quantity, future.margin, future.currency) == (Decimal(-2), Decimal("1000.00"), "USD")
    assert (stock.margin, stock.unrealised) == (None, Decimal("0.00"))


def test_other_currencies_count_at_the_last_rate_and_not_before_one_is_heard() -> None:
    router, values = a_router(EURO_STOCK, PAIR, EUR="500")
    assert values.equity(router.ledger.of("a")) == Decimal("10000.00")
    assert values.equity(router.ledger.unallocated) is None
    assert values.whole_equity() is None
    assert values.rates(["USD", "EUR"]) == {"USD": Decimal(1)}
    hear(router, "EURUSD", 1.25)
    buy(router, EURO_STOCK, "4", "100")
    assert values.equity(router.ledger.of("a")) == Decimal("10000.00"), "400 EUR owed, 400 EUR held"
    assert values.whole_equity() == Decimal("20625.00")
    assert values.of({"EUR": Decimal(100), "USD": Decimal("0.5")}) == Decimal("125.50")
    assert values.rates(["EUR"]) == {"EUR": Decimal("1.25")}


def test_a_rate_is_finer_than_the_accounts_quantum() -> None:
    yen = msgspec.structs.replace(
        an_instrument("USDJPY", currency=Currency.known("JPY")), kind=InstrumentKind.FX, base=USD
    )
    router, values = a_router(yen)
    hear(router, "USDJPY", 150.0)
    assert values.of({"JPY": Decimal(1_000_000)}) == Decimal("6666.67")
    assert abs(values.rates(["JPY"])["JPY"] * 150 - 1) < Decimal("1e-20")


def test_a_sum_with_something_unknown_is_unknown() -> None:
    assert added([Decimal(1), Decimal(2)]) == Decimal(3)
    assert added([Decimal(1), None]) is None
    assert added([]) == Decimal(0)
