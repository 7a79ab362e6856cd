"""A report on the quality of market data, in words."""

from collections.abc import Iterator, Sequence
from typing import Any

from daemon.cli.tables import facts, in_percent, number, percent, table, text, to_second
from daemon.research.catalogue.quality.findings import span
from trading.timestamps import SECOND

Told = dict[str, Any]

_FLAWS = (number("ROWS", "count"), text("FOUND", "words"))
_NOTES = (number("ROWS", "count"), text("LAWFUL, BUT GOOD TO KNOW", "words"))
_EXAMPLES = (number("ROW", "row"), text("TIME", "time"), text("FOUND", "words"), text("HOW", "text"))
_DAYS = (
    text("WORST DAY", "day"),
    number("BARS", "present"),
    number("OF", "expected"),
    percent("SHARE", "share"),
)


def quality_table(reports: Sequence[Told], headers: bool) -> str:
    """Each series' report, one below the other."""
    return "\n\n\n".join("\n\n".join(_parts(report, headers)) for report in reports)


def flaws_in(reports: Sequence[Told]) -> int:
    """How many rows are not as they should be."""
    return sum(finding["count"] for report in reports for finding in report["flaws"].values())


def _parts(report: Told, headers: bool) -> Iterator[str]:
    yield facts(list(_head(report)))
    for name, columns in (("flaws", _FLAWS), ("notes", _NOTES)):
        if report[name]:
            yield table(list(report[name].values()), columns, headers=headers)
    several = len(report["files"]) > 1
    examples = [
        {
            **example,
            "time": example["time"].replace("T", " ").removesuffix("Z"),
            "words": finding["words"],
            "text": f"{example['text']} ({example['path']})" if several else example["text"],
        }
        for finding in report["flaws"].values()
        for example in finding["examples"]
    ]
    if examples:
        yield table(examples, _EXAMPLES, headers=headers)
    coverage = report["coverage"]
    if coverage and coverage["worst"]:
        days = [{**day, "day": to_second(day["day"])} for day in coverage["worst"]]
        yield table(days, _DAYS, headers=headers)


def _head(report: Told) -> Iterator[tuple[str, object]]:
    length = f" of {report['interval']}" if report["interval"] else ""
    bad = report["rows"] - report["good_rows"]
    files = report["files"]
    yield "series", f"{report['kind']}{length} of {report['symbol']}"
    yield "files", files[0] if len(files) == 1 else f"{len(files)}, {files[0]} to {files[-1]}"
    yield "rows", f"{report['rows']}, {bad} of them cannot be" if bad else report["rows"]
    yield "time", f"{to_second(report['first'])} to {to_second(report['last'])}"
    if report["usual_pause_seconds"] is not None:
        pause, gap = (span(report[key] * SECOND) for key in ("usual_pause_seconds", "gap_seconds"))
        yield "usual pause", f"{pause}; over {gap} is a gap"
    if report["usual_move"] is not None:
        yield "usual move", f"{report['usual_move']:.4%}; over {report['outlier_move']:.4%} is an outlier"
    if not report["has_volume"]:
        yield "sizes", "none"
    if coverage := report["coverage"]:
        of = f"{coverage['present']} of {coverage['expected']} bars"
        whole = f"{coverage['whole_days']} of {coverage['days']} days are whole"
        yield "coverage", f"{in_percent(coverage['share'])}: {of}, {whole}"
    if not report["flaws"]:
        yield "found", "nothing"
