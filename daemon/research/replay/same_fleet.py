"""Whether a config has the fleet of a journal. A replay repeats the journal's, whatever the config has as its own: so
one that differs would be told to be identical, as if it had been tried."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import structs

from daemon.assembly import entry_of, house_of
from daemon.check import Plan
from daemon.config.conversion import limit_texts
from daemon.fleet import ABSENT, Fleet, StrategyEntry, change
from trading.limits import Sizing
from trading.timestamps import format_interval

OF_THE_MARKET: Final = ("account.", "broker.", "calendars.", "instruments.")
"""What the market goes by, of which the config is the truth."""


def other_fleet(plan: Plan, journaled: Sequence[Fleet], strategy: str = "") -> list[str]:
    """What a plan has otherwise than the last of some fleets, one sentence each; nothing where it has what one of them
    had. Of strategies only one counts, if it is named.

    Left aside are code, isolation and restarts, in which a replay does as it does, and what the market goes by.
    """
    entries = [entry_of(one, plan.settings, code="") for one in plan.settings.strategies]
    planned = _narrowed(structs.replace(house_of(plan), strategies=entries), strategy)
    found: list[str] = []
    for fleet in journaled:
        found = list(dict.fromkeys(_differences(_narrowed(fleet, strategy), planned)))
        if not found:
            break
    return found


def _narrowed(fleet: Fleet, strategy: str) -> Fleet:
    """A fleet as it is compared."""
    kept = [structs.replace(one, code="") for one in fleet.strategies if strategy in ("", one.id)]
    return structs.replace(
        fleet,
        strategies=kept,
        changeable={
            key: text
            for key, text in fleet.changeable.items()
            if not key.startswith(OF_THE_MARKET) and not (strategy and _is_of_another(key, strategy))
        },
    )


def _is_of_another(key: str, strategy: str) -> bool:
    return key.startswith("strategies.") and not key.startswith(f"strategies.{strategy}.")


def _differences(before: Fleet, after: Fleet) -> Iterator[str]:
    """A restart's own comparison; what it only names, or takes over without a word, is told key by key."""
    changed = change(before, after)
    yield from changed.refused
    for strategy in changed.removed:
        yield f"strategies.{strategy} would be gone"
    for strategy in changed.added:
        yield f"strategies.{strategy} would be new"
    for old, new in _kept(before, after):
        yield from _of_strategy(f"strategies.{old.id}", old, new)
    yield from _of_texts("risk", limit_texts(before.limits), limit_texts(after.limits))
    yield from _of_texts("feed", *({"fill_empty_bars": str(one.fill_empty_bars).lower()} for one in (before, after)))
    for key in dict.fromkeys((*before.changeable, *after.changeable)):
        if not any(key.startswith(f"strategies.{one}.") for one in (*changed.removed, *changed.added)):
            yield from _of_texts("", *({key: one.changeable.get(key)} for one in (before, after)))


def _kept(before: Fleet, after: Fleet) -> Iterator[tuple[StrategyEntry, StrategyEntry]]:
    for old in before.strategies:
        if (new := after.entry(old.id)) is not None:
            yield old, new


def _of_strategy(path: str, old: StrategyEntry, new: StrategyEntry) -> Iterator[str]:
    yield from _of_texts(path, *(_plain_texts(one) for one in (old, new)))
    yield from _of_texts(f"{path}.params", old.params, new.params)
    yield from _of_texts(f"{path}.risk", *({**limit_texts(one.limits), **_sizing(one.sizing)} for one in (old, new)))


def _plain_texts(entry: StrategyEntry) -> dict[str, str]:
    return {
        "class": entry.reference,
        "timeframe": format_interval(entry.timeframe_ns) if entry.timeframe_ns else ABSENT,
        "warmup": str(entry.warmup),
        "on_trip": "cancel" if entry.cancel_on_trip else "leave",
    }


def _sizing(sizing: Sizing | None) -> dict[str, str]:
    if sizing is None:
        return {}
    return {f"sizing.{name}": str(value) for name, value in structs.asdict(sizing).items()}


def _of_texts(path: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) != new.get(key):
            yield f"{path}{'.' if path else ''}{key} {_was(old.get(key), new.get(key))}"


def _was(old: object, new: object) -> str:
    was, would_be = (ABSENT if one is None else one for one in (old, new))
    return f"was {was} and would be {would_be}"
