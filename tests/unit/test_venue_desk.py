"""The desk of the venue: what people are shown of it, what they ask of it becomes, and how news of it is told."""

import logging
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from daemon import venue_desk as module
from daemon.api.operations import OperationRefused
from daemon.clock import SystemClock
from daemon.errors import BadRequest, VenueNotRead
from daemon.live.venue import VenueLine
from daemon.shells import Shell
from daemon.treasury import Treasury
from daemon.venue_desk import VenueDesk
from tests.builders import Rig, acting, buy, price, spec
from tests.market_builders import an_instrument
from tests.venue_builders import PROFILE, an_intent, execution
from trading.account.breaks import Break
from trading.account.records import Operation, VenueHeard
from trading.account.resolutions import Adoption, Resolution
from trading.capabilities import Capabilities
from trading.market import AccountSnapshot, Market
from trading.orders import Side
from trading.timestamps import SECOND
from trading.venue.attempts import AttemptState
from trading.venue.messages import (
    AccountTold,
    FillsTold,
    FillTold,
    ListFills,
    ListOpenOrders,
    OpenOrdersTold,
    OrderTold,
    ReadAccount,
    Request,
    StreamUp,
    VenueMessage,
    VenueOrder,
    VenueStatus,
)
from trading.venue.session import VenueSession


class AtVenue:
    """A shell over a rig whose order is sent to a venue, which answers whenever somebody waits for it."""

    def __init__(self, *, simulated: bool = False, answers: bool = True) -> None:
        self.session = VenueSession(
            profile=PROFILE,
            capabilities=Capabilities.everything(),
            instruments={"AAA": an_instrument()},
            strategies=("a",),
        )
        market: Market | None = None if simulated else self.session
        self.rig = Rig(spec(acting(buy), "a"), market=market).feed(price(1, 100.0), price(2, 101.0))
        fleet = SimpleNamespace(currency="USD", instruments={"AAA": an_instrument()})
        self.floor = SimpleNamespace(fleet=fleet, lockstep=self.rig.lockstep)
        self.venue = None if simulated else SimpleNamespace(heard=self.heard)
        self.answers = answers
        self.cash = Decimal(11_000)
        self.operations: list[Operation] = []
        self.now_ns = 2 * SECOND

    async def operate(self, operation: Operation) -> None:
        await anyio.lowlevel.checkpoint()
        self.rig.driver.operate(operation)
        self.operations.append(operation)

    async def heard(self) -> None:
        """Give the next answer, and where none waits let the time go on to where one does."""
        if not self.answers:
            await anyio.sleep_forever()
        waiting = next((one.request for one in self.session.requests if self._answer(one.request) is not None), None)
        if waiting is None:
            self.now_ns = self.session.next_ns
            self.session.on_time(self.now_ns)
        elif (answer := self._answer(waiting)) is not None:
            self.hear(answer)

    def hear(self, message: VenueMessage) -> None:
        self.rig.driver._complete(self.rig.lockstep.hear(VenueHeard(message=message, ts_ns=self.now_ns)))

    def lose(self) -> None:
        """The order comes to a state that nobody knows."""
        cid = next(iter(self.session.progress.attempts))
        self.hear(OrderTold(message_id="s1", order=an_order(cid=cid, venue_id="", status=VenueStatus.UNREADABLE)))

    def _answer(self, request: Request) -> VenueMessage | None:
        named: Any = {"message_id": f"r{request.number}", "request": request.number}
        told: Any = {**named, "complete": True, "venue_ns": self.now_ns}
        match request.what:
            case ListOpenOrders():
                return OpenOrdersTold(orders=(), **told)
            case ListFills(since_ns=since_ns):
                return FillsTold(fills=(), since_ns=since_ns, **told)
            case ReadAccount():
                return AccountTold(account=AccountSnapshot(cash={"USD": self.cash}, positions={}), **told)
        return None


def an_order(**more: Any) -> VenueOrder:
    fields: Any = {
        "cid": "web",
        "venue_id": "12",
        "symbol": "AAA",
        "side": Side.BUY,
        "quantity": Decimal(10),
        "filled": Decimal(0),
        "status": VenueStatus.OPEN,
        "limit_price": None,
    }
    return VenueOrder(**{**fields, **more})


def desk(shell: AtVenue) -> VenueDesk:
    return VenueDesk(cast("Shell", shell))


async def test_reading_ends_when_nothing_waits_for_another_reading() -> None:
    shell = AtVenue()
    shell.cash += Decimal("0.01")
    view, since_ns = await desk(shell).reconcile("curious")
    assert [(one.action, one.reason) for one in shell.operations] == [("reconcile", "curious")]
    assert (view.agrees, view.settled, view.planned, since_ns) == (True, True, [], 2 * SECOND)
    assert [(one.kind, one.subject, one.state, one.done) for one in view.breaks] == [
        ("cash_difference", "USD", "booked", "0.01 booked to unallocated")
    ]
    assert shell.rig.router.ledger.unallocated.balance("USD") == Decimal("1000.01")


async def test_a_venue_that_does_not_answer_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_SECONDS", 0.01)
    with pytest.raises(VenueNotRead, match="nothing is decided"):
        await desk(AtVenue(answers=False)).reconcile("curious")


async def test_a_plan_asks_nothing_and_books_nothing() -> None:
    shell = AtVenue()
    with pytest.raises(OperationRefused, match="the venue has not said yet what the account holds"):
        desk(shell).reconciliation()
    await desk(shell).reconcile("first")
    shell.cash -= 5
    asked = shell.session.requests.number
    assert desk(shell).reconciliation().agrees
    shell.hear(FillTold(message_id="s2", fill=execution(an_intent(1), "t1", "2", cid="web", venue_id="9")))
    view = desk(shell).reconciliation()
    assert (view.agrees, view.planned) == (True, []), "what was executed since is in both"
    assert shell.session.requests.number == asked


async def test_capital_that_the_account_does_not_have_is_an_alarm_until_it_is_deposited() -> None:
    shell = AtVenue()
    shell.cash -= 1000
    await desk(shell).reconcile("all of it is the strategy's")
    assert shell.rig.router.ledger.unallocated.balance("USD") == 0
    assert capital_alarms_of(shell) == []
    shell.cash -= Decimal("2000.5")
    await desk(shell).reconcile("less than the strategy was given")
    assert capital_alarms_of(shell) == [
        "unallocated has -2000.5 USD: the strategies were given more than the account has; deposit at the venue, or"
        " take it back: bulkhead account transfer --from STRATEGY --to unallocated --currency USD 2000.5"
    ]
    shell.cash += Decimal("2000.5")
    await desk(shell).reconcile("deposited")
    assert capital_alarms_of(shell) == []


def capital_alarms_of(shell: AtVenue) -> list[str]:
    return [one for one in desk(shell).alarms() if one.startswith("unallocated")]


async def test_what_stands_is_an_alarm_with_its_page() -> None:
    shell = AtVenue()
    shell.hear(OrderTold(message_id="s1", order=an_order()))
    shell.lose()
    assert desk(shell).alarms() == ["foreign_order 12: buy 10 AAA is no strategy's; see docs/runbook.md#foreign_order"]
    assert desk(shell).open_breaks()["foreign_order"] == 1
    assert [desk(shell).in_state(one) for one in (AttemptState.UNKNOWN, AttemptState.QUARANTINED)] == [1, 0]


@pytest.mark.parametrize(
    ("ended", "filled", "meant"),
    [("filled", None, "10"), ("cancelled", None, "0"), ("cancelled", "1E+0", "1"), ("never_arrived", None, "0")],
)
async def test_without_a_number_what_is_known_is_meant(ended: Any, filled: str | None, meant: str) -> None:
    shell = AtVenue()
    shell.lose()
    units = None if filled is None else Decimal(filled)
    price = Decimal(101) if Decimal(meant) else None
    await desk(shell).resolve("a-1", ended, units, price, "looked")
    assert shell.operations[0].resolution == Resolution(order_id="a-1", ended=ended, filled=Decimal(meant), price=price)
    assert shell.rig.book().quantity("AAA") == Decimal(meant)


@pytest.mark.parametrize(
    ("filled", "price", "why"),
    [
        ("NaN", None, "filled is NaN"),
        ("-1", None, "filled is -1; it must be from 0 to"),
        ("1E+40", None, "it must be from 0 to"),
        ("1", "Infinity", "price is Infinity"),
        ("1", "1.0000000000000000000000001", "it may have 24 digits"),
    ],
)
async def test_numbers_that_cannot_be_are_refused_in_words(filled: str, price: str | None, why: str) -> None:
    shell = AtVenue()
    shell.lose()
    at = None if price is None else Decimal(price)
    with pytest.raises(BadRequest, match=why):
        await desk(shell).resolve("a-1", "cancelled", Decimal(filled), at, "looked")
    assert shell.operations == []


async def test_an_order_that_was_given_away_is_known_by_its_new_name() -> None:
    shell = AtVenue()
    shell.hear(OrderTold(message_id="s1", order=an_order(venue_id="12-3")))
    assert await desk(shell).adopt("a", "12-3", "ours") == "a-v12_3"
    with pytest.raises(OperationRefused, match="no order 12-3 works that is nobody's"):
        await desk(shell).adopt("a", "12-3", "ours")
    await desk(shell).cancel("a-v12_3", "not wanted")
    assert [one.action for one in shell.operations] == ["adopt", "cancel_order"]


async def test_without_a_venue_there_is_nothing_to_look_at() -> None:
    shell = AtVenue(simulated=True)
    there = desk(shell)
    assert (there.alarms(), there.open_breaks(), there.attempt("a-1"), there.in_state(AttemptState.UNKNOWN)) == (
        [],
        {},
        None,
        0,
    )
    with pytest.raises(OperationRefused, match="the market is simulated here; there is nothing to reconcile"):
        there.reconciliation()
    with pytest.raises(OperationRefused, match="the market is simulated here; there is nothing to reconcile"):
        await there.reconcile("curious")
    with pytest.raises(OperationRefused, match="the market is simulated here; no order is in doubt"):
        await there.resolve("a-1", "cancelled", None, None, "a guess")
    assert shell.operations == []


# Units that are nobody's.


@pytest.mark.parametrize(("side", "asked", "given"), [(Side.BUY, None, 4), (Side.SELL, None, -4), (Side.SELL, "3", -3)])
async def test_units_are_given_away_in_their_own_direction(side: Side, asked: str | None, given: int) -> None:
    shell = AtVenue()
    fill = execution(an_intent(1), "t1", "4", cid="web", venue_id="9", side=side)
    shell.hear(FillTold(message_id="s1", fill=fill))
    treasury = Treasury(cast("Shell", shell), is_paper=False)
    units = None if asked is None else Decimal(asked)
    moved = await treasury.adopt("a", "AAA", units, Decimal("100.5"), "ours")
    assert (moved.source, moved.target, moved.amount, moved.price) == (
        "unallocated",
        "a",
        Decimal(given),
        Decimal("100.50"),
    )
    assert shell.operations[0].adoption == Adoption(
        strategy="a", symbol="AAA", units=Decimal(given), price=Decimal("100.50")
    )
    assert shell.rig.book().quantity("AAA") == Decimal(given)


# News.


class Mute:
    """A broker that says nothing."""

    profile = PROFILE

    async def connect(self) -> None:
        await anyio.lowlevel.checkpoint()

    async def perform(self, request: Request) -> None:
        await anyio.sleep_forever()

    async def close(self) -> None:
        await anyio.lowlevel.checkpoint()


async def test_a_break_is_logged_and_told_once_and_what_recovery_found_again_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shell = AtVenue()
    shell.hear(OrderTold(message_id="s1", order=an_order(venue_id="11")))
    told: list[Break] = []
    line = VenueLine(
        session=shell.session,
        make_broker=lambda _: cast("Any", Mute()),
        clock=SystemClock(),
        epoch_ms=1,
        recall=lambda _terms: "",
    )
    line.tell = told.append

    def carry(heard: Any) -> None:
        shell.rig.driver._complete(shell.rig.lockstep.hear(heard))

    caplog.set_level(logging.WARNING)
    async with line.serving(carry, lambda _: None):
        line._take(StreamUp(message_id="s2"))
        for number in range(2):
            line._take(OrderTold(message_id=f"s{3 + number}", order=an_order()))
    assert [one.subject for one in told] == ["12"]
    assert caplog.messages == ["foreign_order 12: buy 10 AAA is no strategy's (docs/runbook.md#foreign_order)"]


async def test_who_waits_for_the_venue_is_woken_by_its_next_word() -> None:
    shell = AtVenue()
    line = VenueLine(
        session=shell.session,
        make_broker=lambda _: cast("Any", Mute()),
        clock=SystemClock(),
        epoch_ms=1,
        recall=lambda _terms: "",
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(line.heard)
        await anyio.lowlevel.checkpoint()
        line._take(StreamUp(message_id="s1"))
