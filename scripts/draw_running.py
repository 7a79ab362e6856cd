"""Draws docs/running.svg: starts the daemon with config.yaml, asks it from another process, and draws what was printed.

./bulkhead --dev -- python scripts/draw_running.py
"""

import os
import subprocess
import sys
import tempfile
import time
from html import escape
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PICTURE: Final = ROOT / "docs" / "running.svg"
RUN_SECONDS: Final = 45
FILLS_SHOWN: Final = 6
QUESTIONS: Final = (("strategy", "list"), ("positions",), ("account", "show"))

COLUMN, LINE, MARGIN = 8.43, 19, 18
STYLE: Final = "font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"
NO_BREAK_SPACE: Final = "\u00a0"


def main() -> None:
    """Run, ask and draw."""
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "BULKHEAD_STATE": state, "BULKHEAD_LOG__FORMAT": "human"}
        daemon = subprocess.Popen(_command("run"), cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        time.sleep(RUN_SECONDS)
        answers = [(question, _ask(question, environment)) for question in QUESTIONS]
        daemon.terminate()
        assert daemon.stderr is not None
        said = daemon.stderr.read().splitlines()
    begin = [line for line in said if "ready" in line][:1] + [line for line in said if " @ " in line][:FILLS_SHOWN]
    lines = [("$ ./bulkhead run", True), *((line, False) for line in begin), ("...", False)]
    for question, answer in answers:
        lines += [("", False), (f"$ ./bulkhead {' '.join(question)}", True)]
        lines += [(line.rstrip(), False) for line in answer.splitlines()]
    PICTURE.write_text(_svg(lines))


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "daemon.cli", *arguments]


def _ask(question: tuple[str, ...], environment: dict[str, str]) -> str:
    asked = subprocess.run(_command(*question), cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return asked.stdout


def _svg(lines: list[tuple[str, bool]]) -> str:
    width = round(max(len(text) for text, _ in lines) * COLUMN + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN
    texts = [
        f'<text x="{MARGIN}" y="{MARGIN + LINE * place + 14}" fill="{"#7ee787" if typed else "#e6edf3"}"'
        f' style="{STYLE}">{escape(text).replace(" ", NO_BREAK_SPACE)}</text>'
        for place, (text, typed) in enumerate(lines)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img"'
            ' aria-label="Bulkhead running in a terminal">',
            f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
            *texts,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    main()
