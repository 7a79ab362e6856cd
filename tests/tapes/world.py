"""A world under virtual time: a venue that outlives everything, a journal that outlives a process, and one life of the
pure router after another. Time is integer nanoseconds, and nothing waits.

`World(tape).play()` goes through a tape, then lets the faults end and everything come to rest. After every step, and at
rest, `invariants.py` holds what is believed here against the venue's own books.
"""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from hashlib import blake2b
from typing import Any, Final

import msgspec

from tests.market_builders import a_quote, an_instrument
from tests.tapes import rest
from tests.tapes.conditions import breakers_of, duration, gateway_of, profile_of, rules_of
from tests.tapes.courier import Courier
from tests.tapes.deaths import Deaths, Died
from tests.tapes.deeds import Agenda, Others
from tests.tapes.invariants import Invariants
from tests.tapes.journal import Journal
from tests.tapes.lives import CASH, Life, Lives, Snapshot, drive
from tests.tapes.tape import Crash, Deed, Tape, a_tape, kind_of
from tests.tapes.traders import Trader
from tests.venue.exchange import Exchange
from tests.venue.faults import Faults
from tests.venue.inprocess import InProcessVenue
from tests.venue.records import Listing
from tests.venue.store import MemoryStore
from trading.account.records import LifeBegan, Operation, TimePassed, VenueHeard
from trading.account.resolutions import Resolution
from trading.commands import Command, WireAmend, WireCancel, WireSubmit
from trading.lockstep import Delivery, Step
from trading.market_data import Quote
from trading.timestamps import MINUTE, SECOND, parse_interval
from trading.venue.attempts import AttemptState
from trading.venue.messages import Request, VenueMessage

BEGINNING_NS: Final = 1_000_000 * SECOND
STRATEGIES: Final = ("a", "b", "c")
SYMBOLS: Final = ("AAA", "BBB")

REST_AFTER_NS: Final = 12 * SECOND
"""The faults end so long after the last deed, unless the tape says when."""

SETTLED_WITHIN_NS: Final = 300 * SECOND
"""By then everything is to be at rest: longer than what one order may take by its profile, and than a ban of the
venue."""

STILL_NS: Final = 12 * SECOND
"""What is at rest has to stay so for as long: the next listing comes within it."""

MOST_AT_ONCE: Final = 1_000
"""Turns at one time, after which nothing else will ever happen."""

_OPENING: Final = frozenset({"buys", "sells", "wants", "amends"})
_OF_THE_DAEMON: Final = frozenset({"halt", "resume", "stop"})


class World:
    """One tape. `happened` counts what came to pass, in words, `sites` the places at which the process might have died,
    `calls` those at which the venue or the line might have failed, while anything might; `trace` is a hash of every
    record, request and message, in their order."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.now_ns = BEGINNING_NS
        self.happened: Counter[str] = Counter()
        self.deaths = Deaths(tape.crashes, self.happened, self._leak)
        self.calls: Counter[str] = Counter()
        self.profile = profile_of(tape)
        self.instruments = {symbol: an_instrument(symbol) for symbol in SYMBOLS}
        self.store = MemoryStore()
        self.exchange = Exchange([Listing(symbol=symbol) for symbol in SYMBOLS], rules=rules_of(tape), store=self.store)
        self.exchange.skew_ns = duration(tape.condition("venue", "skew", "0"))
        self.exchange.deposit("USD", CASH, self.now_ns - MINUTE)
        self.faults = Faults(tape.faults)
        self.gateway = gateway_of(tape, self.exchange, self.faults)
        self.journal = Journal(self.deaths.passes)
        self.traders = {strategy: Trader(strategy) for strategy in STRATEGIES}
        self.events: list[Quote] = []
        self.requests: list[tuple[int, Request]] = []
        self.life: Life | None = None
        self.lives = 0
        self.invariants = Invariants(self)
        self._makes = Lives(
            journal=self.journal,
            events=self.events,
            traders=self.traders,
            instruments=self.instruments,
            profile=self.profile,
            breakers=breakers_of(tape),
        )
        self._others = Others(self.exchange, self.gateway)
        self._trace = blake2b(digest_size=16)
        self._agenda = Agenda(tape.deeds, self.now_ns, self._is_ready)
        self._reborn_ns: int | None = self.now_ns
        self.dead_man_ns = duration(tape.condition("daemon", "dead_man", "0"))
        self._snapshot_every = int(tape.condition("daemon", "snapshots", "0"))
        self._snapshot: Snapshot | None = None

    @property
    def sites(self) -> Counter[str]:
        """The places at which the process might have died."""
        return self.deaths.sites

    @property
    def trace(self) -> str:
        return self._trace.hexdigest()

    @property
    def doubles(self) -> bool:
        """Whether the line brings a request twice to a venue that takes the second, once the first is over."""
        return self.exchange.rules.unique_ids == "open" and any(".request=twice" in one for one in self.tape.faults)

    def play(self) -> "World":
        """Go through the tape, and on until everything is at rest; AssertionError where an invariant does not hold."""
        ends = self.tape.condition("faults", "end")
        self._go_on(BEGINNING_NS + round(float(ends) * SECOND) if ends else self._agenda.last_ns + REST_AFTER_NS)
        self.faults.heal()
        self.gateway.thaw()
        self.gateway.limiter.most = None
        self.deaths.end()
        self.calls.update(self.faults.counts)
        self.invariants.healed()
        self._settle()
        assert self.life is not None, "I1: nothing lives"
        if self.invariants.unsettled():
            self._look_at_the_venue(self.life)
            self._settle()
        self.invariants.at_rest(self.life)
        held = {strategy: dict(trader.held) for strategy, trader in self.traders.items()}
        rest.same(self.life, self._makes.recovered(self.lives, None))
        again = {strategy: dict(trader.held) for strategy, trader in self.traders.items()}
        assert held == again, f"I20: strategies were told of {held}, and then of {again}"
        self.happened.update(kind_of(fault) for fault in self.faults.happened)
        return self

    # Time.

    def _settle(self) -> None:
        """Until everything is settled, or ought to be; and on for a while, in which it has to stay so."""
        latest_ns = self.now_ns + SETTLED_WITHIN_NS
        while self.now_ns < latest_ns and self.invariants.unsettled():
            self._go_on(self.now_ns + SECOND)
        self._go_on(self.now_ns + STILL_NS)

    def _go_on(self, until_ns: int) -> None:
        turns = 0
        while (at_ns := self._next_ns()) is not None and at_ns <= until_ns:
            turns = turns + 1 if at_ns <= self.now_ns else 0
            assert turns < MOST_AT_ONCE, "I27: it is the same time over and over"
            self.now_ns = max(self.now_ns, at_ns)
            try:
                self._turn()
            except Died as death:
                self._die(death.crash)
        self.now_ns = max(self.now_ns, until_ns)

    def _next_ns(self) -> int | None:
        times = [self._reborn_ns]
        if self.life is None:
            times.append(self.gateway.next_ns())
        else:
            life = self.life
            times += [life.line.next_ns(), life.session.next_ns, life.courier.next_ns(self.now_ns)]
        times.append(self._agenda.next_ns)
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def _turn(self) -> None:
        if self.life is None:
            self.gateway.advance(self.now_ns)
        if self._reborn_ns is not None and self._reborn_ns <= self.now_ns:
            self._begin()
        if (life := self.life) is not None:
            for message in life.line.advance(self.now_ns):
                life.courier.take(message, self.now_ns)
                self._hear(life, message)
            if life.session.next_ns <= self.now_ns:
                self._carry(life, life.lockstep.hear(TimePassed(ts_ns=self.now_ns)))
            self._dispatch(life)
        while (deed := self._agenda.take(self.now_ns)) is not None:
            self._do(deed.words)
        self.invariants.look()

    # One step after another.

    def _hear(self, life: Life, message: VenueMessage) -> None:
        self.mark("heard", message)
        self._carry(life, life.lockstep.hear(VenueHeard(message=message, ts_ns=self.now_ns)))

    def _carry(self, life: Life, step: Step) -> None:
        """Carry a step through; what it wants sent leaves after its end."""
        self._carry_to_its_end(life, step)
        self.invariants.look()
        if self._snapshot_every and len(self.journal.steps) % self._snapshot_every == 0:
            self._snapshot = self._makes.snapshot(life)
        self._dispatch(life)

    def _carry_to_its_end(self, life: Life, step: Step) -> None:
        def hear(delivery: Delivery) -> None:
            self._makes.tell(delivery)
            self.invariants.delivered(life)

        before = len(self.journal.steps)
        drive(step, hear)
        for committed in self.journal.steps[before:]:
            for record in committed:
                self.mark("wrote", record)
            self.deaths.passes("commit")

    def _dispatch(self, life: Life) -> None:
        life.courier.dispatch(self.now_ns)
        while life.courier.unsent:
            self._hear(life, life.courier.unsent.pop(0))

    def _sends(self, life: Life, request: Request) -> None:
        self.mark("sent", request)
        self.requests.append((self.now_ns, request))
        self.invariants.sends(life, request)

    def _sent(self, request: Request) -> None:
        match request.what:
            case WireSubmit():
                self.deaths.passes("place")
            case WireCancel():
                self.deaths.passes("cancel")
            case WireAmend():
                self.deaths.passes("amend")
        self.deaths.passes("send")

    def _look_at_the_venue(self, life: Life) -> None:
        """A person is told that it is not known what became of an order, finds nothing of it there, and says so. While
        something else is wrong with the account in that symbol nobody but a person can."""
        there = {order.ticket.cid for order in self.exchange.books.orders}
        for attempt in list(life.session.progress.open.values()):
            if attempt.state is AttemptState.QUARANTINED and attempt.cid not in there:
                said = Resolution(order_id=attempt.terms.order_id, ended="never_arrived")
                operation = Operation(action="resolve_order", ts_ns=self.now_ns, reason="not there", resolution=said)
                self._carry(life, life.lockstep.operate(operation))

    # Lives.

    def _begin(self) -> None:
        """A life repeats what is journaled; its own first step comes before there is a line."""
        self._reborn_ns = None
        self.lives += 1
        life = self.life = self._makes.recovered(self.lives, self._snapshot)
        router, line = life.router, InProcessVenue(self.gateway)
        courier = Courier(
            session=life.session,
            line=line,
            profile=self.profile,
            recall=partial(router.recall, halted=False),
            sends=lambda request: self._sends(life, request),
            sent=self._sent,
        )
        life.connect(line, courier)
        self.invariants.began()
        began = LifeBegan(epoch_ms=life.epoch_ms, ts_ns=self.now_ns, dead_man_ns=self.dead_man_ns)
        self._carry_to_its_end(life, life.lockstep.hear(began))
        self.deaths.passes("begin")
        line.connect(self.now_ns)
        self._dispatch(life)

    def _leak(self) -> None:
        """What is to be sent in the step under way has left before the step's end."""
        life = self.life
        assert life is not None
        if self.now_ns < life.courier.paused_until_ns:
            return
        sends = [one for one in self.journal.under_way if isinstance(one, WireSubmit | WireCancel | WireAmend)]
        for number, what in enumerate(sends, life.session.requests.number + 1):
            request = Request(number=number, what=what, stamp_ns=self.now_ns + life.session.offset_ns)
            self._sends(life, request)
            life.line.perform(request, self.now_ns)
            self.invariants.leaks(what.cid)

    def _die(self, crash: Crash) -> None:
        assert self.life is not None
        self.mark("died", crash)
        self.life.line.close()
        self.life = None
        self.journal.die()
        self.invariants.died()
        self._reborn_ns = self.now_ns + crash.down_ns

    # What people, strategies and the market do.

    def _is_ready(self, deed: Deed) -> bool:
        """Whether it can be done now: an order waits for a daemon that may send it."""
        who = deed.words[0]
        if who not in STRATEGIES and who not in _OF_THE_DAEMON:
            return True
        if self.life is None:
            return False
        return who in _OF_THE_DAEMON or deed.words[1] not in _OPENING or not self.life.session.holds_back

    def _do(self, words: tuple[str, ...]) -> None:
        self.mark("does", words)
        who = words[0]
        if who == "quote":
            self._quote(*words[1:])
        elif who not in STRATEGIES and who not in _OF_THE_DAEMON:
            self._others.do(words, self.now_ns)
            self.gateway._tell(self.now_ns)
        elif (life := self.life) is not None:
            if who in STRATEGIES:
                self._ask(life, self.traders[who], words[1:])
            elif who == "stop":
                raise Died(Crash("stop", 0, parse_interval((*words, "1s")[1])))
            else:
                self._operate(life, who)

    def _ask(self, life: Life, trader: Trader, words: tuple[str, ...]) -> None:
        lockstep = life.lockstep
        if lockstep.now_ns < self.now_ns:
            self._carry(life, lockstep.hear(TimePassed(ts_ns=self.now_ns)))
        words = words[1:] if words[0] == "hastily" else words
        command = trader.asks(words, lockstep.router.orders[trader.strategy], self.now_ns)
        if command is not None:
            commands: list[Command] = [command]
            self._carry(life, lockstep.take(commands))

    def _operate(self, life: Life, action: Any) -> None:
        self._carry(life, life.lockstep.operate(Operation(action=action, ts_ns=self.now_ns, reason="told")))

    def _quote(self, symbol: str, bid: str, ask: str, size: str | None = None) -> None:
        self.exchange.quote(symbol, bid, ask, self.now_ns, bid_size=size, ask_size=size)
        self.gateway._tell(self.now_ns)
        if self.life is None:
            return
        quote = msgspec.structs.replace(a_quote(float(bid), float(ask), symbol=symbol), ts_ns=self.now_ns)
        self.events.append(quote)
        for step in self.life.lockstep.steps(self.life.lockstep.sequencer.lay_out(quote)):
            self._carry(self.life, step)

    def mark(self, what: str, of: object) -> None:
        """Something is of the trace."""
        self._trace.update(f"{self.now_ns} {what} {of!r}\n".encode())


def play(*lines: str | Iterable[str]) -> World:
    """Play a tape of these lines."""
    return World(a_tape(*lines)).play()
