"""What follows from what the venue said: what is to be booked, what trips, and what people are to hear of."""

from decimal import Decimal

import msgspec

from trading.account.breaks import BREAKS, Break, BreakKind, Breaks
from trading.account.differences import Difference
from trading.account.suspense import Entry
from trading.account.triggers import Trigger


class Trouble(msgspec.Struct, frozen=True):
    """A reason for the venue's breaker to trip."""

    trigger: Trigger
    reason: str


class Signs(msgspec.Struct, kw_only=True):
    """What the venue's breaker is to know: troubles, whether requests `failed` on their way, one after the other, and
    of its probes by their numbers whether they passed."""

    troubles: list[Trouble] = []
    failed: list[bool] = []
    probes: list[tuple[int, bool]] = []


class Outcome(msgspec.Struct, kw_only=True):
    """`events` are to be booked, `troubles` trip, `news` are breaks that people are to hear of."""

    events: list[Entry] = []
    troubles: list[Trouble] = []
    news: list[Break] = []

    def note(
        self,
        breaks: Breaks,
        kind: BreakKind,
        subject: str,
        now_ns: int,
        text: str,
        *,
        ours: Decimal | None = None,
        theirs: Decimal | None = None,
        done: str = "",
        told: bool = True,
        trips: bool = True,
    ) -> None:
        """Put a break into the register: as open or, with what was `done`, as booked. Where that is news it is `told`,
        and trips if its kind does; `told` and `trips` may keep it from either."""
        news = breaks.see(kind, subject, now_ns, text, ours=ours, theirs=theirs)
        if done:
            breaks.book(kind, subject, now_ns, done)
        if news is None or not told:
            return
        self.news.append(breaks.get(news.break_id) or news)
        if trips and BREAKS[kind].trips:
            self.troubles.append(Trouble(Trigger.RECONCILIATION, f"{kind} {subject}: {text}"))

    def note_difference(
        self, breaks: Breaks, one: Difference, now_ns: int, *, why: str = "", done: str = "", told: bool, trips: bool
    ) -> None:
        """A difference is booked, or `why` it is not."""
        text = f"{one}; {why}, so nothing is booked" if why else f"{one}"
        self.note(
            breaks,
            one.kind,
            one.subject,
            now_ns,
            text,
            ours=one.ours,
            theirs=one.theirs,
            done=done,
            told=told,
            trips=trips,
        )
