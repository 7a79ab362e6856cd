"""Draws the picture of a report: renders a run's JSON, as `--json` writes it, and has Debian's Chromium look at it.

./bulkhead --dev -- python scripts/picture_report.py run.json docs/report.png
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from daemon.research.report.page import render
from daemon.results.result import Result

WIDTH, HEIGHT = 1200, 1500
LARGEST: Final = 300_000
PATIENCE_SECONDS: Final = 60


def main() -> None:
    """Render, look, and write the picture where it is small enough for a README."""
    arguments = _arguments()
    result = msgspec.json.decode(arguments.result.read_bytes(), type=Result)
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder, "report.html"), Path(folder, f"picture{arguments.picture.suffix}")
        page.write_text(render(result), encoding="utf-8")
        _look(page, picture, Path(folder, "profile"), arguments.height)
        size = picture.stat().st_size
        if size > LARGEST:
            sys.exit(f"the picture has {size} bytes, more than {LARGEST}; ask for less --height")
        shutil.move(picture, arguments.picture)
    print(f"{arguments.picture}: {size} bytes")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw the picture of a report.")
    parser.add_argument("result", type=Path, help="a run's JSON")
    parser.add_argument("picture", type=Path, help="where the picture goes: .png or .webp")
    parser.add_argument("--height", type=int, default=HEIGHT, help="pixels from the top (default: %(default)s)")
    return parser.parse_args()


def _look(page: Path, picture: Path, profile: Path, height: int) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing: apt-get install chromium fonts-dejavu-core")
    options = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars")
    command = [chromium, *options, f"--user-data-dir={profile}", f"--window-size={WIDTH},{height}"]
    command += ["--virtual-time-budget=5000", f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_SECONDS)


if __name__ == "__main__":
    main()
