"""A venue in a process of its own: `python -m tests.live.server --help`. Its first line is its address."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import uvloop

from daemon.clock import SystemClock
from tests.live.tape import Line, at_rate, generated, recorded
from tests.live.venue import Venue, serving
from trading.timestamps import parse_interval

DEFAULT_RATE = 100.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is ended."""
    uvloop.run(_serve(_parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.live.server", description=__doc__)
    parser.add_argument("--tape", type=Path, help="file of lines `<receive ns> <frame>`; without it data is made")
    parser.add_argument("--seed", type=int, default=7, help="of the data that is made")
    parser.add_argument("--symbols", default="BTCUSDT,ETHUSDT", help="of the data that is made")
    parser.add_argument("--begin-ns", type=int, help="of the data that is made; now if not given")
    parser.add_argument("--bars", type=parse_interval, default="1m", help="of the data that is made")
    parser.add_argument(
        "--events", type=int, help="frames of the tape that are sent; all, or without end, if not given"
    )
    parser.add_argument("--rate", type=float, help="events a second; else a file's own pace")
    parser.add_argument("--speed", type=float, default=1.0, help="multiple of the pace; 0 for as fast as it is taken")
    parser.add_argument("--per-frame", type=int, default=1, help="events that one frame may hold")
    parser.add_argument("--gather", type=parse_interval, default=0, help="how long a frame waits for more, such as 1ms")
    parser.add_argument("--drop-after", type=int, help="frames after which each connection is dropped")
    parser.add_argument("--silent", action="store_true", help="stay connected at the tape's end, and say nothing")
    parser.add_argument("--port", type=int, default=0, help="on the loopback; any free one if not given")
    return parser


async def _serve(options: argparse.Namespace) -> None:
    venue = Venue(
        _tape(options),
        clock=SystemClock(),
        speed=options.speed or None,
        per_frame=options.per_frame,
        gather_ns=options.gather,
        drop_after=options.drop_after,
        ends=not options.silent,
    )
    async with serving(venue, options.port) as address:
        print(address, flush=True)
        await asyncio.Event().wait()


def _tape(options: argparse.Namespace) -> Iterator[Line]:
    """Made data that begins now has bars that close when they are sent, at a speed of 1."""
    if options.tape is not None:
        lines = recorded(options.tape)
        lines = lines if options.rate is None else at_rate(lines, options.rate)
    else:
        lines = generated(
            options.seed,
            options.symbols.split(","),
            begin_ns=options.begin_ns or SystemClock().wall_ns(),
            rate=options.rate or DEFAULT_RATE,
            bars_ns=options.bars,
        )
    return islice(lines, options.events)


if __name__ == "__main__":
    main()
