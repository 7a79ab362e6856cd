"""Circuit breakers for people: what they are shown, what they are warned of, and what they may close."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

import msgspec

from daemon.api.breaker_views import BreakerView
from daemon.errors import BadRequest, UnknownStrategy
from daemon.shells import Shell
from trading.account.breaker_states import BreakerState
from trading.account.breakers import Breaker, Breakers
from trading.account.records import Operation
from trading.account.triggers import ACCOUNT, VENUE, BreakerRules, Rate, Trigger
from trading.timestamps import LAST_NS, format_interval, iso

_KEYS: Final = {"slow_sync_ns": "slow_sync_after"}
_NO_LIMITS: Final = ("on_trip", "cool_down_ns", "probe_timeout_ns")


class BreakerDesk:
    """Looks at the breakers of one floor. UnknownStrategy for a scope that there is not, with the nearest one."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def breakers(self) -> list[BreakerView]:
        """Every breaker: the account's, the venue's, and the strategies' in the config's order."""
        return [self._view(breaker) for breaker in self._breakers.by_scope.values()]

    async def reset(self, scope: str, reason: str) -> BreakerView:
        """Close a breaker, durably; one that is closed begins its counts anew. BadRequest where nothing but a failed
        strategy is behind it."""
        breaker = self._find(scope)
        if scope in self._tripped and not breaker.is_open:
            raise BadRequest(
                f"{scope} has failed, and no reset brings it back: {self._tripped[scope]}",
                mend="give it other code or parameters, and start the daemon again",
            )
        await self._shell.operate(
            Operation(action="reset_breaker", ts_ns=self._shell.now_ns, reason=reason, scope=scope)
        )
        return self._view(self._find(scope))

    def unready(self) -> list[str]:
        """Why nothing at all may add risk, beside the account's halt."""
        breaker = self._breakers.by_scope[VENUE]
        return [f"the venue's circuit breaker is {_words(breaker.state)}: {breaker.reason}"] if breaker.is_open else []

    def alarms(self) -> list[str]:
        """Each open breaker in a sentence that says what to do."""
        safeguards = self._shell.floor.lockstep.router.safeguards
        undone = [f"circuit breaker of {scope} has something undone: {words}" for scope, words in safeguards.undone()]
        return [*_of_open(self._breakers.by_scope.values()), *undone]

    # Within.

    @property
    def _breakers(self) -> Breakers:
        return self._shell.floor.lockstep.router.breakers

    @property
    def _tripped(self) -> dict[str, str]:
        return self._shell.floor.lockstep.router.tripped

    def _find(self, scope: str) -> Breaker:
        found = self._breakers.by_scope.get(scope)
        if found is None:
            scopes = list(self._breakers.by_scope)
            nearest = get_close_matches(scope, scopes, n=1)
            mend = f"did you mean {nearest[0]!r}?" if nearest else f"there are: {', '.join(scopes)}"
            raise UnknownStrategy(f"no circuit breaker of {scope!r}", mend=mend)
        return found

    def _view(self, breaker: Breaker) -> BreakerView:
        why, rules = self._tripped.get(breaker.scope), self._breakers.rules[breaker.scope]
        triggers = [trigger.value for trigger in breaker.causes]
        reasons = [breaker.reason] if breaker.is_open else []
        since = min((cause.since_ns for cause in breaker.causes.values()), default=None)
        if why is not None:
            triggers.append(Trigger.ERROR.value)
            reasons.append(why)
        return BreakerView(
            scope=breaker.scope,
            state=BreakerState.OPEN if why is not None else breaker.state,
            triggers=triggers,
            reason="; ".join(reasons),
            since=None if since is None else iso(since),
            latched=breaker.latches or why is not None,
            next_at=None if breaker.due_ns == LAST_NS else iso(breaker.due_ns),
            sealed=why is not None,
            policy=rules.on_trip,
            shortfall=breaker.shortfall,
            limits=_limits(rules),
        )


def _of_open(breakers: Iterable[Breaker]) -> Iterator[str]:
    """But for a halt, which is told apart."""
    for breaker in breakers:
        scope, causes = breaker.scope, set(breaker.causes)
        if breaker.is_open and (scope, causes) != (ACCOUNT, {Trigger.OPERATOR}):
            closes = "look, then: " if breaker.latches else "it closes by itself once a probe has passed, or by: "
            state = f"circuit breaker of {scope} is {_words(breaker.state)}: {breaker.reason}"
            yield f"{state}; {closes}bulkhead breaker reset {scope}"


def _limits(rules: BreakerRules) -> dict[str, str]:
    """Those that are given, by their keys in the config."""
    given = msgspec.structs.asdict(rules).items()
    return {
        _KEYS.get(name, name): _text(name, limit)
        for name, limit in given
        if limit is not None and name not in _NO_LIMITS
    }


def _text(name: str, limit: object) -> str:
    if isinstance(limit, Rate):
        return f"{limit.count}{limit.words}"
    return format_interval(limit) if name.endswith("_ns") and isinstance(limit, int) else str(limit)


def _words(state: BreakerState) -> str:
    return state.replace("_", "-")
