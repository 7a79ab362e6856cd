"""What the journal of earlier lives says: of a live feed, what came since the moment of the last snapshot."""

from decimal import Decimal

import msgspec
import pytest

from daemon.errors import ChangeRefused
from daemon.fleet import Fleet
from daemon.floor import FloorState
from daemon.history import History, read_history
from daemon.journal.log import Journal
from daemon.journal.reader import JournalReader
from daemon.journal.records import Conflated, Reached, Record, Snapshot, Taped, TapedInput
from daemon.recovery import has_changed
from tests.market_builders import a_quote, an_instrument
from tests.simulation.clock import SimulatedClock
from tests.simulation.disk import SimulatedDisk
from tests.simulation.journal import DIRECTORY, commit, opened, operation
from trading.account.ids import ClientOrderIds
from trading.account.router import Router
from trading.limits import RiskLimits

FLEET = Fleet(
    currency="USD",
    cash={"USD": Decimal(1)},
    instruments={"AAA": an_instrument()},
    limits=RiskLimits(),
    broker="simulated",
    strategies=[],
    folder="/",
)


def came(*inputs: TapedInput) -> Taped:
    return Taped(inputs=list(inputs), venue_ns=[0] * len(inputs))


def snapshot(since: int) -> Snapshot:
    router = Router(
        strategies=[],
        cash=FLEET.cash,
        instruments=FLEET.instruments,
        limits=FLEET.limits,
        ids=ClientOrderIds(1),
    )
    lockstep = {"router": router.state()}
    state = FloorState(fleet=FLEET, rows=0, in_hand=None, epoch_ms=7, feed={}, lockstep=lockstep, containers={})
    return Snapshot(event=2, state=msgspec.msgpack.encode(state), since=since)


def history_of(*records: Record) -> History:
    """What a start makes of a journal of these, its Opened before them."""
    disk = SimulatedDisk()
    begun = opened()
    journal = Journal(JournalReader(disk, DIRECTORY), begun, clock=SimulatedClock(), durability="process")
    for record in records:
        journal.append(record)
    journal.close()
    return read_history(JournalReader(disk, DIRECTORY), begun.tape, FLEET)


EARLIER, LATER, LATEST = a_quote(1, 2, at=1), a_quote(1, 2, at=2), a_quote(1, 2, at=3)
STEP = (operation(), commit(2))


def test_what_came_while_a_snapshot_was_on_its_way_came_after_it() -> None:
    history = history_of(
        came(EARLIER),
        came(LATER),
        Conflated(strategy="a", events=[2]),
        *STEP,
        snapshot(since=2),
        came(Reached(9), LATEST),
        Conflated(strategy="a", events=[3, 4]),
        Conflated(strategy="b", events=[4]),
        commit(4),
    )
    assert history.inputs == [LATER, Reached(9), LATEST]
    assert history.left_out == {"a": frozenset({2, 3, 4}), "b": frozenset({4})}
    assert history.steps == [STEP, (commit(4),)]


def test_a_snapshot_that_does_not_say_since_when_is_of_its_own_place() -> None:
    history = history_of(came(LATER), *STEP, snapshot(since=0), came(LATEST))
    assert (history.inputs, history.left_out, history.steps) == ([LATEST], {}, [])


def test_a_step_that_never_was_is_not_told_but_what_came_is() -> None:
    history = history_of(snapshot(since=0), came(EARLIER), operation(), came(LATER), operation())
    assert (history.inputs, history.steps) == ([EARLIER, LATER], [])


@pytest.mark.parametrize(
    ("broker", "mode", "mend"),
    [
        ("simulated", "paper", "put it back, or begin anew with `bulkhead reset --paper`"),
        ("plain", "paper", "put it back"),
        ("simulated", "live", "put it back"),
    ],
)
def test_nobody_is_told_to_begin_a_live_account_anew(broker: str, mode: str, mend: str) -> None:
    disk = SimulatedDisk()
    begun = msgspec.structs.replace(opened(), mode=mode)
    Journal(JournalReader(disk, DIRECTORY), begun, clock=SimulatedClock(), durability="process").close()
    fleet = msgspec.structs.replace(FLEET, broker=broker)
    with pytest.raises(ChangeRefused) as caught:
        read_history(JournalReader(disk, DIRECTORY), {**begun.tape, "seed": "another"}, fleet)
    assert caught.value.mend == mend
    assert ("reset" in has_changed(is_live=fleet.is_live)) == (broker == "simulated")
