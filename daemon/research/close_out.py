"""The end of a run by its policy: nothing, what works withdrawn, or what is held closed too, at the last prices."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, Protocol

import msgspec

from brokers.simulated.delay import DelayedMarket
from trading.account.records import Operation
from trading.driver import Driver
from trading.market_data import Bar, MarketEvent

CLOSE_OUT: Final = "close-out"
"""The reason of the orders that end a run."""

Policy = Literal["none", "mark_only", "market_at_last"]

_MOST_MEETINGS: Final = 1_000
"""For what fills in parts, by shares of a volume."""


class Counted(Protocol):
    """What counts the records of a run."""

    @property
    def sequence(self) -> int:
        """How many there were."""


def close_out(driver: Driver, last: Mapping[str, MarketEvent], policy: Policy, recorder: Counted) -> list[str]:
    """End a run whose feed has ended; `last` is each symbol's last event. Gives what could not be ended, in words.

    `mark_only` cancels what works. `market_at_last` then sends market orders too, one for what each strategy holds of a
    symbol, and lets them meet the last prices once more: of bars the close. They pay slippage and fees, and have
    `close-out` for their reason. Orders and reports take their time, and find the prices as they were. Strategies hear
    of their fills and of no event, and order nothing more; breakers hold nothing back.
    """
    if policy == "none":
        return []
    closes = policy == "market_at_last"
    now_ns = driver.lockstep.now_ns
    driver.close_out(Operation(action="close_out", ts_ns=now_ns, reason=CLOSE_OUT, cancel_orders=not closes))
    for _ in range(_MOST_MEETINGS):
        before = recorder.sequence
        _let_arrive(driver)
        for symbol, event in last.items():
            if any(manager.open(symbol) for manager in driver.lockstep.router.orders.values()):
                _meet(driver, event)
        if recorder.sequence == before:
            break
    return list(_left(driver, holding=closes))


def _let_arrive(driver: Driver) -> None:
    market = driver.lockstep.market
    if isinstance(market, DelayedMarket):
        driver.conclude(*market.arrive())


def _meet(driver: Driver, event: MarketEvent) -> None:
    lockstep = driver.lockstep
    closing = _closing(event, lockstep.now_ns)
    driver.conclude(lockstep.market.on_event(closing), closing.ts_ns)


def _closing(event: MarketEvent, ts_ns: int) -> MarketEvent:
    """The last price once more. Of a bar it is the close, as its open, high and low would be prices of before."""
    if isinstance(event, Bar):
        return msgspec.structs.replace(event, ts_ns=ts_ns, open=event.close, high=event.close, low=event.close)
    return msgspec.structs.replace(event, ts_ns=ts_ns)


def _left(driver: Driver, *, holding: bool) -> Iterator[str]:
    router = driver.lockstep.router
    for strategy, manager in router.orders.items():
        for order in manager.open():
            yield f"{order.order_id} of {strategy} still works at the end: {order.state}"
        why = router.breakers.by_scope[strategy].shortfall
        positions = router.ledger.of(strategy).positions.values() if holding else ()
        for position in positions:
            if position.quantity:
                yield f"{strategy} still holds {position.quantity} {position.symbol} at the end" + f": {why}" * bool(
                    why
                )
