"""Amounts in other currencies: straight over a pair, against it, over a third currency, or not at all."""

from decimal import Decimal

import msgspec
import pytest

from trading.instruments import Instrument, InstrumentKind, MarginTerms
from trading.money import Currency
from trading.rates import Pair, Rates


def pair(base: str, quote: str, symbol: str = "") -> Instrument:
    """The pair of two currencies, named after them."""
    return Instrument(
        symbol=symbol or base + quote,
        kind=InstrumentKind.FX,
        currency=Currency.known(quote),
        base=Currency.known(base),
        tick_size=Decimal("0.00001"),
        lot_size=Decimal(1),
    )


STOCK = Instrument(
    symbol="AAA",
    kind=InstrumentKind.EQUITY,
    currency=Currency.known("SEK"),
    tick_size=Decimal("0.01"),
    lot_size=Decimal(1),
)
PAIRS = {one.symbol: one for one in (pair("EUR", "USD"), pair("USD", "JPY"), pair("GBP", "USD"), STOCK)}
PRICES = {"EURUSD": Decimal("1.25"), "USDJPY": Decimal(150), "GBPUSD": Decimal("1.5"), "AAA": Decimal(10)}


def unheard(_: str) -> Decimal | None:
    return None


def converted(amount: str, of: str, into: str, **prices: str | None) -> Decimal | None:
    """An amount at the usual prices but for those named; None is a price that was not heard."""
    changed = {symbol: None if price is None else Decimal(price) for symbol, price in prices.items()}
    return Rates(PAIRS, {**PRICES, **changed}.get).convert(Decimal(amount), of, Currency.known(into))


@pytest.mark.parametrize(
    ("amount", "of", "into", "result"),
    [
        ("100", "USD", "USD", "100.00"),
        ("0.005", "USD", "USD", "0.00"),
        ("0.015", "USD", "USD", "0.02"),
        ("100", "EUR", "USD", "125.00"),
        ("-100", "EUR", "USD", "-125.00"),
        ("100", "USD", "EUR", "80.00"),
        ("1", "USD", "JPY", "150"),
        ("100", "JPY", "USD", "0.67"),
        ("10", "EUR", "JPY", "1875"),
        ("1875", "JPY", "EUR", "10.00"),
        ("10", "GBP", "EUR", "12.00"),
        ("10", "EUR", "GBP", "8.33"),
        ("0.01", "JPY", "JPY", "0"),
    ],
)
def test_an_amount_is_converted_at_the_last_prices(amount: str, of: str, into: str, result: str) -> None:
    assert str(converted(amount, of, into)) == result


@pytest.mark.parametrize(
    ("of", "into", "prices"),
    [
        ("SEK", "USD", {}),
        ("USD", "SEK", {}),
        ("EUR", "USD", {"EURUSD": None}),
        ("USD", "EUR", {"EURUSD": None}),
        ("EUR", "JPY", {"EURUSD": None}),
        ("EUR", "JPY", {"USDJPY": None}),
        ("EUR", "USD", {"EURUSD": "0"}),
        ("USD", "EUR", {"EURUSD": "0"}),
        ("EUR", "JPY", {"USDJPY": "-1"}),
    ],
)
def test_without_a_way_or_a_price_above_zero_there_is_no_rate(
    of: str, into: str, prices: dict[str, str | None]
) -> None:
    assert converted("100", of, into, **prices) is None
    assert converted("0", of, into, **prices) == 0


def test_nothing_is_rounded_between_two_pairs() -> None:
    # 1 JPY is 0.00667 USD, which at its quantum would be 0.01 USD and 0.01 EUR; 100 of them are 0.53 EUR
    assert str(converted("1", "JPY", "EUR")) == "0.01"
    assert str(converted("100", "JPY", "EUR")) == "0.53"


def test_the_pair_of_both_comes_before_two_and_the_first_before_the_second() -> None:
    pairs = [pair("EUR", "USD"), pair("USD", "JPY"), pair("EUR", "JPY"), pair("EUR", "JPY", "EURJPY.2")]
    rates = Rates({one.symbol: one for one in pairs}, unheard)
    assert rates.way("EUR", "JPY") == (Pair("EURJPY", divides=False),)
    assert rates.way("JPY", "EUR") == (Pair("EURJPY", divides=True),)
    assert rates.way("USD", "JPY") == (Pair("USDJPY", divides=False),)


def test_of_two_third_currencies_the_one_counts_that_stands_first() -> None:
    over_usd, over_gbp = [pair("EUR", "USD"), pair("USD", "JPY")], [pair("EUR", "GBP"), pair("GBP", "JPY")]
    for pairs, between in ((over_usd + over_gbp, "USD"), (over_gbp + over_usd, "GBP")):
        rates = Rates({one.symbol: one for one in pairs}, unheard)
        assert rates.way("EUR", "JPY") == (Pair(f"EUR{between}", divides=False), Pair(f"{between}JPY", divides=False))
    assert Rates(PAIRS, unheard).way("EUR", "SEK") is None


def test_three_pairs_are_no_way() -> None:
    pairs = [pair("EUR", "USD"), pair("USD", "JPY"), pair("CHF", "JPY")]
    assert Rates({one.symbol: one for one in pairs}, unheard).way("EUR", "CHF") is None


def test_the_price_of_a_perpetual_is_no_rate() -> None:
    usd = Currency.known("USD")
    terms = MarginTerms(currency=usd, initial=Decimal("0.1"), maintenance=Decimal("0.05"))
    perpetual = msgspec.structs.replace(pair("BTC", "USD"), kind=InstrumentKind.PERPETUAL, margin=terms)
    rates = Rates({"BTCUSD": perpetual}, {"BTCUSD": Decimal(5_000)}.get)
    assert rates.way("BTC", "USD") is None
    assert rates.convert(Decimal(1), "BTC", usd) is None
