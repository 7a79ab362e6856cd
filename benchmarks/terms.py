"""On what terms the backtests that are measured trade. It imports nothing of Bulkhead: plain loops do not."""

from decimal import Decimal
from typing import Final

CASH: Final = Decimal(1_000_000)
QUANTITY: Final = 100
"""Units that a strategy holds, or none."""

FEE_RATE: Final = Decimal("0.01")
"""For each unit that is traded."""
