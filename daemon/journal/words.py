"""A journaled record as people read it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from trading.account.records import (
    BreakerChanged,
    CommandsTaken,
    Commit,
    FeedTold,
    LifeBegan,
    LifeEnds,
    Noted,
    Operation,
    Posted,
    Reported,
    StepRecord,
    TimePassed,
    Valued,
    VenueHeard,
)
from trading.commands import RefusedOrder, Trip, WireAmend, WireCancel, WireSubmit


def in_words(record: StepRecord) -> str:
    """What a record says, in a few words."""
    return _WORDS[type(record)](record)


def _order(submit: WireSubmit) -> str:
    terms = submit.terms
    limit = f" at {terms.limit_price}" if terms.limit_price is not None else ""
    return f"order {terms.order_id}, {terms.side} {terms.quantity} {terms.symbol}{limit}"


def _why(record: Trip | Operation) -> str:
    return f"{record.strategy or 'the account'}: {record.reason}"


_WORDS: Final[Mapping[type[Any], Callable[[Any], str]]] = {
    WireSubmit: _order,
    WireCancel: lambda record: f"the cancel of {record.order_id}",
    WireAmend: lambda record: f"the amendment of {record.terms.order_id}",
    RefusedOrder: lambda record: f"the refusal of {record.terms.order_id}: {record.reason}",
    Reported: lambda record: f"the report that {record.report.order_id} is {record.report.kind}",
    Noted: lambda _: "a change within the market",
    Posted: lambda record: f"the {record.posting.kind} of {record.posting.strategy}",
    Valued: lambda _: "what the books are worth",
    Trip: _why,
    Operation: _why,
    BreakerChanged: lambda record: f"the breaker of {record.scope} that is {record.after}",
    CommandsTaken: lambda record: f"the commands of {record.strategy} up to its {record.n}th",
    FeedTold: lambda record: f"the feed's {type(record.news).__name__.lower()}",
    VenueHeard: lambda record: f"the venue's message {record.message.message_id}",
    TimePassed: lambda _: "the time at the venue",
    LifeBegan: lambda record: f"the beginning of life {record.epoch_ms}",
    LifeEnds: lambda _: "the end of a life",
    Commit: lambda _: "the end of the step",
}
