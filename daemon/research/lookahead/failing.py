"""Where a strategy fails on the data as it is: what comes after that cannot be looked at."""

from daemon.loading import place_in
from daemon.research.lookahead.deeds import Deed
from daemon.research.lookahead.futures import Cut
from daemon.research.lookahead.runs import Course
from daemon.research.lookahead.stage import Stage
from trading.timestamps import iso


def failure_of(course: Course) -> Deed | None:
    """How a run bar by bar ended before the data did; None where it did not."""
    return next((deed for deed in course.deeds if deed.is_failure), None)


def failure_words(failure: Deed, stage: Stage) -> str:
    """When, where in its code and by what it failed; what that means for what was looked at."""
    heard, (described,) = len(heard_until(stage, failure)), stage.plan.descriptions
    place = place_in(failure.stack, described.file)
    at = f", at {place}" if place else ""
    return (
        f"it failed at {iso(failure.ts_ns)}{at} ({failure.words.removeprefix('raise ')}), "
        f"having heard {heard} of {len(stage.heard)} events: what it would do after that was not looked at"
    )


def heard_until(stage: Stage, failure: Deed | None) -> list[Cut]:
    """The moments of the events that it has heard; that by which it failed is the last."""
    return [cut for cut in stage.heard if failure is None or cut.place <= failure.place]
