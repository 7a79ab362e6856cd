"""From the settings of the account to margin, to what holding brings or costs, and to the ends of its days."""

from decimal import ROUND_CEILING, Decimal
from typing import Final, get_args

from brokers.simulated.entitlements import (
    AccountTerms,
    FundingTerms,
    HoldingTerms,
    InterestTerms,
    SwapTerms,
    SwapUnit,
)
from daemon.calendars.rollovers import ZoneRollovers
from daemon.config.account_settings import AccountSettings, RolloverSettings
from daemon.config.actions import CorporateActions
from daemon.config.calendar_settings import DayOfWeek
from daemon.config.currencies import currency_of
from daemon.config.holding_files import HoldingFiles
from daemon.config.instrument_settings import FundingSettings, InstrumentSettings, MarginSettings
from daemon.config.settings import Settings
from trading.errors import InvalidInstrument
from trading.instruments import MarginTerms
from trading.money import EXACT, ROUNDING, ZERO, Currency

_HALF: Final = Decimal("0.5")
_MILLIONTH: Final = Decimal("0.000001")
_WEEKEND: Final = ("sat", "sun")


def margin_terms(settings: InstrumentSettings, account: AccountSettings, currency: Currency) -> MarginTerms | None:
    """The margin of one instrument, None on a cash account; InvalidInstrument when nothing says what it is, or when it
    cannot be."""
    if account.kind == "cash":
        return None
    own = settings.margin or MarginSettings()
    if own.initial_per_unit is not None:
        initial, maintenance = own.initial_per_unit, own.maintenance_per_unit
    elif own.initial is not None:
        initial, maintenance = own.initial, own.maintenance
    elif account.leverage is not None:
        initial, maintenance = initial_by(account.leverage), own.maintenance or account.maintenance_margin
    else:
        raise InvalidInstrument("no margin is given: neither the account's leverage nor one of its own")
    return MarginTerms(
        currency=currency,
        initial=initial,
        maintenance=EXACT.multiply(initial, _HALF) if maintenance is None else maintenance,
        per_unit=own.initial_per_unit is not None,
        isolated=own.isolated,
    )


def initial_by(leverage: Decimal) -> Decimal:
    """The share of its worth that opens a position, rounded up to the millionth."""
    return ROUNDING.divide(Decimal(1), leverage).quantize(_MILLIONTH, ROUND_CEILING, ROUNDING)


def account_terms(settings: Settings, files: HoldingFiles) -> AccountTerms:
    """What holding things brings and costs; InvalidInstrument when the account's currency is not known."""
    account = settings.account
    holdings = {symbol: _holding(symbol, one, files) for symbol, one in settings.instruments.items()}
    return AccountTerms(
        holdings={symbol: one for symbol, one in holdings.items() if one != HoldingTerms()},
        interest={code: InterestTerms(credit=one.credit, debit=one.debit) for code, one in account.interest.items()},
        day_count=account.day_count,
        sweep_into=currency_of(account.currency, settings) if account.sweep else None,
    )


def rollovers(settings: RolloverSettings) -> ZoneRollovers:
    """The ends of the account's days; ZoneInfoNotFoundError when this machine does not know the zone."""
    usual = 1 if settings.triple == "none" else 0
    nights = {day: 1 if day not in _WEEKEND else usual for day in get_args(DayOfWeek)} | {settings.triple: 3}
    return ZoneRollovers(zone=settings.zone, at=settings.at, nights=[nights[day] for day in get_args(DayOfWeek)])


def _holding(symbol: str, settings: InstrumentSettings, files: HoldingFiles) -> HoldingTerms:
    actions, swap = files.actions.get(symbol, CorporateActions()), settings.swap
    return HoldingTerms(
        dividends=actions.dividends,
        splits=actions.splits,
        funding=None if settings.funding is None else _funding(symbol, settings.funding, files),
        swap=None if swap is None else SwapTerms(long=swap.long, short=swap.short, unit=SwapUnit(swap.unit)),
        borrow=settings.borrow or ZERO,
        settles_daily=settings.settles == "daily",
        expires_ns=settings.expires_ns,
    )


def _funding(symbol: str, settings: FundingSettings, files: HoldingFiles) -> FundingTerms:
    return FundingTerms(
        interval_ns=settings.interval_ns, rate=settings.rate or ZERO, history=files.funding.get(symbol, ())
    )
