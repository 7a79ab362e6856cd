"""Whatever happens in whatever order: once it is written down that a breaker is open, nothing leaves its scope but what
reduces, and cancels; what latches stays so until somebody resets it; and a restart changes none of it.

The model knows only what is recorded and sent, and adds up by itself what is held and what works.
"""

from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.builders import price, report, submit, terms
from tests.market_builders import USD, an_instrument, through_msgpack
from trading.account.breaker_states import BreakerState
from trading.account.ids import ClientOrderIds
from trading.account.records import BreakerChanged, Operation
from trading.account.router import RoutedStrategy, Router
from trading.account.taken import Taken
from trading.account.triggers import ACCOUNT, TRIGGERS, VENUE, BreakerRules, Kind, Policy, Rate, Trigger
from trading.commands import AmendOrder, CancelOrder, WireAmend, WireCancel, WireSubmit
from trading.limits import RiskLimits
from trading.orders import OrderTerms, Side
from trading.reports import ReportKind
from trading.timestamps import SECOND

NAMES = ("a", "b", "c")
SCOPES = (ACCOUNT, VENUE, *NAMES)
OF_TRADING = {
    "consecutive_rejects": 2,
    "reject_rate": Rate(count=3, of=5),
    "order_rate": Rate(count=4, within_ns=SECOND),
    "daily_loss_amount": Decimal(60),
    "drawdown_share": Decimal("0.01"),
}
POLICIES = st.sampled_from(Policy)
UNITS = st.integers(1, 8)
SIDES = st.sampled_from(Side)


def rules_of(scope: str, policy: Policy, limits: list[str]) -> BreakerRules:
    if scope == VENUE:
        plain = policy if policy is not Policy.FLATTEN else Policy.CANCEL
        return BreakerRules(
            on_trip=plain, transport_errors_in_a_row=2, cool_down_ns=3 * SECOND, probe_timeout_ns=SECOND
        )
    return BreakerRules(on_trip=policy, **{name: OF_TRADING[name] for name in limits})  # type: ignore[arg-type]


class BreakerMachine(RuleBasedStateMachine):
    """A router among orders, answers, prices, failures, operators and restarts."""

    @initialize(
        policies=st.tuples(*[POLICIES] * len(SCOPES)),
        limits=st.tuples(*[st.lists(st.sampled_from(sorted(OF_TRADING)), unique=True)] * len(SCOPES)),
    )
    def begin(self, policies: tuple[Policy, ...], limits: tuple[list[str], ...]) -> None:
        """Every scope has rules of its own; two hold something, and one is short of some of it."""
        ruled = zip(SCOPES, policies, limits, strict=True)
        self.breakers = {scope: rules_of(scope, policy, of) for scope, policy, of in ruled}
        self.now_ns, self.lives = 10 * SECOND, 1
        self.router = self._router()
        self.asked: Counter[str] = Counter()
        self.open: dict[str, set[Trigger]] = {}
        self.working: dict[str, tuple[OrderTerms, int]] = {}
        self.held: Counter[str] = Counter()
        self.router.on_market(price(10, 100.0))
        for name, side, units in (("a", Side.BUY, 9), ("b", Side.BUY, 4), ("c", Side.SELL, 5)):
            bought = report(terms(side, str(units), strategy=name, n=10_000), ReportKind.FILLED).fill
            assert bought is not None
            self.router.ledger.of(name).book(bought)
            self.held[name] += units if side is Side.BUY else -units

    # What happens.

    @rule(orders=st.lists(st.tuples(st.sampled_from(NAMES), SIDES, UNITS, st.booleans()), min_size=1, max_size=6))
    def ask(self, orders: list[tuple[str, Side, int, bool]]) -> None:
        """One batch of orders, at the market or far from it."""
        batch = []
        for name, side, units, far in orders:
            self.asked[name] += 1
            limit = {Side.BUY: "50", Side.SELL: "150"}[side] if far else None
            batch.append(submit(terms(side, str(units), limit, n=self.asked[name], strategy=name)))
        self._see(self.router.take(batch, self.now_ns))

    @precondition(lambda self: self.working)
    @rule(data=st.data(), units=UNITS)
    def amend(self, data: st.DataObject, units: int) -> None:
        """Ask for another size of an order that works."""
        order, _ = self.working[data.draw(st.sampled_from(sorted(self.working)))]
        self.asked[order.strategy] += 1
        other = _resized(order, units)
        command = AmendOrder(strategy=order.strategy, n=self.asked[order.strategy], terms=other, ts_ns=self.now_ns)
        self._see(self.router.take([command], self.now_ns))

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A strategy cancels one of its own: that always leaves."""
        order_id = data.draw(st.sampled_from(sorted(self.working)))
        name = order_id.partition("-")[0]
        command = CancelOrder(strategy=name, n=999, order_id=order_id, ts_ns=self.now_ns)
        taken = self.router.take([command], self.now_ns)
        assert order_id in [one.order_id for one in taken.sends if isinstance(one, WireCancel)]
        self._see(taken)

    @precondition(lambda self: self.working)
    @rule(data=st.data(), kind=st.sampled_from([ReportKind.CANCELLED, ReportKind.FILLED, ReportKind.REJECTED]))
    def end(self, data: st.DataObject, kind: ReportKind) -> None:
        """The venue ends an order, whatever was asked of it."""
        order, units = self.working.pop(data.draw(st.sampled_from(sorted(self.working))))
        if kind is ReportKind.FILLED:
            self.held[order.strategy] += units if order.side is Side.BUY else -units
        self.router.book([report(_resized(order, units), kind)], 1)
        self._see(self.router.safeguards.due(self.now_ns))

    @rule(value=st.integers(90, 110))
    def move(self, value: int) -> None:
        """The price moves."""
        self.router.on_market(price(10, float(value)))
        self._see(self.router.safeguards.due(self.now_ns))

    @rule(seconds=st.integers(0, 4), failed=st.booleans())
    def pass_time(self, seconds: int, failed: bool) -> None:
        """Time goes by, and then a request is answered or not."""
        self.now_ns += seconds * SECOND
        self.router.safeguards.on_transport(self.now_ns, failed=failed)
        self._see(self.router.safeguards.due(self.now_ns))

    @rule(passed=st.booleans(), late=st.integers(0, 1))
    def answer_probe(self, passed: bool, late: int) -> None:
        """The newest probe is answered, or the one before."""
        number = self.router.breakers.by_scope[VENUE].probes - late
        self._operate("probe", scope=VENUE, passed=passed, number=number)

    @rule(scope=st.sampled_from(SCOPES))
    def find(self, scope: str) -> None:
        """Something is found elsewhere."""
        found = {VENUE: Trigger.RECONCILIATION, ACCOUNT: Trigger.DRAWDOWN}.get(scope, Trigger.STALL)
        self._operate("trip", scope=scope, trigger=found)

    @rule(scope=st.sampled_from(SCOPES), action=st.sampled_from(["halt", "resume", "reset_breaker"]))
    def operate(self, scope: str, action: str) -> None:
        """An operator opens or closes something."""
        self._operate(action, scope=scope)
        if action == "reset_breaker":
            assert self.router.breakers.by_scope[scope].state is BreakerState.CLOSED

    @rule()
    def restart(self) -> None:
        """The daemon ends, and goes on from its snapshot."""
        self.lives += 1
        state, restrictions = through_msgpack(self.router.state()), self._restrictions()
        self.router = self._router()
        self.router.restore(state)
        assert through_msgpack(self.router.state()) == state
        assert self._restrictions() == restrictions

    # What must hold.

    @invariant()
    def the_gate_is_as_recorded(self) -> None:
        """Whom the records say is held back, and nobody else."""
        of_all = bool({ACCOUNT, VENUE} & self.open.keys())
        for name in NAMES:
            restriction = self.router.breakers.restriction(name)
            assert (restriction is not None) is (of_all or name in self.open), name
            assert restriction is None or restriction.of_account is of_all

    @invariant()
    def nothing_is_due_between_steps(self) -> None:
        """What came of a step was handed out in it."""
        assert self.router.safeguards.due(self.now_ns) == Taken()

    def _see(self, taken: Taken) -> None:
        """Take up what is handed out, in the order in which it is recorded; sends are judged one by one."""
        for change in taken.breakers:
            self._note(change)
        for command in taken.sends:
            if not isinstance(command, WireCancel):
                self._send(command.terms)
        self.router.book(taken.reports, 1)
        for command in taken.sends:
            if isinstance(command, WireSubmit):
                self.router.book([report(command.terms, ReportKind.ACCEPTED)], 1)
            elif isinstance(command, WireAmend):
                self.router.book([report(command.terms, ReportKind.REPLACED)], 1)
                self.working[command.terms.order_id] = (command.terms, int(command.terms.quantity))
        if self.router.safeguards.due_ns <= self.now_ns and (taken.sends or taken.reports):
            self._see(self.router.safeguards.due(self.now_ns))

    def _send(self, order: OrderTerms) -> None:
        """Until it is answered an amendment counts as the larger of both; one that is smaller takes risk away."""
        units, before = int(order.quantity), self.working.get(order.order_id, (order, 0))[1]
        self.working[order.order_id] = (order, max(units, before))
        if units > before:
            self._judge(order)

    def _judge(self, order: OrderTerms) -> None:
        """Under a restriction an order, with all that works on its side, can only take nearer to flat."""
        of_all = bool({ACCOUNT, VENUE} & self.open.keys())
        if not (of_all or order.strategy in self.open):
            return
        mine = [(one, units) for one, units in self.working.values() if one.strategy == order.strategy]
        assert _only_reduces(order, self.held[order.strategy], mine), order
        if of_all:
            assert _only_reduces(order, sum(self.held.values()), list(self.working.values())), order

    def _note(self, change: BreakerChanged) -> None:
        was = BreakerState.CLOSED if change.scope not in self.open else change.before
        assert was is change.before, change
        if change.after is BreakerState.CLOSED:
            causes = self.open.pop(change.scope)
            assert self._acted == "reset_breaker" or causes == {Trigger.OPERATOR} or not _latches(causes), change
        elif change.after is BreakerState.HALF_OPEN:
            assert not _latches(self.open[change.scope]), change
        elif self._acted == "resume":
            self.open[change.scope].discard(Trigger.OPERATOR)
        else:
            self.open.setdefault(change.scope, set()).add(change.trigger)

    # How it does it.

    _acted = ""

    def _operate(self, action: Any, **given: Any) -> None:
        self._acted = action
        operation = Operation(action=action, ts_ns=self.now_ns, reason=f"{action} at {self.now_ns}", **given)
        self._see(self.router.operate(operation, 1))
        self._see(self.router.safeguards.due(self.now_ns))
        self._acted = ""

    def _restrictions(self) -> list[object]:
        return [self.router.breakers.restriction(name) for name in NAMES]

    def _router(self) -> Router:
        return Router(
            strategies=[RoutedStrategy(strategy=name, capital={"USD": Decimal(4_000)}) for name in NAMES],
            cash={"USD": Decimal(12_000)},
            instruments={"AAA": an_instrument()},
            limits=RiskLimits(),
            ids=ClientOrderIds(self.lives),
            currency=USD,
            breakers=self.breakers,
        )


def _latches(causes: set[Trigger]) -> bool:
    return any(TRIGGERS[cause].kind is Kind.TRADING for cause in causes)


def _resized(order: OrderTerms, units: int) -> OrderTerms:
    return msgspec.structs.replace(order, quantity=Decimal(units))


def _only_reduces(order: OrderTerms, held: int, working: list[tuple[OrderTerms, int]]) -> bool:
    on_its_side = sum(units for one, units in working if one.side is order.side)
    return on_its_side <= (held if order.side is Side.SELL else -held)


BreakerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestBreakers = BreakerMachine.TestCase
