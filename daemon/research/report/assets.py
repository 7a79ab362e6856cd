"""What a page carries within itself, so that it asks nobody for anything: styles, our scripts, and the chart library of
an installed package, which is read and never imported."""

from base64 import b64encode
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from daemon.research.report.markup import Markup, element

PACKAGE: Final = "litecharts"
"""The distribution that carries TradingView's lightweight-charts, version 5."""

_LIBRARY: Final = "lightweight-charts.js"


def chart_library() -> str | None:
    """The library's JavaScript; None where the package is not installed, or holds no such file."""
    try:
        found = distribution(PACKAGE)
    except PackageNotFoundError:
        return None
    path = next((file for file in found.files or () if file.name == _LIBRARY), None)
    return None if path is None else Path(str(path.locate())).read_text(encoding="utf-8")


def own(name: str) -> str:
    """A file that stands beside this one."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def script(source: str) -> Markup:
    """A script that runs; it cannot end before its end."""
    return Markup(f"<script>{_unclosable(source)}</script>")


def style(source: str) -> Markup:
    """A style sheet."""
    return Markup(f"<style>{source}</style>")


def data(name: str, value: object) -> Markup:
    """What scripts read: JSON without a character that means anything to HTML, found by its id."""
    text = msgspec.json.encode(value).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(f'<script type="application/json" id="{name}">{text}</script>')


def policy(scripts: list[str], styles: list[str]) -> Markup:
    """What the page may do: run these scripts, use these styles, and nothing else."""
    rules = (
        "default-src 'none'",
        "img-src data:",
        f"script-src {' '.join(map(_hashed, map(_unclosable, scripts)))}",
        f"style-src {' '.join(map(_hashed, styles))}",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return element("meta", http_equiv="Content-Security-Policy", content="; ".join(rules))


def _unclosable(source: str) -> str:
    return source.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _hashed(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"
