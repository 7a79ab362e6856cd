"""What is counted and measured of one scope, and held against its limits.

A count is of what happened, by the times of the events. Worth is measured against two marks that survive a restart:
what the scope was worth when the day began, and the most that it was ever worth. Money that comes or goes moves both,
and is neither loss nor drawdown. What is not known is never held against a limit.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from trading.account.triggers import BreakerRules, Rate, Trigger
from trading.money import EXACT, ROUNDING
from trading.timestamps import DAY


class Finding(NamedTuple):
    """A limit that is reached, in words."""

    trigger: Trigger
    reason: str


class Window:
    """Counts how many of the last happenings were hits, by number, by time, or both."""

    def __init__(self, rate: Rate, *, kept: int | None = None) -> None:
        self._rate = rate
        self._heard: deque[tuple[int, bool]] = deque(maxlen=rate.of or kept or rate.count)

    def hear(self, ts_ns: int, *, hit: bool = True) -> int:
        """Take one happening up, and give the hits there are now."""
        if hit or self._rate.of is not None:
            self._heard.append((ts_ns, hit))
        within_ns = self._rate.within_ns
        return sum(hit and (within_ns is None or ts_ns - at_ns < within_ns) for at_ns, hit in self._heard)

    def clear(self) -> None:
        """Begin anew."""
        self._heard.clear()

    def state(self) -> list[tuple[int, bool]]:
        """Everything that `restore` needs."""
        return list(self._heard)

    def restore(self, state: list[tuple[int, bool]]) -> None:
        """Become the window that gave this state, under the rate of today."""
        self._heard.clear()
        self._heard.extend((ts_ns, hit) for ts_ns, hit in state)


class Meter:
    """The counts and marks of one scope. Each method gives the limits that are reached by what it is told."""

    def __init__(self, rules: BreakerRules) -> None:
        self.rules = rules
        self._rejects = self._errors = 0
        self._day_ends_ns = 0
        self._equity: Decimal | None = None
        self._opening: Decimal | None = None
        self._peak: Decimal | None = None
        self._windows: dict[Trigger, Window] = {}
        for trigger, rate in (
            (Trigger.REJECT_RATE, rules.reject_rate),
            (Trigger.TRANSPORT_ERROR_RATE, rules.transport_error_rate),
        ):
            if rate is not None:
                self._windows[trigger] = Window(rate)
        if (rate := rules.order_rate) is not None:
            self._windows[Trigger.ORDER_RATE] = Window(rate, kept=rate.count + 1)

    def on_order(self, ts_ns: int) -> Iterator[Finding]:
        """An order is asked for."""
        rate = self.rules.order_rate
        if rate is not None and (asked := self._windows[Trigger.ORDER_RATE].hear(ts_ns)) > rate.count:
            yield Finding(Trigger.ORDER_RATE, f"orders{rate.words}: {asked}")

    def on_answer(self, ts_ns: int, *, rejected: bool) -> Iterator[Finding]:
        """The venue has accepted or rejected an order."""
        self._rejects = self._rejects + 1 if rejected else 0
        most = self.rules.consecutive_rejects
        if most is not None and rejected and self._rejects >= most:
            yield Finding(Trigger.CONSECUTIVE_REJECTS, f"orders rejected in a row: {self._rejects}")
        yield from self._by_rate(Trigger.REJECT_RATE, self.rules.reject_rate, ts_ns, rejected, "orders rejected")

    def on_transport(self, ts_ns: int, *, failed: bool) -> Iterator[Finding]:
        """A request was answered by the venue, or was not."""
        self._errors = self._errors + 1 if failed else 0
        most = self.rules.transport_errors_in_a_row
        if most is not None and failed and self._errors >= most:
            yield Finding(Trigger.TRANSPORT_ERRORS, f"requests failed in a row: {self._errors}")
        rate = self.rules.transport_error_rate
        yield from self._by_rate(Trigger.TRANSPORT_ERROR_RATE, rate, ts_ns, failed, "requests failed")

    def on_equity(self, equity: Decimal | None, ts_ns: int) -> Iterator[Finding]:
        """The scope is worth so much; None where that is not known now."""
        if equity is None:
            return
        day_ends_ns = -(-ts_ns // DAY) * DAY  # midnight is part of the day that it ends, as of every other reckoning
        if self._opening is None or day_ends_ns > self._day_ends_ns:
            self._opening = equity if self._equity is None else self._equity
            self._day_ends_ns = day_ends_ns
        self._equity = equity
        self._peak = equity if self._peak is None else max(self._peak, equity)
        lost, below = EXACT.subtract(self._opening, equity), EXACT.subtract(self._peak, equity)
        most = self.rules.daily_loss_amount
        if most is not None and lost >= most:
            lost_of = f"{lost} of {self._opening} lost since the day began"
            yield Finding(Trigger.DAILY_LOSS, f"{lost_of}; the limit is {most}")
        share = self.rules.drawdown_share
        if share is not None and self._peak > 0 and below >= EXACT.multiply(share, self._peak):
            yield Finding(Trigger.DRAWDOWN, f"{below} below the peak of {self._peak}; the limit is {share} of it")

    def on_flow(self, before: Decimal | None, after: Decimal | None) -> None:
        """Money or units came or went: a loss stays as large, and a drawdown as deep a share. Where worth is not known,
        both are measured anew once it is."""
        if before is None or after is None:
            self._forget_worth()
            return
        if self._opening is not None:
            self._opening = EXACT.add(self._opening, EXACT.subtract(after, before))
        if self._peak is not None:
            scales = before > 0 and after > 0
            self._peak = ROUNDING.divide(ROUNDING.multiply(self._peak, after), before) if scales else after
            self._peak = max(after, self._peak.quantize(after, context=ROUNDING))
        self._equity = after

    def clear(self) -> None:
        """Begin anew: every limit counts from now on."""
        self._rejects = self._errors = 0
        for window in self._windows.values():
            window.clear()
        self._forget_worth()

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "rejects": self._rejects,
            "errors": self._errors,
            "day_ends_ns": self._day_ends_ns,
            "equity": self._equity,
            "opening": self._opening,
            "peak": self._peak,
            "windows": {trigger.value: window.state() for trigger, window in self._windows.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the meter that gave this state, under the rules of today."""
        self._rejects, self._errors = state["rejects"], state["errors"]
        self._day_ends_ns = state["day_ends_ns"]
        self._equity, self._opening, self._peak = (_money(state[key]) for key in ("equity", "opening", "peak"))
        for trigger, window in self._windows.items():
            window.restore(state["windows"].get(trigger.value, []))

    def _by_rate(self, trigger: Trigger, rate: Rate | None, ts_ns: int, hit: bool, what: str) -> Iterator[Finding]:
        if rate is not None and (hits := self._windows[trigger].hear(ts_ns, hit=hit)) >= rate.count and hit:
            yield Finding(trigger, f"{what}{rate.words}: {hits}")

    def _forget_worth(self) -> None:
        self._equity = self._opening = self._peak = None


def _money(amount: Any) -> Decimal | None:
    return None if amount is None else Decimal(amount)
