"""A measured figure, held against a target and a floor of the same run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """`value`, `floor` and `target` in `unit`; the floor is the same work with nothing of Bulkhead in it."""

    name: str
    unit: str
    value: float
    floor: float | None = None
    target: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the floor."""
        return self.value / self.floor if self.floor else None

    @property
    def verdict(self) -> Literal["meets", "misses", ""]:
        """Whether the target is met; empty without one."""
        if self.target is None:
            return ""
        return "meets" if self.value <= self.target else "misses"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned text."""
    head = ("figure", "value", "floor", "ratio", "target", "verdict")
    rows = [
        (
            figure.name,
            f"{figure.value:.4g} {figure.unit}",
            "" if figure.floor is None else f"{figure.floor:.4g} {figure.unit}",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            "" if figure.target is None else f"{figure.target:.4g} {figure.unit}",
            figure.verdict,
        )
        for figure in figures
    ]
    return aligned([head, *rows])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells, each column as wide as its widest."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def write(figures: Sequence[Figure], path: Path) -> None:
    """The figures as JSON, with ratio and verdict."""
    rows = [{**msgspec.structs.asdict(f), "ratio": f.ratio, "verdict": f.verdict} for f in figures]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows)) + b"\n")
