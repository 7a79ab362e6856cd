"""Whether a backtest may pass by events at which nothing can happen."""

from importlib.util import find_spec

from brokers.simulated.market import SimulatedMarket
from trading.driver import Driver
from trading.subscriptions import DataKind


def obstacle(driver: Driver) -> str:
    """Why a run must be carried event by event; empty where it can skip."""
    if find_spec("numpy") is None:
        return "numpy is not installed"
    market = driver.lockstep.market
    if not isinstance(market, SimulatedMarket):
        return "orders do not meet the market at once"
    if not market.is_still:
        return "what is held costs or brings something with time, or is on margin"
    for strategy, container in driver.containers.items():
        if not container.offers_signals:
            return f"{strategy} offers no signals"
        if any(one.keep or one.kind is not DataKind.BARS for one in container.subscriptions):
            return f"{strategy} hears ticks, or keeps bars"
    return ""
