"""Accounts on margin and terms of what is held, one line each. A day is a day of UTC; day 0 is a Thursday."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.entitlements import (
    AccountTerms,
    Dividend,
    FundingRate,
    FundingTerms,
    HoldingTerms,
    InterestTerms,
    Rollover,
    SwapTerms,
    SwapUnit,
    UnitSplit,
)
from brokers.simulated.market import SimulatedMarket
from tests.market_builders import USD, Happening, a_trade, live, told
from trading.instruments import Instrument, InstrumentKind, MarginTerms
from trading.market import Market
from trading.market_data import Bar, Trade
from trading.money import Currency
from trading.timestamps import DAY, HOUR

A_DAY: Final = 86_400
"""Of seconds."""

THURSDAY, FRIDAY, SATURDAY, SUNDAY, MONDAY, TUESDAY, WEDNESDAY = range(7)

FRIDAY_NOON: Final = FRIDAY * DAY + 12 * HOUR
MONDAY_NOON: Final = MONDAY * DAY + 12 * HOUR


class Midnights:
    """Days end at midnight UTC; that of a Wednesday counts for three nights, those of a weekend for none."""

    def next_after(self, ts_ns: int) -> Rollover:
        day = ts_ns // DAY
        nights = {WEDNESDAY: 3, SATURDAY: 0, SUNDAY: 0}.get(day % 7, 1)
        return Rollover((day + 1) * DAY, nights)


def trade(price: float, day: float, symbol: str = "AAA") -> Trade:
    """A trade at noon of a day, or a part of a day after that."""
    return a_trade(price, at=round((day + 0.5) * A_DAY), symbol=symbol)


def day_bar(o: float, h: float, low: float, c: float, day: int, symbol: str = "AAA") -> Bar:
    """The bar of a whole day."""
    return Bar(symbol, (day + 1) * DAY, DAY, o, h, low, c, 1e6)


def on_margin(
    symbol: str = "AAA",
    kind: str = "equity",
    *,
    initial: str = "0.5",
    maintenance: str = "0.25",
    currency: Currency = USD,
    account: Currency = USD,
    multiplier: str = "1",
    tick: str = "0.01",
    lot: str = "1",
    base: Currency | None = None,
    per_unit: bool = False,
    isolated: bool = False,
    mark_symbol: str = "",
) -> Instrument:
    """An instrument with margin terms: half of its worth to open, a quarter to keep."""
    return Instrument(
        symbol=symbol,
        kind=InstrumentKind(kind),
        currency=currency,
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
        multiplier=Decimal(multiplier),
        base=base,
        margin=MarginTerms(
            currency=account,
            initial=Decimal(initial),
            maintenance=Decimal(maintenance),
            per_unit=per_unit,
            isolated=isolated,
        ),
        mark_symbol=mark_symbol,
    )


def paid_in_full(
    symbol: str, *, currency: Currency = USD, base: Currency | None = None, kind: str = "fx", tick: str = "0.0001"
) -> Instrument:
    return Instrument(
        symbol=symbol,
        kind=InstrumentKind(kind),
        currency=currency,
        tick_size=Decimal(tick),
        lot_size=Decimal(1),
        base=base,
    )


def an_account(
    *instruments: Instrument,
    cash: str | Mapping[str, str] = "10000",
    match_on: str = "trades",
    held: Mapping[str, HoldingTerms] | None = None,
    interest: Mapping[str, InterestTerms] | None = None,
    sweep_into: Currency | None = None,
    day_count: int = 360,
    **market: Any,
) -> SimulatedMarket:
    """A market for some instruments, by default AAA on margin, with terms of what is held; days end at midnight."""
    known = {one.symbol: one for one in instruments or (on_margin(),)}
    amounts = {"USD": cash} if isinstance(cash, str) else cash
    return SimulatedMarket(
        **{
            "instruments": known,
            "cash": {code: Decimal(amount) for code, amount in amounts.items()},
            "match_on": dict.fromkeys(known, match_on),
            "slippage": NoSlippage(),
            "commission": NoCommission(),
            "terms": AccountTerms(
                holdings=held or {}, interest=interest or {}, day_count=day_count, sweep_into=sweep_into
            ),
            "rollovers": Midnights(),
            **market,
        }
    )


def dividend(day: int, per_unit: str) -> Dividend:
    """Due as a day begins."""
    return Dividend(ex_ns=day * DAY, per_unit=Decimal(per_unit))


def split(day: int, new: str, old: str = "1") -> UnitSplit:
    """Due as a day begins."""
    return UnitSplit(ex_ns=day * DAY, new=Decimal(new), old=Decimal(old))


def funding(rate: str, *, hours: int = 8, **history: str) -> FundingTerms:
    """Every so many hours; of `h32="0.01"` the rate is another at the hour 32."""
    rates = tuple(FundingRate(ts_ns=int(hour[1:]) * HOUR, rate=Decimal(one)) for hour, one in history.items())
    return FundingTerms(interval_ns=hours * HOUR, rate=Decimal(rate), history=rates)


def swap(long: str, short: str, *, yearly: bool = False) -> HoldingTerms:
    unit = SwapUnit.ANNUAL_RATE if yearly else SwapUnit.POINTS
    return HoldingTerms(swap=SwapTerms(long=Decimal(long), short=Decimal(short), unit=unit))


def interest(credit: str, debit: str) -> InterestTerms:
    return InterestTerms(credit=Decimal(credit), debit=Decimal(debit))


class AccountRow(NamedTuple):
    """A rule of docs/accounts.md by its identifier, a sentence, and a story with what comes of it, as `told` has it.

    `account` are instruments and arguments of `an_account`; `cash` is what is there at the end, linear, as text.
    """

    rule: str
    sentence: str
    instruments: Sequence[Instrument]
    account: Mapping[str, Any]
    story: Sequence[Happening]
    lines: Sequence[str]
    cash: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.rule} {self.sentence}"


def check_row(row: AccountRow) -> None:
    """Play a row, and hold what comes of it against what it says."""
    market = an_account(*row.instruments, **row.account)
    assert told(live(market, row.story)) == list(row.lines)
    if row.cash is not None:
        cash = {code: f"{amount}" for code, amount in market.account().cash.items() if amount}
        assert cash == dict(row.cash)


def reasons(market: Market, story: Iterable[Happening]) -> list[str]:
    """The reasons that are given in a story, of reports and of account events."""
    found = (getattr(effect, "reason", "") for effect in live(market, story))
    return [reason for reason in found if reason]
