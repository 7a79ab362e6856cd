"""What is asked of the process that looks at one strategy, and what it answers."""

import enum
from collections.abc import Mapping
from typing import Final

import msgspec

from daemon.research.wishes import Wishes

READY: Final = b"ready\n"
"""What the process writes before it runs any of the strategy's code."""


class Level(enum.StrEnum):
    """How sure it is."""

    PROOF = "proof"
    SUSPICION = "suspicion"


class Kind(enum.StrEnum):
    """What a strategy does that it must not."""

    NEXT_BAR = "next_bar"
    LATER_BAR = "later_bar"
    LONGER_BAR = "longer_bar"
    WHOLE_HISTORY = "whole_history"
    END_OF_DATA = "end_of_data"
    ROW_OF_FILE = "row_of_file"
    WHOLE_FILE = "whole_file"
    BESIDE_THE_VALUES = "beside_the_values"
    NOT_HEARD = "not_heard"
    DISAGREES = "disagrees"
    ACTS_LATER = "acts_later"
    UNREPEATABLE = "unrepeatable"
    FAILS = "fails"
    ROUNDING = "rounding"
    READS_THE_FEED = "reads_the_feed"
    READS_UNCHANGED = "reads_unchanged"
    ASKS_OUTSIDE = "asks_outside"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found. `where` is `signals`, `decide`, `on_bar` or its `code`; of `ts` and `symbol` is the
    first decision that shows it. It depends on the inputs from `first_input` to `last_input`, as far as `ahead`
    says."""

    level: Level
    kind: Kind
    where: str
    what: str
    mend: str
    ts: str = ""
    symbol: str = ""
    first_input: str = ""
    last_input: str = ""
    ahead: str = ""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """How much was looked at: events of the feed, those of them that the strategy hears, the moments after which the
    data was made another, and how often the strategy was run. `decisions` are rows of its arrays, `deeds` what came bar
    by bar: orders, fills and the like. Where it failed, events are counted up to there."""

    seed: int
    start: str
    end: str
    events: int
    heard: int
    decisions: int
    deeds: int
    cuts: list[str]
    runs: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True, tag="verdict"):
    """What was found of one strategy. `failed` says how it fails on the data as it is, where it does."""

    id: str
    findings: list[Finding]
    notes: list[str]
    looked: Looked
    failed: str = ""


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """It cannot be looked at, in the words of the error that says so."""

    message: str
    mend: str


Answer = Verdict | Refused


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the process reads. `environ` are the settings of the environment; at most so many `events` are looked at,
    and the process has so many `seconds`. Copies of files are for `folder`, which is empty."""

    config: str
    environ: Mapping[str, str]
    wishes: Wishes
    strategy: str
    seed: int
    events: int
    seconds: float
    folder: str
