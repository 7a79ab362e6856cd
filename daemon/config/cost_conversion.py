"""From the settings of costs to the simulated market's models."""

from collections.abc import Iterable
from typing import Any

from brokers.simulated.costs import (
    BasisPointSlippage,
    CombinedCommission,
    CombinedSlippage,
    CommissionModel,
    FeeBasis,
    FeeRounding,
    FeeUnit,
    FixedSlippage,
    MakerTakerCommission,
    NoCommission,
    NoSlippage,
    PercentCommission,
    PerContractCommission,
    PerShareCommission,
    PerTradeCommission,
    SlippageModel,
    SpreadShareSlippage,
    SquareRootSlippage,
    Tier,
    TieredCommission,
    VolumeShareSlippage,
)
from daemon.config.cost_settings import (
    BasisPointSlippageSettings,
    CommissionEntry,
    FixedSlippageSettings,
    FlatCharge,
    MakerTakerCommissionSettings,
    NoCommissionSettings,
    NoSlippageSettings,
    PercentCommissionSettings,
    PerContractCommissionSettings,
    PerShareCommissionSettings,
    PerTradeCommissionSettings,
    SlippageEntry,
    SpreadShareSlippageSettings,
    SquareRootSlippageSettings,
    TieredCommissionSettings,
    VolumeShareSlippageSettings,
)
from daemon.config.currencies import currency_of
from daemon.config.settings import Settings
from trading.money import Currency

_UNITS = frozenset(FeeUnit)


def commission(entries: Iterable[CommissionEntry], settings: Settings) -> CommissionModel:
    """What the simulated market charges; InvalidInstrument when a currency is not known."""
    made = tuple(_charge(entry, settings) for entry in entries)
    return made[0] if len(made) == 1 else CombinedCommission(made)


def slippage(entries: Iterable[SlippageEntry]) -> SlippageModel:
    """How the simulated market worsens prices."""
    made = tuple(_shift(entry) for entry in entries)
    return made[0] if len(made) == 1 else CombinedSlippage(made)


def _charge(entry: CommissionEntry, settings: Settings) -> CommissionModel:
    if isinstance(entry, NoCommissionSettings):
        return NoCommission()
    charging: dict[str, Any] = {
        "currency": _currency(entry.currency or settings.account.currency, settings),
        "rounding": FeeRounding(entry.rounding),
        "basis": FeeBasis(entry.basis),
    }
    match entry:
        case PercentCommissionSettings():
            return PercentCommission(entry.percent, entry.minimum, entry.maximum, **charging)
        case MakerTakerCommissionSettings():
            return MakerTakerCommission(entry.maker_percent, entry.taker_percent, **charging)
        case TieredCommissionSettings(tiers=tiers):
            return TieredCommission(tuple(Tier(**tier.model_dump()) for tier in tiers), **charging)
    return _flat(entry, charging)


def _flat(entry: FlatCharge, charging: dict[str, Any]) -> CommissionModel:
    match entry:
        case PerShareCommissionSettings():
            return PerShareCommission(entry.rate, entry.minimum, entry.cap_percent, entry.maximum, **charging)
        case PerTradeCommissionSettings():
            return PerTradeCommission(entry.amount, **charging)
        case PerContractCommissionSettings():
            return PerContractCommission(entry.rate, entry.exchange_fee, entry.minimum, **charging)


def _currency(written: str, settings: Settings) -> Currency | FeeUnit:
    return FeeUnit(written) if written in _UNITS else currency_of(written, settings)


def _shift(entry: SlippageEntry) -> SlippageModel:
    match entry:
        case NoSlippageSettings():
            return NoSlippage()
        case FixedSlippageSettings(ticks=ticks):
            return FixedSlippage(ticks)
        case BasisPointSlippageSettings(basis_points=basis_points):
            return BasisPointSlippage(basis_points)
        case VolumeShareSlippageSettings(impact_percent=impact_percent):
            return VolumeShareSlippage(impact_percent)
        case SpreadShareSlippageSettings(share=share):
            return SpreadShareSlippage(share)
        case SquareRootSlippageSettings(coefficient_percent=coefficient_percent):
            return SquareRootSlippage(coefficient_percent)
