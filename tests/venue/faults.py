"""Faults of the line and of the venue, each at a site that a change elsewhere does not move.

A fault is written `<operation>#<which>[.<part>]=<kind>[:<argument>]`: `place#3.reply=lost` loses the answer to the
third order that is sent, `find#2-9.view=absent` says of eight queries that there is no such order, `fill_push#*=twice`
tells every fill twice. Operations are counted from 1, each by itself, when they begin. MENU lists all that there is;
durations are written `500ms` or `5s`, and quantities as they are.

Drawn faults come at rates, by the same words without a number: `{"place.reply=lost": 0.05}`. Each has its own stream of
random numbers, so that adding one does not move the others. `happened` has every fault that came, drawn or not, as text
that repeats it as a script.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from random import Random
from typing import Final

import msgspec

from trading.orders import Side
from trading.timestamps import SECOND, parse_interval

_HTTP: Final = ("500", "503", "504")
_ODD: Final = ("garbage", "unknown_status", "unknown_side", "unknown_fields")
_LINE: Final = {
    "": ("refused", "cut", "429", "418", *_HTTP),
    "request": ("lost", "delay", "twice"),
    "reply": ("lost", "delay", "last", "cut", "empty", *_ODD, *_HTTP),
    "then": ("restart", "roll_back", "freeze", "thaw", "cut", "skew", "replay", "bust", "manual"),
}
_RACES: Final = ("fill", "fill_after", "end", "reject", "forget", "manual")
_LISTS: Final = ("stale", "missing", "partial", "empty")
_FRAME: Final = ("drop", "twice", "delay", "swap", *_ODD, "unknown_type", "zero_fill", "freeze", "cut", "replay")

MENU: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    **{command: {**_LINE, "race": _RACES} for command in ("place", "cancel", "amend")},
    "find": {**_LINE, "view": ("stale", "absent")},
    **{read: {**_LINE, "view": _LISTS} for read in ("open_orders", "fills", "account")},
    "time": _LINE,
    "hold": _LINE,
    "stream": {"": ("refused", "freeze", "replay", "cut")},
    **{push: {"": _FRAME} for push in ("order_push", "fill_push", "bust_push", "heartbeat")},
}
"""Operation -> part -> kinds.

Of a call: without a part it does not reach the venue's books (`refused`: no connection; `cut`: it breaks after the
request was written; a status: answered so); `request` is its way there (`twice` arrives again after the argument),
`reply` the way back (`last` comes after what is pushed). `race` happens to the order named, before a cancel or an
amendment is carried out and after an order was taken: `fill[:quantity]`, `fill_after` (once the command was done),
`end` (cancelled by the venue), `reject`, `forget`, `manual:<side>:<quantity>` of its symbol. `view` changes what a
question shows: `stale:<steps>` ago, `missing:<count>` of the last ones unsaid, `partial:<count>` missing and said so,
`absent` (no such order), `empty`. `then` happens after it: `restart[:down for]`, `roll_back:<ids>`, `freeze[:for]`,
`thaw`, `cut`, `skew:<duration>` (may be negative), `replay` of the whole day, `bust` of the order's last fill,
`manual:<side>:<quantity>`.

Of a stream: what becomes of the n-th connection; `cut` at once. Of a push: what becomes of the n-th frame of its kind;
`swap` comes after the next one, `zero_fill` has a fill of nothing before it.
"""

_WRITTEN: Final = re.compile(
    r"(?P<operation>\w+)#(?P<which>\*|\d+(-\d+)?)(\.(?P<part>\w+))?=(?P<kind>\w+)(:(?P<argument>.+))?"
)


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a call, connection or push; `argument` is empty where none is given."""

    operation: str
    part: str
    kind: str
    argument: str = ""

    def duration_ns(self, default_ns: int = SECOND) -> int:
        """The argument as a duration."""
        if not self.argument:
            return default_ns
        sign = -1 if self.argument.startswith("-") else 1
        return sign * parse_interval(self.argument.removeprefix("-"))

    def count(self, default: int = 1) -> int:
        """The argument as a whole number."""
        return int(self.argument or default)

    def at(self, number: int) -> str:
        """As a script has it."""
        part = f".{self.part}" if self.part else ""
        argument = f":{self.argument}" if self.argument else ""
        return f"{self.operation}#{number}{part}={self.kind}{argument}"


class _Scripted(msgspec.Struct, frozen=True):
    fault: Fault
    first: int
    last: int | None


class Faults:
    """Says what goes wrong at each site; ValueError for one that is not in the MENU."""

    def __init__(
        self, script: Iterable[str] = (), *, seed: int | str = 0, rates: Mapping[str, float] | None = None
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.happened: list[str] = []
        self._script: dict[str, list[_Scripted]] = {}
        self._rates: dict[str, list[tuple[Fault, float, Random]]] = {}
        self._seed = seed
        for text in script:
            self.add(text)
        self.draw(rates or {})

    def add(self, text: str) -> None:
        """One more fault; one of a site that has been passed never comes."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no fault; write one such as place#3.reply=lost")
        fault = _known(found["operation"], found["part"] or "", found["kind"], found["argument"] or "")
        first, _, last = found["which"].partition("-")
        bounds = (1, None) if first == "*" else (int(first), int(last or first))
        self._script.setdefault(fault.operation, []).append(_Scripted(fault, *bounds))

    def draw(self, rates: Mapping[str, float], seed: int | str | None = None) -> None:
        """From now on draw these and no others; a rate is the share of sites at which a fault comes."""
        self._seed = self._seed if seed is None else seed
        self._rates = {}
        for text, rate in rates.items():
            site, _, what = text.partition("=")
            operation, _, part = site.partition(".")
            kind, _, argument = what.partition(":")
            fault = _known(operation, part, kind, argument)
            self._rates.setdefault(operation, []).append((fault, rate, Random(f"{self._seed}/{text}")))

    def heal(self) -> None:
        """Nothing goes wrong from now on."""
        self._script.clear()
        self._rates.clear()

    def begin(self, operation: str) -> dict[str, Fault]:
        """Count an operation, and say by part what goes wrong with it; of several for one part the first."""
        self.counts[operation] += 1
        number = self.counts[operation]
        found: dict[str, Fault] = {}
        for scripted in self._script.get(operation, []):
            if scripted.first <= number <= (scripted.last or number):
                found.setdefault(scripted.fault.part, scripted.fault)
        for fault, rate, random in self._rates.get(operation, []):
            if random.random() < rate:
                found.setdefault(fault.part, fault)
        self.happened += [fault.at(number) for fault in found.values()]
        return found


def _known(operation: str, part: str, kind: str, argument: str) -> Fault:
    parts = MENU.get(operation)
    if parts is None:
        raise ValueError(f"no operation {operation!r}; there are {', '.join(MENU)}")
    if kind not in parts.get(part, ()):
        kinds = "; ".join(f"{name or 'itself'}: {', '.join(kinds)}" for name, kinds in parts.items())
        raise ValueError(f"no {kind!r} of {operation} {part}; there is {kinds}")
    fault = Fault(operation=operation, part=part, kind=kind, argument=argument)
    try:
        _check_argument(fault)
    except (ValueError, ArithmeticError):
        raise ValueError(f"{argument!r} is no argument of {kind!r}") from None
    return fault


def _check_argument(fault: Fault) -> None:
    match fault.kind:
        case "delay" | "restart" | "freeze" | "skew" | "429" | "418":
            fault.duration_ns()
        case "twice" if fault.part == "request":
            fault.duration_ns()
        case "stale" | "missing" | "partial" | "roll_back":
            fault.count()
        case "fill" | "fill_after":
            Decimal(fault.argument or 1)
        case "manual":
            side, _, quantity = fault.argument.partition(":")
            Side(side), Decimal(quantity)
        case _ if fault.argument:
            raise ValueError
