"""One set of limits, of a container or of the account, and what it must remember: which orders left, what the day began
with, what the peak was. Everything is by the time of events, so that the same events give the same answers.

An order that only takes a position nearer to flat is never held back by a limit.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from trading.appraiser import Appraiser
from trading.duplicates import RecentOrders
from trading.holdings import Holdings, only_reduces
from trading.limit_rules import broken_limit
from trading.limits import NO_LIMITS, RiskLimits
from trading.losses import NO_DAY, Books, DayWatch, Peaks, drawdown
from trading.money import EXACT, ZERO, Currency
from trading.order_rate import OrderRate
from trading.orders import OrderTerms
from trading.refusals import Refusal

Amount = Decimal | Refusal


class Limiter:
    """Says which limit an order would break. `note` is told of each that leaves, before it is counted among those that
    work, where it `remembers` any; `begin_day` is due before anything is booked or priced that is later than
    `day_ends_ns`."""

    def __init__(
        self, limits: RiskLimits, *, holdings: Holdings, appraiser: Appraiser, books: Books, peaks: Peaks
    ) -> None:
        self._limits = limits
        self._holdings = holdings
        self._appraiser = appraiser
        self._books = books
        self._peaks = peaks
        self._binds = limits != NO_LIMITS
        most, window_ns = limits.max_orders_per_second, limits.duplicate_window_ns
        self._rate = None if most is None else OrderRate(most)
        self._recent = None if window_ns is None else RecentOrders(window_ns)
        self.remembers = self._rate is not None or self._recent is not None
        self._day = DayWatch(books) if limits.of_the_day else None
        self._watches_losses = self._day is not None or limits.max_drawdown_share is not None

    @property
    def day_ends_ns(self) -> int:
        """Until when the day lasts that it knows of; for ever where it need not know."""
        return NO_DAY if self._day is None else self._day.ends_ns

    def begin_day(self, now_ns: int) -> None:
        """Another day has begun."""
        if self._day is not None:
            self._day.begin_day(now_ns)

    def refusal(self, terms: OrderTerms, now_ns: int) -> Refusal | None:
        """The first limit that an order, or an amendment, would break; `no_price` or `no_rate` where that cannot be
        told."""
        if not self._binds or only_reduces(terms, self._holdings):
            return None
        return (
            (self._recurring(terms, now_ns) if self.remembers else None)
            or (self._lost(terms, now_ns) if self._watches_losses else None)
            or broken_limit(terms, self._limits, self._holdings, self._appraiser)
        )

    def note(self, terms: OrderTerms, now_ns: int) -> None:
        """An order, or an amendment, leaves now."""
        if self._rate is not None:
            self._rate.note(now_ns)
        if self._recent is not None and self._is_new(terms):
            self._recent.note(terms, now_ns)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs; empty where nothing is remembered."""
        parts = {"rate": self._rate, "recent": self._recent, "day": self._day}
        return {name: part.state() for name, part in parts.items() if part is not None}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember what another did; of a limit that is new, nothing."""
        if self._rate is not None:
            self._rate.restore(state.get("rate", ()))
        if self._recent is not None:
            self._recent.restore(state.get("recent", ()))
        if self._day is not None and "day" in state:
            self._day.restore(state["day"])

    def _is_new(self, terms: OrderTerms) -> bool:
        return bool(self._holdings.addition(terms).orders)

    def _recurring(self, terms: OrderTerms, now_ns: int) -> Refusal | None:
        """What too many orders, or the same ones, are held back by; an amendment is an order too, but none twice."""
        refusal = None
        if self._recent is not None and self._is_new(terms):
            refusal = self._recent.refusal(terms, now_ns)
        if refusal is None and self._rate is not None:
            refusal = self._rate.refusal(now_ns)
        return refusal

    def _lost(self, terms: OrderTerms, now_ns: int) -> Refusal | None:
        """Which loss is beyond its limit already."""
        into = self._appraiser.instruments[terms.symbol].currency
        for lost, limit, name, words in self._losses(into, now_ns):
            if isinstance(lost, Refusal):
                return lost
            if isinstance(limit, Refusal):
                return limit
            if lost > limit:
                return Refusal(name, f"{lost} {into.code} {words} is above the limit of {limit} ({name})")
        return None

    def _losses(self, into: Currency, now_ns: int) -> Iterator[tuple[Amount, Amount, str, str]]:
        """What is lost, the limit of it, its name, and words for the loss."""
        limits, appraiser = self._limits, self._appraiser
        if self._day is not None:
            self._day.begin_day(now_ns)
            lost = self._day.lost(into, appraiser)
            if limits.max_daily_loss_notional is not None:
                yield lost, limits.max_daily_loss_notional, "max_daily_loss_notional", "lost today"
            if limits.max_daily_loss_equity_share is not None:
                most = _share(limits.max_daily_loss_equity_share, self._day.opening(into, appraiser))
                yield lost, most, "max_daily_loss_equity_share", "lost today"
        if limits.max_drawdown_share is not None:
            found = drawdown(self._peaks(), self._books(), into, appraiser)
            fallen, peak = (found, found) if isinstance(found, Refusal) else found
            most = _share(limits.max_drawdown_share, peak)
            yield fallen, most, "max_drawdown_share", f"below the peak of {peak}"


def _share(share: Decimal, amount: Amount) -> Amount:
    return amount if isinstance(amount, Refusal) else EXACT.multiply(share, max(ZERO, amount))
