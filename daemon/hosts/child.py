"""The program in a child: it keeps one container and answers the supervisor's messages, one after the other.

It waits in a plain `recv`, so between an event and the strategy stands nothing but its decoding.
"""

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic_ns
from typing import Any, Final

import msgspec

from daemon.errors import StrategyNotLoaded
from daemon.hosts.wire import (
    LONGEST_FRAME,
    PROGRESS,
    Beat,
    Close,
    Done,
    Failed,
    FrameReader,
    FromChild,
    Hear,
    Heard,
    Open,
    Opened,
    Restore,
    RestoreBooks,
    Run,
    Seal,
    Snapshot,
    Start,
    Started,
    State,
    ToChild,
    Unsupported,
    Vital,
    Warm,
    encoded,
    frame,
    to_child,
)
from daemon.loading import failure_in_words, load_class
from trading.commands import Command, Trip
from trading.container import ContainerSpec, ScopedContainer
from trading.errors import InvalidParameters, UnsupportedState
from trading.market_data import Bar, Event
from trading.timestamps import MILLISECOND

_SIGN_NS: Final = 200 * MILLISECOND
"""So long a child that hears is silent at most, unless one event takes longer."""

_READ_BYTES: Final = 256 * 1024
_LONGEST_STATE: Final = LONGEST_FRAME - 64
"""Leaves room for the message around it."""

_BARS: Final = msgspec.msgpack.Decoder(list[Bar])
_EVENTS: Final[msgspec.msgpack.Decoder[list[Event]]] = msgspec.msgpack.Decoder(list[Event])


def serve(channel: socket.socket) -> None:
    """Answer until Close, or until the supervisor is gone; Garbage when it says what is no message."""

    def send(message: FromChild) -> None:
        if isinstance(message, Started | Heard) and message.commands and isinstance(trip := message.commands[-1], Trip):
            with suppress(OSError, ValueError):  # a log that cannot be written is lost, never an error
                sys.stderr.write(trip.traceback)
        channel.sendall(frame(message))

    answerer = Answerer(send)
    with suppress(ConnectionError):  # nobody is left to answer
        for body in _bodies(channel):
            answerer.answer(to_child(body))
            if answerer.closed:
                return
    answerer.close()


def _bodies(channel: socket.socket) -> Iterator[bytes]:
    reader = FrameReader()
    buffer = bytearray(_READ_BYTES)
    view = memoryview(buffer)
    while count := channel.recv_into(buffer):
        reader.feed(view[:count])
        yield from reader


class Answerer:
    """Answers messages with the container that the first of them opens.

    What a strategy raises is its container's affair. What else is raised is a defect of ours and comes through.
    `now_ns` is any monotonic clock: it tells when a sign of life is due, and nothing else.
    """

    def __init__(self, send: Callable[[FromChild], None], now_ns: Callable[[], int] = monotonic_ns) -> None:
        self.closed = False
        self._send = send
        self._now_ns = now_ns
        self._container: ScopedContainer | None = None
        self._answers: dict[type[ToChild], Callable[[Any], None]] = {
            Open: self._open,
            Start: self._start,
            Warm: self._warm,
            Run: self._run,
            Hear: self._hear,
            Seal: self._seal,
            Beat: self._beat,
            Snapshot: self._snapshot,
            Restore: self._restore,
            RestoreBooks: self._restore_books,
            Close: self._close,
        }

    def answer(self, message: ToChild) -> None:
        """Do what is asked; the answers, if there are any, are sent by the time that it returns."""
        self._answers[type(message)](message)

    def close(self) -> None:
        """Tear the container down; may be called again."""
        self.closed = True
        if self._container is not None:
            self._container.teardown_scope()

    @property
    def container(self) -> ScopedContainer:
        """The container, once it is opened."""
        assert self._container is not None, "nothing is open"
        return self._container

    def _open(self, message: Open) -> None:
        try:
            container = _container(message)
            container.initialize_scope()
        except (StrategyNotLoaded, InvalidParameters) as error:
            self._send(Failed(str(error)))
        except (Exception, SystemExit) as error:
            self._send(Failed(f"{message.reference} cannot be made: {failure_in_words(error)}"))
        else:
            self._container = container
            self._send(Opened())

    def _start(self, message: Start) -> None:
        commands = self.container.start(message.now_ns)
        self._send(Started(self.container.subscriptions, commands))

    def _warm(self, message: Warm) -> None:
        for bar in _BARS.decode(message.bars):
            self.container.warm(bar)

    def _run(self, _: Run) -> None:
        self._send(Heard(0, self.container.run()))

    def _hear(self, message: Hear) -> None:
        commands: list[Command] = []
        for report in message.reports:
            commands += self.container.on_report(report)
        events = _EVENTS.decode(message.events)
        if message.free:
            self._hear_free(commands, events, sign=message.sign)
        else:
            self._hear_in_step(commands, events)

    def _hear_in_step(self, commands: list[Command], events: list[Event]) -> None:
        """Stop after the first event by which there is a command; say now and then that there was none."""
        on_event, now_ns, count, heard = self.container.on_event, self._now_ns, len(events), 0
        sign_due_ns = now_ns() + _SIGN_NS
        for heard, event in enumerate(events, 1):
            commands += on_event(event)
            if commands:
                break
            if (heard % PROGRESS == 0 or now_ns() > sign_due_ns) and heard < count:
                self._send(Heard(heard, [], done=False))
                sign_due_ns = now_ns() + _SIGN_NS
        self._send(Heard(heard, commands))

    def _hear_free(self, commands: list[Command], events: list[Event], *, sign: bool) -> None:
        """Hear everything; each command goes out as soon as it is there."""
        if commands:
            self._send(Heard(0, commands, done=False))
        on_event, now_ns = self.container.on_event, self._now_ns
        sign_due_ns = now_ns() + _SIGN_NS
        for heard, event in enumerate(events, 1):
            if (commands := on_event(event)) or now_ns() > sign_due_ns:
                self._send(Heard(heard, commands, done=False))
                sign_due_ns = now_ns() + _SIGN_NS
        if sign:
            self._send(Heard(len(events), []))

    def _seal(self, message: Seal) -> None:
        self.container.seal(message.reason)

    def _beat(self, message: Beat) -> None:
        container = self.container
        self._send(Vital(message.number, container.life, container.reports, container.portfolio.digest()))

    def _snapshot(self, _: Snapshot) -> None:
        try:
            state = encoded(self.container.state())
        except UnsupportedState as error:
            self._send(Unsupported(str(error)))
            return
        if len(state) > _LONGEST_STATE:
            self._send(Unsupported(f"its state takes {len(state):,} bytes; the most is {_LONGEST_STATE:,}"))
        else:
            self._send(State(msgspec.Raw(state)))

    def _restore(self, message: Restore) -> None:
        try:
            self.container.restore(msgspec.msgpack.decode(message.state))
        except UnsupportedState as error:
            self._send(Unsupported(str(error)))
        else:
            self._send(Started(self.container.subscriptions, []))

    def _restore_books(self, message: RestoreBooks) -> None:
        self.container.restore_books(msgspec.msgpack.decode(message.state))
        self._send(Done())

    def _close(self, _: Close) -> None:
        self.close()


def _container(message: Open) -> ScopedContainer:
    spec = ContainerSpec(
        strategy=message.strategy,
        strategy_class=load_class(message.reference, Path(message.folder)),
        parameters=message.params,
        capital=message.capital,
        timeframe_ns=message.timeframe_ns,
        warmup=message.warmup,
        limits=message.limits,
        sizing=message.sizing,
    )
    return ScopedContainer(spec, message.instruments)
