"""Helpers of which the one that describes strategies is kept warm, for whoever asks it many times."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Final, Self

import msgspec

from daemon.hosts.wire import FrameReader, Message, frame
from daemon.processes import Finished, Processes

_DESCRIBE: Final = "daemon.describe"
_READ_BYTES: Final = 64 * 1024


class Describe(Message, frozen=True):
    """A request as `daemon.describe` is given one, and how long it may take."""

    given: bytes
    deadline_seconds: float


class Described(Message, frozen=True):
    """How the process that answered it has ended."""

    finished: Finished


_TO: Final[msgspec.msgpack.Decoder[Describe]] = msgspec.msgpack.Decoder(Describe)
_FROM: Final[msgspec.msgpack.Decoder[Described]] = msgspec.msgpack.Decoder(Described)


def to_describer(body: bytes) -> Describe:
    """A request out of its frame."""
    return _TO.decode(body)


class Describing:
    """Other processes, but for `daemon.describe`: a describer that is there already answers in its stead, for several
    threads in turn. Where it is lost, the next one asked begins anew."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._describer: subprocess.Popen[bytes] | None = None
        self._reader = FrameReader()
        self._turn = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(
        self, arguments: Sequence[str], *, given: bytes, environment: Mapping[str, str], deadline_seconds: float
    ) -> Finished:
        """Run a program to its end; ProcessNotStarted."""
        if arguments[-1] == _DESCRIBE:
            with self._turn:
                found = self._ask(given, environment, deadline_seconds)
            if found is not None:
                return found
        return self._processes.run(arguments, given=given, environment=environment, deadline_seconds=deadline_seconds)

    def _ask(self, given: bytes, environment: Mapping[str, str], deadline_seconds: float) -> Finished | None:
        try:
            if self._describer is None:
                self._describer = subprocess.Popen(
                    (sys.executable, "-P", "-m", "daemon.research.scenarios.describer"),
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    start_new_session=True,
                    bufsize=0,
                )
            assert self._describer.stdin is not None
            assert self._describer.stdout is not None
            self._describer.stdin.write(frame(Describe(given, deadline_seconds)))
            while data := self._describer.stdout.read(_READ_BYTES):
                self._reader.feed(data)
                for body in self._reader:
                    return _FROM.decode(body).finished
        except OSError:
            pass
        self._end()
        return None

    def _end(self) -> None:
        if self._describer is not None:
            self._describer.kill()
            self._describer.communicate()
            self._describer, self._reader = None, FrameReader()
