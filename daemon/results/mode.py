"""How a run came about."""

import enum


class ExecutionMode(enum.StrEnum):
    """The modes of execution that leave a result, by what it says of them."""

    BACKTEST_SINGLE = "backtest"
    BACKTEST_PARALLEL = "backtest_parallel"
    PAPER_TRADING = "paper"
    LIVE_TRADING = "live"
