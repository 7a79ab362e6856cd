"""The end of a run by its policy: nothing, what works withdrawn, or what is held closed too, at the last prices."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

from trading.account.records import Operation
from trading.driver import Driver
from trading.market_data import Bar, MarketEvent
from trading.timestamps import DAY, HOUR, MINUTE, SECOND

CLOSE_OUT: Final = "close-out"
"""The reason of the orders that end a run."""

Policy = Literal["none", "mark_only", "market_at_last"]

_LATER_NS: Final = (0, SECOND, MINUTE, HOUR, DAY)
"""How long after the last event the market is met again, for what is on its way there by latency."""

_MOST_MEETINGS: Final = 1_000
"""For what fills in parts, by shares of a volume."""


def close_out(driver: Driver, last: Mapping[str, MarketEvent], policy: Policy) -> list[str]:
    """End a run whose feed has ended; `last` is each symbol's last event. Gives what could not be ended, in words.

    `market_at_last` sends market orders, one for what each strategy holds of a symbol, and lets them meet the last
    prices once more: of bars the close. They pay slippage and fees, and have `close-out` for their reason. Strategies
    hear of their fills, and of no event.
    """
    if policy == "none":
        return []
    now_ns = driver.lockstep.now_ns
    if policy == "mark_only":
        working = [order.order_id for orders in driver.lockstep.router.orders.values() for order in orders.open()]
        for order_id in working:
            driver.operate(Operation(action="cancel_order", ts_ns=now_ns, reason=CLOSE_OUT, order_id=order_id))
    else:
        driver.operate(Operation(action="close_out", ts_ns=now_ns, reason=CLOSE_OUT))
        _meet_last_prices(driver, last, now_ns)
    return list(_left(driver, holding=policy == "market_at_last"))


def _meet_last_prices(driver: Driver, last: Mapping[str, MarketEvent], now_ns: int) -> None:
    for later_ns in _LATER_NS:
        for symbol, event in last.items():
            closing = _closing(event, now_ns + later_ns)
            for _ in range(_MOST_MEETINGS):
                before = _working(driver, symbol)
                if not before:
                    break
                driver.meet_again(closing)
                if _working(driver, symbol) == before:
                    break


def _closing(event: MarketEvent, ts_ns: int) -> MarketEvent:
    """The last price once more. Of a bar it is the close, as its open, high and low would be prices of before."""
    if isinstance(event, Bar):
        return msgspec.structs.replace(event, ts_ns=ts_ns, open=event.close, high=event.close, low=event.close)
    return msgspec.structs.replace(event, ts_ns=ts_ns)


def _working(driver: Driver, symbol: str) -> list[tuple[str, object]]:
    orders = driver.lockstep.router.orders.values()
    return [(order.order_id, order.filled) for manager in orders for order in manager.open(symbol)]


def _left(driver: Driver, *, holding: bool) -> Iterator[str]:
    router = driver.lockstep.router
    for strategy, manager in router.orders.items():
        for order in manager.open():
            yield f"{order.order_id} of {strategy} still works at the end: {order.state}"
        positions = router.ledger.of(strategy).positions.values() if holding else ()
        for position in positions:
            if position.quantity:
                yield f"{strategy} still holds {position.quantity} {position.symbol} at the end"
