"""What the journal of earlier lives says to a start: where to go on from, and whether the config allows it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any, TypeVar

import msgspec

from daemon.config.problems import KeyPath, dotted
from daemon.errors import ChangeRefused, StateNotKept
from daemon.fleet import Fleet, FleetChange, change
from daemon.floor import Floor, FloorPlan, FloorState
from daemon.journal.reader import JournalReader
from daemon.journal.records import Conflated, DaemonRecord, Opened, Snapshot, Taped, TapedInput
from daemon.journal.steps import committed
from daemon.recovery import put_back
from daemon.repetition import JournaledStep
from daemon.state import or_begin_anew
from trading.account.ledger import UNALLOCATED
from trading.account.records import Commit, Noted, Posted, Reported
from trading.commands import WireSubmit
from trading.errors import UnsupportedState
from trading.money import EXACT
from trading.order_manager import OrderManager
from trading.orders import OrderChange
from trading.portfolio import VirtualPortfolio
from trading.postings import ForeignFill, Liquidation

FloorT = TypeVar("FloorT", bound=Floor)


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The last snapshot, the committed steps since, what the config changes, and the last epoch in milliseconds.

    Of a live feed also what it brought since, and by strategy the events that were conflated."""

    snapshot: FloorState | None = None
    steps: list[JournaledStep] = []
    inputs: list[TapedInput] = []
    left_out: dict[str, frozenset[int]] = {}
    change: FleetChange = FleetChange()
    epoch_ms: int = 0

    async def resume(self, plan: FloorPlan, fleet: Fleet, floors: type[FloorT]) -> FloorT:
        """The floor that goes on from here with a fleet, or begins where there is no past.

        NotRepeatable, or StateNotKept where a strategy does not take its own state back.
        """
        state = self.snapshot
        if state is None:
            return await floors.begin(plan, fleet)
        try:
            if self.steps or self.inputs or fleet == state.fleet:
                floor = await floors.reopen(plan, state, self.steps)
                if fleet == state.fleet:
                    return floor
                state = await floor.state()
                await floor.hosts.close()
            return await floors.rearrange(plan, state, fleet, self.change)
        except UnsupportedState as error:
            raise StateNotKept(str(error), mend=put_back(is_live=fleet.is_live)) from error


def read_history(reader: JournalReader, tape: Mapping[str, Any], fleet: Fleet) -> History:
    """Read what is there; ChangeRefused for a config that a restart cannot follow. Writes nothing."""
    opened = reader.last(Opened)
    if opened is None:
        return History()
    mend = or_begin_anew("put it back", is_live=fleet.is_live or opened[1].mode == "live")
    refuse_other_tape(opened[1].tape, tape, mend)
    found = reader.last(Snapshot)
    if found is None:
        return History(epoch_ms=opened[1].epoch)
    sequence, snapshot = found
    groups = list(committed(reader.entries(after=snapshot.since or sequence)))
    daemons_own = [group.entries[-1].record for group in groups if isinstance(group.entries[-1].record, DaemonRecord)]
    state = _moved_to(fleet.folder, msgspec.msgpack.decode(snapshot.state, type=FloorState))
    history = History(
        snapshot=state,
        steps=[
            tuple(entry.record for entry in group.entries if not isinstance(entry.record, DaemonRecord))
            for group in groups
            if isinstance(group.entries[-1].record, Commit)
        ],
        inputs=[one for record in daemons_own if isinstance(record, Taped) for one in record.inputs],
        left_out=_left_out(record for record in daemons_own if isinstance(record, Conflated)),
        change=change(state.fleet, fleet),
        epoch_ms=max(opened[1].epoch, state.epoch_ms),
    )
    if refused := [*history.change.refused, *_held_by_the_removed(history), *_capital_not_there(history, fleet)]:
        raise ChangeRefused("the config differs from what the journal holds: " + "; ".join(refused), mend=mend)
    return history


def _left_out(records: Iterable[Conflated]) -> dict[str, frozenset[int]]:
    left_out: dict[str, frozenset[int]] = {}
    for record in records:
        left_out[record.strategy] = left_out.get(record.strategy, frozenset()).union(record.events)
    return left_out


def _moved_to(folder: str, state: FloorState) -> FloorState:
    """Strategies' files are looked for beside today's config, wherever it lay when the snapshot was taken."""
    return msgspec.structs.replace(state, fleet=msgspec.structs.replace(state.fleet, folder=folder))


def refuse_other_tape(journaled: Mapping[str, Any], configured: Mapping[str, Any], mend: str) -> None:
    """ChangeRefused where the references of two tapes differ, with the keys that do."""
    different = sorted(map(dotted, _different(journaled, configured)))
    if different:
        raise ChangeRefused(
            f"the feed is not the one that this state was traded on; different: {', '.join(different)}",
            mend=mend,
        )


def _different(one: Any, other: Any) -> Iterator[KeyPath]:
    """The paths at which two plain values differ, as deep as both go: of a list of files, the one that was changed."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        pairs: list[tuple[str | int, Any, Any]] = [(key, one.get(key), other.get(key)) for key in {**one, **other}]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(place, *both) for place, both in enumerate(zip(one, other, strict=True))]
    else:
        if one != other:
            yield ()
        return
    for key, mine, others in pairs:
        yield from ((key, *path) for path in _different(mine, others))


def _held_by_the_removed(history: History) -> Iterator[str]:
    for strategy in history.change.removed:
        book, orders = _as_it_stands(strategy, history)
        held = [symbol for symbol, position in book.positions.items() if position.quantity]
        if held:
            yield f"{strategy} would be removed and holds {', '.join(held)}"
        if orders.open_count:
            yield f"{strategy} would be removed and has open orders"


def _capital_not_there(history: History, fleet: Fleet) -> Iterator[str]:
    """What strategies gained and lost is theirs; only what no strategy has can be given to a new one."""
    free: defaultdict[str, Decimal] = defaultdict(Decimal)
    for owner in (UNALLOCATED, *history.change.removed):
        book, _ = _as_it_stands(owner, history)
        for currency in book.currencies():
            free[currency] = EXACT.add(free[currency], book.balance(currency))
    for entry in fleet.strategies:
        for currency, amount in entry.capital.items() if entry.id in history.change.added else ():
            if amount > free[currency]:
                yield f"{entry.id} would be added with {amount} {currency}; {free[currency]} is not in use"
            free[currency] = EXACT.subtract(free[currency], amount)


def _as_it_stands(owner: str, history: History) -> tuple[VirtualPortfolio, OrderManager]:
    """One owner's book and orders at the journal's end."""
    assert history.snapshot is not None
    router = history.snapshot.lockstep["router"]
    ledger, orders = router["ledger"], OrderManager(owner)
    book = VirtualPortfolio(owner, {}, history.snapshot.fleet.instruments)
    book.restore(ledger["unallocated"] if owner == UNALLOCATED else ledger["books"][owner])
    orders.restore(router["foreign"] if owner == UNALLOCATED else router["orders"][owner])
    for record in chain.from_iterable(history.steps):
        if isinstance(record, WireSubmit) and record.terms.strategy == owner:
            order = orders.add(record.terms)
            orders.change(order, OrderChange.VALIDATE, record.terms.created_ns)
            orders.change(order, OrderChange.ROUTE, record.terms.created_ns)
        elif isinstance(record, Reported) and record.report.strategy == owner:
            _, fill = orders.apply(record.report)
            if fill is not None:
                book.book(fill)
        elif isinstance(record, Posted) and record.posting.strategy == owner:
            book.post(record.posting)
        elif isinstance(record, Noted) and isinstance(record.note, Liquidation | ForeignFill) and owner == UNALLOCATED:
            book.book(record.note.fill)
    return book, orders
