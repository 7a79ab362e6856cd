"""The circuit breakers of one account, and what is done at once when one opens: by its policy orders are cancelled, and
positions closed.

Whatever comes of what is told here is due in the same step: `due_ns` says from when on there is something to hand out,
and `due` hands it out. The gate is closed by then.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.account.answers import adoption, refused_by_gate, rejection
from trading.account.breaker_states import BreakerState
from trading.account.breakers import Breakers, Restriction
from trading.account.dispatch import Dispatch
from trading.account.flattening import Flattening, Left
from trading.account.gate import Gate
from trading.account.records import BreakerChanged, Operation
from trading.account.taken import Taken
from trading.account.triggers import ACCOUNT, Policy, Trigger
from trading.commands import Command, SubmitOrder
from trading.order_manager import OrderManager
from trading.orders import OrderTerms
from trading.refusals import Refusal
from trading.reports import ExecutionReport, Origin

NOW: Final = 0

_BLIND: Final = "it is not known what it is worth, so no loss would be seen"

Worth = Mapping[str, Decimal | None]
"""What scopes are worth, in the account's currency; None where that is not known."""


class Safeguards:
    """Tells the breakers what happens, and acts when one changes. `worth` gives what the measured scopes are worth."""

    def __init__(
        self,
        breakers: Breakers,
        flattening: Flattening,
        *,
        orders: Mapping[str, OrderManager],
        dispatch: Dispatch,
        gate: Callable[[], Gate],
        worth: Callable[[], Worth],
    ) -> None:
        self.breakers = breakers
        self.due_ns = NOW if breakers.measured else breakers.wake_ns
        self._flattening = flattening
        self._orders = orders
        self._dispatch = dispatch
        self._gate = gate
        self._worth = worth
        self._is_unvalued = bool(breakers.measured)
        self._unmeasured: frozenset[str] = frozenset()
        self.is_over = False
        self._due = Taken()

    # What happens.

    def on_batch(self, batch: Iterable[Command], ts_ns: int) -> None:
        """Commands have come: their orders are counted before the first of them is let pass."""
        if self.breakers.counts_orders:
            for command in batch:
                if isinstance(command, SubmitOrder):
                    self.heed(self.breakers.on_order(command.strategy, ts_ns))

    def on_report(self, report: ExecutionReport) -> None:
        """A report of a container's order is booked."""
        if self.breakers.counts_answers:
            self.heed(self.breakers.on_report(report))
        if report.fill is not None:
            self.on_change()
        if self._flattening:
            self.due_ns = NOW

    def on_change(self) -> None:
        """A price or a book has changed: what is measured is to be looked at."""
        if self.breakers.measured:
            self._is_unvalued = True
            self.due_ns = NOW

    def on_flow(self, move: Callable[[], list[Any]]) -> list[Any]:
        """Let money or units come, go or be moved; that is neither loss nor gain."""
        if not self.breakers.measured:
            return move()
        before = self._worth()
        moved = move()
        self.breakers.on_flow(before, self._worth())
        self.on_change()
        return moved

    def on_transport(self, ts_ns: int, *, failed: bool) -> None:
        """A request was answered by the venue, whatever it said, or failed on its way."""
        self.heed(self.breakers.on_transport(ts_ns, failed=failed))

    def on_trouble(self, scope: str, trigger: Trigger, reason: str, ts_ns: int) -> None:
        """Something was found elsewhere that opens the breaker of a scope."""
        self.heed(self.breakers.on_trouble(scope, trigger, reason, ts_ns))

    def on_probe(self, scope: str, number: int, ts_ns: int, *, passed: bool, reason: str = "") -> None:
        """A probe was answered."""
        self.heed(self.breakers.on_probe(scope, number, ts_ns, passed=passed, reason=reason))

    def switch(self, operation: Operation) -> None:
        """Open or close a breaker from outside."""
        scope, reason, ts_ns = operation.scope, operation.reason, operation.ts_ns
        match operation.action:
            case "halt":
                self.on_trouble(ACCOUNT, Trigger.OPERATOR, reason or "no reason given", ts_ns)
            case "resume":
                self.heed(self.breakers.withdraw(ACCOUNT, Trigger.OPERATOR, reason, ts_ns))
            case "trip":
                self.on_trouble(scope, operation.trigger, reason, ts_ns)
            case "reset_breaker":
                self.heed(self.breakers.reset(scope, reason, ts_ns))
            case "probe":
                self.on_probe(scope, operation.number, ts_ns, passed=operation.passed, reason=reason)
            case _:
                raise AssertionError(f"{operation.action} is of no breaker")

    def close_out(self, reason: str, ts_ns: int, *, positions: bool) -> Taken:
        """The end of a run: withdraw what works and, where that is asked for, close what each strategy holds once it is
        gone. From here on breakers hold nothing back and close nothing. Nothing comes after it, so no state keeps it.
        """
        self.is_over = True
        for scope in self.breakers.by_scope:
            self._flattening.give_up(scope)
        for strategy in self._orders:
            if positions:
                self._flattening.begin(strategy, reason)
            self._due.sends += self._dispatch.cancel_all(strategy, ts_ns)
        return self.due(ts_ns)

    def heed(self, changes: Iterable[BreakerChanged]) -> None:
        """Act upon what came of the breakers, at once."""
        for told in changes:
            change = self._as_far_as_known(told)
            self._due.breakers.append(change)
            self._act(change)
            self.due_ns = NOW

    # What is due.

    def due(self, now_ns: int) -> Taken:
        """All that is to be done by now."""
        if self._is_unvalued:
            self._is_unvalued = False
            worth = self._worth()
            self._unmeasured = frozenset(scope for scope, equity in worth.items() if equity is None)
            self.heed(self.breakers.on_valuation(worth, now_ns))
        if self.breakers.wake_ns <= now_ns:
            self.heed(self.breakers.on_time(now_ns))
        for one in self._flattening.ready(now_ns) if self._flattening else ():
            if isinstance(one, Left):
                self._note(one)
            else:
                self._close(*one, now_ns)
        taken, self._due = self._due, Taken()
        self.due_ns = self.breakers.wake_ns
        return taken

    def undone(self) -> list[Left]:
        """What a policy asks for and is not done: not yet, or not at all."""
        noted = (Left(scope, one.shortfall) for scope, one in self.breakers.by_scope.items() if one.shortfall)
        blind = (Left(scope, f"{_BLIND}; nothing is opened") for scope in sorted(self._unmeasured))
        return [*noted, *self._flattening.waits(), *blind]

    def restriction(self, strategy: str) -> Restriction | None:
        """Why only orders of a strategy that reduce pass: a breaker that is open, or one whose limits on losses cannot
        be held against anything. None when any may."""
        if self.is_over:
            return None
        restriction = self.breakers.restriction(strategy)
        if restriction is not None or not self._unmeasured:
            return restriction
        scope = next((one for one in (ACCOUNT, strategy) if one in self._unmeasured), None)
        return None if scope is None else Restriction(f"of {scope} {_BLIND}", of_account=scope == ACCOUNT)

    def refusal(self, terms: OrderTerms) -> Refusal | None:
        """Why a container's own order would be in the way."""
        if self._flattening and self._flattening.is_closing(terms.strategy, terms.symbol):
            return Refusal("flattening", f"a circuit breaker has opened, and closes what is held of {terms.symbol}")
        return None

    def may_act_on(self, strategy: str) -> bool:
        """Whether at any event something of a strategy may be cancelled or closed."""
        policies = self.breakers.policies(strategy)
        if Policy.FLATTEN in policies and self._flattening.has_position(strategy):
            return True
        return not policies <= {Policy.LEAVE} and self._orders[strategy].open_count > 0

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs; nothing is due between two steps."""
        return {
            "breakers": self.breakers.state(),
            "flattening": self._flattening.state(),
            "unmeasured": sorted(self._unmeasured),
            "is_unvalued": self._is_unvalued,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the safeguards that gave this state."""
        self.breakers.restore(state["breakers"])
        self._flattening.restore(state["flattening"])
        self._unmeasured = frozenset(state["unmeasured"]) & frozenset(self.breakers.measured)
        self._is_unvalued = state["is_unvalued"]
        self.due_ns = NOW if self._flattening or self._is_unvalued else self.breakers.wake_ns

    # Within.

    def _act(self, change: BreakerChanged) -> None:
        if self.is_over:
            return
        if change.after is BreakerState.HALF_OPEN:
            self._due.probes.append(self.breakers.probe_of(change.scope))
        elif change.after is BreakerState.CLOSED:
            self._flattening.give_up(change.scope)
        if change.policy is Policy.LEAVE:
            return
        if change.policy is Policy.FLATTEN:
            self._flattening.begin(change.scope, f"{change.scope} breaker: {change.trigger}")
        for strategy in self._flattening.strategies(change.scope):
            self._due.sends += self._dispatch.cancel_all(strategy, change.ts_ns)

    def _as_far_as_known(self, change: BreakerChanged) -> BreakerChanged:
        """Positions are closed only upon whole data; else orders are cancelled, and people are told."""
        if change.policy is not Policy.FLATTEN or not (lacks := self._lacks(change.scope)):
            return change
        self._note(Left(change.scope, f"positions are left: {lacks}"))
        reason = f"{change.reason}; orders are cancelled and positions left, as {lacks}"
        return msgspec.structs.replace(change, policy=Policy.CANCEL, reason=reason)

    def _lacks(self, scope: str) -> str:
        """What is not known of a scope, and would have to be to close its positions."""
        if unpriced := self._flattening.unpriced(scope):
            return f"no price of {', '.join(unpriced)} is known"
        is_measured = scope in self.breakers.measured
        return f"what {scope} is worth is not known" if is_measured and self._worth()[scope] is None else ""

    def _close(self, scope: str, terms: OrderTerms, now_ns: int) -> None:
        """Let an order that closes a position pass the gate like any other; its container hears of it as its own."""
        gate = self._gate()
        gate.now_ns = now_ns
        refusal = gate.refusal(terms)
        if refusal is None:
            as_plain = not gate.sent_as_reduce_only(terms)
            gate.note(terms)
            self._due.sends.append(self._dispatch.place(terms, now_ns, as_plain=as_plain))
            self._due.reports.append(adoption(terms, now_ns))
            return
        self._orders[terms.strategy].add(terms)
        self._due.refused.append(refused_by_gate(terms, 0, refusal))
        self._due.reports.append(rejection(terms, Origin.GATE, refusal.code, refusal.reason, now_ns))
        self._note(Left(scope, f"{terms.order_id}, {terms.side} {terms.quantity} {terms.symbol}: {refusal.reason}"))

    def _note(self, left: Left) -> None:
        breaker = self.breakers.by_scope[left.scope]
        breaker.shortfall = "; ".join(filter(None, (breaker.shortfall, left.words)))
