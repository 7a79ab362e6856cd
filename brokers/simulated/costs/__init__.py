"""What trading costs: slippage worsens prices, commission is charged on fills. The models are frozen and stateless."""

from brokers.simulated.costs.charging import FeeBasis, FeeRounding, FeeUnit
from brokers.simulated.costs.commission import (
    CombinedCommission,
    CommissionModel,
    MakerTakerCommission,
    NoCommission,
    PercentCommission,
    PerContractCommission,
    PerShareCommission,
    PerTradeCommission,
    Tier,
    TieredCommission,
)
from brokers.simulated.costs.execution import Execution, Fee, Progress, Taking
from brokers.simulated.costs.slippage import (
    BasisPointSlippage,
    CombinedSlippage,
    FixedSlippage,
    NoSlippage,
    SlippageModel,
    SpreadShareSlippage,
    SquareRootSlippage,
    VolumeShareSlippage,
)

__all__ = [
    "BasisPointSlippage",
    "CombinedCommission",
    "CombinedSlippage",
    "CommissionModel",
    "Execution",
    "Fee",
    "FeeBasis",
    "FeeRounding",
    "FeeUnit",
    "FixedSlippage",
    "MakerTakerCommission",
    "NoCommission",
    "NoSlippage",
    "PerContractCommission",
    "PerShareCommission",
    "PerTradeCommission",
    "PercentCommission",
    "Progress",
    "SlippageModel",
    "SpreadShareSlippage",
    "SquareRootSlippage",
    "Taking",
    "Tier",
    "TieredCommission",
    "VolumeShareSlippage",
]
