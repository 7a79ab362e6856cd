"""Run alone: one backtest of a config, as `bulkhead backtest --json` runs it, and its memory at the peak."""

import os
import sys
from pathlib import Path
from typing import Final

from benchmarks.peak import peak_megabytes
from daemon.research.command import Asked, run_backtest
from daemon.research.showing import Ways
from daemon.research.wishes import Wishes

EVERY_EVENT: Final = "every-event"


def main() -> None:
    """Run it, and print megabytes, last."""
    config, result, *words = sys.argv[1:]
    asked = Asked(
        config=Path(config),
        wishes=Wishes(),
        ways=Ways(json_path=Path(result)),
        keep="acted",
        every_event=EVERY_EVENT in words,
    )
    ended = run_backtest(asked, dict(os.environ))
    sys.stdout.write(f"{peak_megabytes()}\n")
    sys.exit(ended)


if __name__ == "__main__":
    main()
