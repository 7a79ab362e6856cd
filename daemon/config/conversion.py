"""From settings to the things of the trade that they describe."""

from brokers.simulated.costs import (
    CommissionModel,
    FixedSlippage,
    NoCommission,
    NoSlippage,
    PercentCommission,
    PerShareCommission,
    SlippageModel,
)
from daemon.config.settings import (
    AccountSettings,
    Commission,
    EquityShareSizing,
    FixedSizing,
    FixedSlippageSettings,
    InstrumentSettings,
    Limits,
    PercentCommissionSettings,
    PerShareCommissionSettings,
    Slippage,
    StrategyRisk,
)
from trading.instruments import Instrument, InstrumentKind
from trading.limits import EquityShare, FixedSize, RiskLimits, Sizing
from trading.money import Currency


def instrument(symbol: str, settings: InstrumentSettings, account: AccountSettings) -> Instrument:
    """One instrument; InvalidInstrument when the smallest unit of its currency is not known."""
    return Instrument(
        symbol=symbol,
        kind=InstrumentKind(settings.kind),
        currency=Currency.known(settings.currency or account.currency),
        tick_size=settings.tick_size,
        lot_size=settings.lot_size,
        multiplier=settings.multiplier,
        min_quantity=settings.min_quantity,
        min_notional=settings.min_notional,
    )


def limits(settings: Limits) -> RiskLimits:
    """The limits of the account or of a strategy."""
    return RiskLimits(**settings.model_dump(include=set(RiskLimits.__struct_fields__)))


def sizing(settings: StrategyRisk) -> Sizing | None:
    """How a strategy's entries are sized, if that is said."""
    match settings.sizing:
        case FixedSizing(quantity=quantity):
            return FixedSize(quantity=quantity)
        case EquityShareSizing(share=share):
            return EquityShare(share=share)
    return None


def commission(settings: Commission, account: AccountSettings) -> CommissionModel:
    """What the simulated market charges; InvalidInstrument when the account's currency is not known."""
    match settings:
        case PerShareCommissionSettings(rate=rate):
            return PerShareCommission(rate, Currency.known(account.currency))
        case PercentCommissionSettings(percent=percent):
            return PercentCommission(percent)
    return NoCommission()


def slippage(settings: Slippage) -> SlippageModel:
    """How the simulated market worsens market orders."""
    match settings:
        case FixedSlippageSettings(ticks=ticks):
            return FixedSlippage(ticks)
    return NoSlippage()
