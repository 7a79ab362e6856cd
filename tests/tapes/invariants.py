"""What must hold after every step, by the numbers of the invariants; the venue's own books are the oracle.

It holds whatever a tape does, within what the venue promises. What the venue annuls, or fills of an order that it has
told to be over, it has done against its word, and nobody could have reckoned with it: that much is let pass.
"""

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from tests.tapes import rest
from tests.tapes.history import History, cited
from tests.tapes.sending import Sending
from tests.tapes.truth import Truth, execution_id
from tests.venue.records import US, Status
from trading.money import EXACT, ZERO, total
from trading.orders import FINAL_STATES
from trading.timestamps import SECOND
from trading.venue.attempts import AttemptState
from trading.venue.messages import Request

if TYPE_CHECKING:
    from tests.tapes.lives import Life
    from tests.tapes.world import World

D_RECON_NS: Final = 30 * SECOND
"""A fill that can be asked for is booked within so long, and an order that works is known."""

_READS: Final = ("find", "open_orders", "fills", "account", "time")


class Invariants:
    """Watches one world over all its lives."""

    def __init__(self, world: "World") -> None:
        self.truth = Truth(world.exchange, world.store, tuple(world.traders))
        self.history = History(world.journal, self.truth, world.traders, world.happened)
        self.sending = Sending(world, self.history, self.truth)
        self._world = world
        self._orphans: dict[str, int] = {}
        self._leaked: dict[str, int] = {}
        self._over: dict[str, AttemptState] = {}
        self._excused_ns = 0
        self._faults = 0
        self._looked_at: tuple[object, ...] = ()
        self._healed_ns = 0

    # What happens.

    def look(self) -> None:
        """After whatever may have changed something."""
        world, life = self._world, self._world.life
        self.truth.follow(world.now_ns)
        self.history.follow()
        self._follow_excuses()
        state = (self.truth.step, len(world.journal.written), world.lives, life is None)
        if life is not None and state != self._looked_at:
            self._each_order_is_there_once()
            self._nothing_is_understated(life)
            self._what_is_over_stays_over(life)
            self._session_and_router_agree(life)
            self._strategies_have_what_is_theirs(life)
        self._looked_at = state
        if life is not None:
            self._what_can_be_asked_for_is_known()
            self._what_works_is_known()

    def delivered(self, life: "Life") -> None:
        """I13: what a strategy is told is in the books already."""
        for strategy, trader in self._world.traders.items():
            book = life.router.ledger.of(strategy)
            for symbol in self._world.instruments:
                told = trader.held.get(symbol, ZERO)
                assert told == book.quantity(symbol), f"I13: {strategy} was told of {told} {symbol}"

    def sends(self, life: "Life", request: Request) -> None:
        """A request leaves."""
        self.history.follow()
        self.sending.sends(
            request,
            self._world.now_ns,
            paused_until_ns=life.courier.paused_until_ns,
            halted=life.router.halted,
        )

    def leaks(self, cid: str) -> None:
        """Something about an order leaves, and the step that wanted it never will have been."""
        self._leaked[cid] = self._world.now_ns

    def began(self) -> None:
        """A life begins."""
        self.sending.began()

    def died(self) -> None:
        """A process is over."""
        self.history.forget_what_was_not_safe()
        self._excuse(0)

    def healed(self) -> None:
        """Nothing goes wrong from now on."""
        self._healed_ns = self._world.now_ns
        self._excuse(0)

    def unsettled(self) -> str:
        """What is still to be settled; empty when nothing is."""
        life = self._world.life
        if life is None:
            return "nothing lives"
        if life.courier.paused_until_ns > self._world.now_ns:
            return "the venue has asked to wait"
        return rest.unsettled(life) or rest.differences(life, self.history, self.truth)

    def at_rest(self, life: "Life") -> None:
        """The faults have ended, and there was time enough."""
        trouble = self.unsettled()
        seconds = (self._world.now_ns - self._healed_ns) / SECOND
        assert not trouble, f"I1, I9, I12, I18: {seconds} s after the faults have ended: {trouble}"
        rest.check(life, self.truth)

    # At every step.

    def _each_order_is_there_once(self) -> None:
        """I2: one order for each id, I3: never larger than was asked for, I21: and none that nobody intended."""
        orders: Counter[str] = Counter()
        for order in self.truth.ours():
            cid = order.ticket.cid
            orders[cid] += order.status is Status.OPEN or bool(order.filled)
            if order.client != US:
                continue
            most = self.history.largest.get(cid)
            assert most is not None, f"I21: {cid} is at the venue, and nobody intended it"
            assert order.ticket.quantity <= most, f"I3: {order.ticket.quantity} of {cid}, {most} were asked for"
        if not self._world.doubles:
            twice = sorted(cid for cid, count in orders.items() if count > 1)
            assert not twice, f"I2: more than one order of {twice}"

    def _nothing_is_understated(self, life: "Life") -> None:
        """I5: what an order may come to by our reckoning is no less than what it may come to at the venue; what of it
        was lost with its step is found soon."""
        for order in self.truth.ours():
            cid = order.ticket.cid
            ours = self._reckoned(life, cid)
            if ours is None:
                self._orphans.setdefault(cid, self._world.now_ns)
                continue
            self._orphans.pop(cid, None)
            if cid in self._leaked and self._is_soon(self._leaked[cid]):
                continue
            there = EXACT.add(order.filled, order.remaining)
            allowed = total((ours, self.truth.late[cid], self.truth.annulled[cid]))
            assert there <= allowed, f"I5: {cid} may come to {there} at the venue, and here to {ours}"

    def _reckoned(self, life: "Life", cid: str) -> Decimal | None:
        """Units that an order of ours may come to; None of one that is not known here."""
        booked = self.history.units.get(cid, ZERO)
        attempt = life.session.progress.attempts.get(cid)
        if attempt is None:
            return booked or None
        order = life.router.orders[attempt.terms.strategy].get(attempt.terms.order_id)
        return booked if order is None else EXACT.add(booked, order.remaining)

    def _what_works_is_known(self) -> None:
        """I5: an order of a step that was lost is found soon."""
        for cid, since_ns in self._orphans.items():
            orders = [order for order in self.truth.ours() if order.ticket.cid == cid]
            if any(order.status is Status.OPEN for order in orders):
                assert self._is_soon(since_ns), f"I5: {cid} has worked for long, and is not known"

    def _what_is_over_stays_over(self, life: "Life") -> None:
        """I8: an attempt goes forward only, but that what had filled it is annulled; I4: over, it rests on something
        that was heard."""
        for cid, attempt in life.session.progress.attempts.items():
            before = self._over.get(cid)
            if before is AttemptState.FILLED and self.truth.annulled[cid] and not attempt.is_over:
                del self._over[cid]
                self.history.reopened(cid)
            elif before is not None:
                assert attempt.state is before, f"I8: {cid} was {before}, and is {attempt.state}"
            elif attempt.is_over:
                assert attempt.evidence is not None, f"I4: {cid} is {attempt.state}, resting on nothing"
                words = cited(attempt.evidence.citation)
                assert words <= self.history.heard, f"I4: {attempt.evidence.citation} was not heard"
                self._over[cid] = attempt.state

    def _session_and_router_agree(self, life: "Life") -> None:
        """I11: attempt and order have filled the same, which is what is booked; I8: and while one is open, both are."""
        for cid, attempt in life.session.progress.attempts.items():
            order = life.router.orders[attempt.terms.strategy].get(attempt.terms.order_id)
            if order is None:
                continue
            units = self.history.units[cid]
            assert attempt.filled == order.filled == units, f"I11: {cid}: {attempt.filled}, {order.filled}, {units}"
            is_over = order.state in FINAL_STATES
            assert attempt.is_over or not is_over, f"I8: the attempt {cid} is {attempt.state}, its order {order.state}"

    def _strategies_have_what_is_theirs(self, life: "Life") -> None:
        """I17: all that a strategy has came of orders with its id."""
        units: dict[tuple[str, str], Decimal] = {}
        for fill in self.truth.fills():
            owner = self.truth.owner(fill.cid)
            if owner and self.history.booked[execution_id(fill)]:
                key = (owner, fill.symbol)
                units[key] = EXACT.add(units.get(key, ZERO), fill.side.signed(fill.quantity))
        for cid, intent in self.history.intents.items():
            of_sums = EXACT.subtract(self.history.units.get(cid, ZERO), self._executed(cid))
            if of_sums:
                key = (intent.terms.strategy, intent.terms.symbol)
                units[key] = EXACT.add(units.get(key, ZERO), intent.terms.side.signed(of_sums))
        for strategy in self._world.traders:
            book = life.router.ledger.of(strategy)
            for symbol in self._world.instruments:
                theirs = units.get((strategy, symbol), ZERO)
                assert book.quantity(symbol) == theirs, f"I17: {strategy} has {book.quantity(symbol)} {symbol}"

    def _executed(self, cid: str) -> Decimal:
        booked = self.history.booked
        return total(one.quantity for one in self.truth.fills() if one.cid == cid and booked[execution_id(one)])

    def _what_can_be_asked_for_is_known(self) -> None:
        """I10: a fill that can be asked for is booked soon, whatever the stream says or does not."""
        for name, (fill, since_ns) in list(self.truth.news.items()):
            if self.history.booked[name]:
                del self.truth.news[name]
            elif not self._is_soon(since_ns):
                told = self.history.units[fill.cid] >= self.truth.filled(fill.cid)
                assert told, f"I10: {name} can be asked for, and is not booked"

    # What is no fault of ours.

    def _is_soon(self, since_ns: int) -> bool:
        """Whether something may still be unknown here: while a question cannot be answered, no time passes."""
        within_ns = D_RECON_NS + self._world.exchange.rules.sees_after_ns
        return self._world.now_ns - max(since_ns, self._excused_ns) <= within_ns

    def _follow_excuses(self) -> None:
        world = self._world
        new, self._faults = world.faults.happened[self._faults :], len(world.faults.happened)
        for fault in new:
            operation, _, kind = fault.partition("#")
            if operation in _READS or "=429" in kind or "=418" in kind or ".then=" in kind:
                self._excuse(10 * SECOND)
        is_paused = world.life is not None and world.now_ns < world.life.courier.paused_until_ns
        if world.life is None or is_paused or world.now_ns < world.gateway._down_until_ns:
            self._excuse(0)

    def _excuse(self, for_ns: int) -> None:
        self._excused_ns = max(self._excused_ns, self._world.now_ns + for_ns)
