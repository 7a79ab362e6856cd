"""What can be asked of a world that was played."""

from collections.abc import Iterator
from decimal import Decimal

from tests.tapes.world import World
from tests.venue.records import Order as VenuesOrder
from trading.account.breaks import Break
from trading.account.records import Reported
from trading.commands import WireSubmit
from trading.orders import Order
from trading.reports import ExecutionReport
from trading.venue.session import VenueSession


def session(world: World) -> VenueSession:
    """The last life's."""
    assert world.life is not None
    return world.life.session


def reports(world: World, order_id: str) -> Iterator[ExecutionReport]:
    """What its strategy was told of an order, over all lives."""
    for step in world.journal.steps:
        for record in step:
            if isinstance(record, Reported) and record.report.order_id == order_id:
                yield record.report


def told(world: World, order_id: str) -> list[str]:
    """The same, a line each: `filled 3`, `unknown no_answer`."""
    lines = []
    for report in reports(world, order_id):
        units = "" if report.fill is None else f"{report.fill.quantity}"
        lines.append(" ".join(filter(None, (report.kind, units, report.code))))
    return lines


def order(world: World, order_id: str) -> Order:
    """An order as the router has it at the end."""
    assert world.life is not None
    found = world.life.router.orders[order_id.partition("-")[0]].get(order_id)
    assert found is not None, order_id
    return found


def stands(world: World, order_id: str) -> str:
    """Where it stands: `filled 5 of 5`."""
    one = order(world, order_id)
    return f"{one.state} {one.filled} of {one.terms.quantity}"


def at_venue(world: World, order_id: str) -> list[VenuesOrder]:
    """The orders that the venue has had of one of ours."""
    cids = {
        written.record.cid
        for written in world.journal.written
        if isinstance(written.record, WireSubmit) and written.record.terms.order_id == order_id
    }
    return [one for one in world.exchange.books.orders if one.ticket.cid in cids]


def holds(world: World, strategy: str, symbol: str = "AAA") -> Decimal:
    """Units that the ledger has of a strategy's, or of nobody's."""
    assert world.life is not None
    ledger = world.life.router.ledger
    return (ledger.unallocated if strategy == "unallocated" else ledger.of(strategy)).quantity(symbol)


def breaks(world: World) -> list[Break]:
    """What did not agree, open or over."""
    return list(session(world).agreement.reconciliation.breaks)


def kinds_of_breaks(world: World) -> set[str]:
    """Of which kinds that was."""
    return {one.kind.value for one in breaks(world)}


def left(world: World, kind: type) -> int:
    """How many requests of a kind have left."""
    return sum(isinstance(request.what, kind) for _, request in world.requests)
