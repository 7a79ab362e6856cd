"""Circuit breakers: where something has gone wrong only orders that reduce leave, in the smallest scope that holds it.

There is one for the account, one for the venue, and one for each container. It is opened by what it is told here, and
stays open while one of its causes stands:

    closed --trip--> open --cool-down, where all causes are of the transport--> half-open --probe passed--> closed
                      ^                                                            |
                      +----------------------- probe failed, or not answered ------+

Causes of the trading kind stand until an operator resets the breaker. It is pure: times come with what it is told, and
each method gives the changes that came of it, which are to be recorded and acted upon at once.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.account.breaker_states import TRANSITIONS, BreakerChange, BreakerState
from trading.account.meters import Finding, Meter
from trading.account.records import BreakerChanged
from trading.account.triggers import ACCOUNT, TRIGGERS, VENUE, BreakerRules, Kind, Policy, Trigger, reach_of
from trading.errors import IllegalTransition
from trading.reports import ExecutionReport, Origin, ReportKind
from trading.timestamps import LAST_NS

MOST_PATIENT: Final = 4
"""How often the cool-down doubles while probe after probe fails."""

_NONE: Final = BreakerRules()


class Restriction(msgspec.Struct, frozen=True):
    """Why only orders that reduce pass: a breaker is open or, as `code` and `what` say, something else is the matter.
    `of_account` says that they must reduce the account's position too, netted over all its containers, and not their
    own container's alone."""

    reason: str
    of_account: bool
    code: str = "halted"
    what: str = "trading is halted"


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """A question to the venue that changes nothing there is wanted: does it answer as it should? The answer to `number`
    goes to `on_probe` before `due_ns`; without one the probe has failed."""

    scope: str
    number: int
    due_ns: int


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why a breaker is open, and since when."""

    reason: str
    since_ns: int


class Breaker(msgspec.Struct, kw_only=True):
    """One scope's. `due_ns` is when its cool-down ends, or the time of its probe; `shortfall` what a policy left undone
    when it opened, for people."""

    scope: str
    state: BreakerState = BreakerState.CLOSED
    causes: dict[Trigger, Cause] = {}
    due_ns: int = LAST_NS
    probes: int = 0
    failed: int = 0
    shortfall: str = ""

    @property
    def is_open(self) -> bool:
        """Whether orders are held back, half-open or wholly."""
        return self.state is not BreakerState.CLOSED

    @property
    def latches(self) -> bool:
        """Whether it stays open until an operator resets it."""
        return any(TRIGGERS[trigger].kind is Kind.TRADING for trigger in self.causes)

    @property
    def reason(self) -> str:
        """Why it is open, in words; empty while it is closed."""
        return "; ".join(cause.reason for cause in self.causes.values())

    def change(self, change: BreakerChange) -> BreakerState:
        """Make one step of the table and give the state before; IllegalTransition when it has no such row."""
        before = self.state
        try:
            self.state = TRANSITIONS[before, change]
        except KeyError:
            raise IllegalTransition(f"breaker of {self.scope}: no row for {change} in state {before}") from None
        return before


class Breakers:
    """All breakers of one account. `rules` are by scope, none where a scope has none; `wake_ns` is the next time at
    which `on_time` has something to do.

    `counts_orders`, `counts_answers` and `measured` (scopes) tell what need not be told where nobody asks for it.
    """

    def __init__(self, strategies: Iterable[str], rules: Mapping[str, BreakerRules]) -> None:
        self._strategies = tuple(strategies)
        assert not {ACCOUNT, VENUE}.intersection(self._strategies), "a strategy has the name of another scope"
        scopes = (ACCOUNT, VENUE, *self._strategies)
        assert rules.keys() <= set(scopes), f"there are no scopes {sorted(rules.keys() - set(scopes))}"
        self.rules = {scope: rules.get(scope, _NONE) for scope in scopes}
        self.by_scope = {scope: Breaker(scope=scope) for scope in self.rules}
        self.wake_ns = LAST_NS
        self._meters = {scope: Meter(one) for scope, one in self.rules.items()}
        self._restrictions: dict[str, Restriction] = {}
        self.counts_orders = any(one.order_rate for one in self.rules.values())
        self.counts_answers = any(one.consecutive_rejects or one.reject_rate for one in self.rules.values())
        self.measured = tuple(s for s, one in self.rules.items() if one.daily_loss_amount or one.drawdown_share)
        self._policies = {
            strategy: frozenset(
                rules.on_trip for rules in (self.rules[strategy], self.rules[ACCOUNT]) if rules.open_by_events
            )
            for strategy in self._strategies
        }

    # What is asked of it.

    def restriction(self, strategy: str) -> Restriction | None:
        """Why only orders of a strategy that reduce pass; None when any may."""
        return self._restrictions.get(strategy)

    def policies(self, strategy: str) -> frozenset[Policy]:
        """What may become of a strategy's orders and positions at any event; what is done from outside is apart."""
        return self._policies[strategy]

    def probe_of(self, scope: str) -> Probe:
        """The probe that a half-open breaker waits for."""
        breaker = self.by_scope[scope]
        assert breaker.state is BreakerState.HALF_OPEN, f"{scope} is {breaker.state}"
        return Probe(scope=scope, number=breaker.probes, due_ns=breaker.due_ns)

    # What it is told.

    def on_order(self, strategy: str, ts_ns: int) -> list[BreakerChanged]:
        """A strategy asks for an order, which may still be refused."""
        own, of_all = self._meters[strategy].on_order(ts_ns), self._meters[ACCOUNT].on_order(ts_ns)
        return self._found(strategy, own, ts_ns) + self._found(ACCOUNT, of_all, ts_ns)

    def on_report(self, report: ExecutionReport) -> list[BreakerChanged]:
        """The venue has answered; what was refused here does not count."""
        if report.origin is not Origin.VENUE or report.kind not in (ReportKind.ACCEPTED, ReportKind.REJECTED):
            return []
        changes: list[BreakerChanged] = []
        for scope in (report.strategy, ACCOUNT):
            findings = self._meters[scope].on_answer(report.ts_ns, rejected=report.kind is ReportKind.REJECTED)
            changes += self._found(scope, findings, report.ts_ns)
        return changes

    def on_valuation(self, equities: Mapping[str, Decimal | None], ts_ns: int) -> list[BreakerChanged]:
        """The `measured` scopes are worth so much, in the account's currency; None where that is not known."""
        changes: list[BreakerChanged] = []
        for scope, equity in equities.items():
            changes += self._found(scope, self._meters[scope].on_equity(equity, ts_ns), ts_ns)
        return changes

    def on_flow(self, before: Mapping[str, Decimal | None], after: Mapping[str, Decimal | None]) -> None:
        """Money or units came, went or were moved: what the `measured` scopes were worth right before and right
        after."""
        for scope, equity in after.items():
            self._meters[scope].on_flow(before[scope], equity)

    def on_transport(self, ts_ns: int, *, failed: bool) -> list[BreakerChanged]:
        """A request was answered by the venue, whatever the answer; or it failed on its way."""
        return self._found(VENUE, self._meters[VENUE].on_transport(ts_ns, failed=failed), ts_ns)

    def on_trouble(self, scope: str, trigger: Trigger, reason: str, ts_ns: int) -> list[BreakerChanged]:
        """Something was found elsewhere. Of a cause that stands already only an operator's reason is new."""
        assert reach_of(scope) in TRIGGERS[trigger].reaches, f"{trigger} opens no breaker of {scope}"
        breaker = self.by_scope[scope]
        stands = breaker.causes.get(trigger)
        is_news = trigger is Trigger.OPERATOR and stands is not None and stands.reason != reason
        if stands is not None and breaker.state is BreakerState.OPEN and not is_news:
            return []
        breaker.causes = {**breaker.causes, trigger: Cause(reason=reason, since_ns=ts_ns)}
        before = breaker.change(BreakerChange.TRIP)
        policy = self.rules[scope].on_trip
        acts = before is BreakerState.CLOSED and trigger is not Trigger.OPERATOR
        return self._changed(breaker, before, trigger, reason, ts_ns, policy=policy if acts else Policy.LEAVE)

    def on_time(self, now_ns: int) -> list[BreakerChanged]:
        """So late it is: a cool-down may be over, or a probe not answered."""
        changes: list[BreakerChanged] = []
        for breaker in self.by_scope.values():
            if breaker.due_ns > now_ns:
                continue
            trigger = next(iter(breaker.causes))
            if breaker.state is BreakerState.OPEN:
                before = breaker.change(BreakerChange.COOL_DOWN)
                breaker.probes += 1
                changes += self._changed(breaker, before, trigger, "the cool-down is over: a probe is due", now_ns)
            else:
                changes += self._failed(breaker, "the probe was not answered in its time", now_ns)
        return changes

    def on_probe(self, scope: str, number: int, ts_ns: int, *, passed: bool, reason: str = "") -> list[BreakerChanged]:
        """A probe was answered. An answer that nobody waits for any more changes nothing."""
        breaker = self.by_scope[scope]
        if breaker.state is not BreakerState.HALF_OPEN or number != breaker.probes:
            return []
        if not passed:
            return self._failed(breaker, reason or "the probe failed", ts_ns)
        self._meters[scope].clear()
        return self._closed(breaker, BreakerChange.PROBE_OK, reason or "the probe passed", ts_ns)

    def reset(self, scope: str, reason: str, ts_ns: int) -> list[BreakerChanged]:
        """An operator closes a breaker: all its limits count anew from here."""
        self._meters[scope].clear()
        breaker = self.by_scope[scope]
        return self._closed(breaker, BreakerChange.RESET, reason, ts_ns) if breaker.is_open else []

    def withdraw(self, scope: str, trigger: Trigger, reason: str, ts_ns: int) -> list[BreakerChanged]:
        """One cause stands no longer; others keep the breaker open."""
        breaker = self.by_scope[scope]
        if trigger not in breaker.causes:
            return []
        if len(breaker.causes) == 1:
            return self._closed(breaker, BreakerChange.RESET, reason, ts_ns)
        breaker.causes = {one: cause for one, cause in breaker.causes.items() if one is not trigger}
        return self._changed(breaker, breaker.change(BreakerChange.WITHDRAW), trigger, reason, ts_ns)

    # What is kept.

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "breakers": [msgspec.structs.replace(breaker) for breaker in self.by_scope.values()],
            "meters": {scope: meter.state() for scope, meter in self._meters.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the breakers that gave this state, under the rules of today. What is open stays open, though its limit
        may be gone; scopes that are new are closed."""
        for breaker in msgspec.convert(state["breakers"], list[Breaker]):
            if breaker.scope in self.by_scope:
                self.by_scope[breaker.scope] = breaker
                self._meters[breaker.scope].restore(state["meters"][breaker.scope])
        self._look()

    # Within.

    def _found(self, scope: str, findings: Iterator[Finding], ts_ns: int) -> list[BreakerChanged]:
        changes: list[BreakerChanged] = []
        for trigger, reason in findings:
            changes += self.on_trouble(scope, trigger, reason, ts_ns)
        return changes

    def _failed(self, breaker: Breaker, reason: str, ts_ns: int) -> list[BreakerChanged]:
        before = breaker.change(BreakerChange.PROBE_FAILED)
        breaker.failed += 1
        return self._changed(breaker, before, next(iter(breaker.causes)), reason, ts_ns)

    def _closed(self, breaker: Breaker, change: BreakerChange, reason: str, ts_ns: int) -> list[BreakerChanged]:
        trigger, before = next(iter(breaker.causes)), breaker.change(change)
        breaker.causes, breaker.failed, breaker.shortfall = {}, 0, ""
        return self._changed(breaker, before, trigger, reason, ts_ns)

    def _changed(
        self,
        breaker: Breaker,
        before: BreakerState,
        trigger: Trigger,
        reason: str,
        ts_ns: int,
        *,
        policy: Policy = Policy.LEAVE,
    ) -> list[BreakerChanged]:
        rules = self.rules[breaker.scope]
        breaker.due_ns = LAST_NS
        if breaker.state is BreakerState.HALF_OPEN:
            breaker.due_ns = ts_ns + rules.probe_timeout_ns
        elif breaker.state is BreakerState.OPEN and not breaker.latches:
            breaker.due_ns = ts_ns + rules.cool_down_ns * 2 ** min(breaker.failed, MOST_PATIENT)
        self._look()
        return [
            BreakerChanged(
                scope=breaker.scope,
                trigger=trigger,
                before=before,
                after=breaker.state,
                reason=reason,
                ts_ns=ts_ns,
                policy=policy,
            )
        ]

    def _look(self) -> None:
        """Find out anew what holds for whom."""
        self.wake_ns = min(breaker.due_ns for breaker in self.by_scope.values())
        of_all = [self.by_scope[scope] for scope in (ACCOUNT, VENUE) if self.by_scope[scope].is_open]
        self._restrictions = {}
        for strategy in self._strategies:
            own = self.by_scope[strategy]
            if reasons := [breaker.reason for breaker in (*of_all, own) if breaker.is_open]:
                self._restrictions[strategy] = Restriction("; ".join(reasons), of_account=bool(of_all))
