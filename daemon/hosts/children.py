"""The supervisor's side of the processes that strategies live in: the forkserver, and each child's end of a socket.

It runs on any asyncio loop. Nothing here waits for a child: what does not go out at once is buffered, and `writable`
tells the owner to hold back.
"""

import asyncio
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol, Self, cast

from daemon.errors import ProcessNotStarted
from daemon.hosts.launch import STRATEGIES, Program, open_log, socket_pair, start_forkserver
from daemon.hosts.wire import (
    Ended,
    FrameReader,
    FromChild,
    FromForkserver,
    Garbage,
    NotSpawned,
    Ready,
    Signal,
    Spawn,
    Spawned,
    ToChild,
    encoded,
    frame,
    from_child,
    from_forkserver,
)

_READ_BYTES: Final = 256 * 1024
_BUFFERED_BYTES: Final = 64 * 1024
_PACKET_BYTES: Final = 4096
_GRACE_SECONDS: Final = 5.0
"""How long a child may live on after it has closed its end of the socket."""
_CLOSING_SECONDS: Final = 5.0
"""How long the forkserver may take to end all children before it is killed, and they with it."""
_HAS_ENDED: Final = "the process that children are forked from has ended"

Read = Callable[[bytes], Any]
"""Makes a message of what a child says; Garbage for what is none."""


class ChildListener(Protocol):
    """Who is told about a child. Called from the loop, so it must not wait."""

    def on_message(self, message: FromChild) -> None:
        """It said something."""

    def on_lost(self, how: str) -> None:
        """It has ended without being asked to; once, after its last message, and never after `end()`."""

    def on_writable(self) -> None:
        """It takes more again."""


class Child(asyncio.Protocol):
    """One child, made by `Forkserver.spawn`. `writable` is False while it does not take what it was sent."""

    def __init__(
        self,
        strategy: str,
        listener: ChildListener,
        channel: socket.socket,
        forkserver: "Forkserver",
        read: Read = from_child,
    ) -> None:
        self.strategy = strategy
        self.pid = 0
        self.writable = True
        self._listener = listener
        self._channel = channel
        self._forkserver = forkserver
        self._read = read
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._silenced = False  # nothing more is told of it
        self._disconnected = False
        self._fault = ""
        self._ending = ""
        self._ended = asyncio.Event()
        self._grace: asyncio.TimerHandle | None = None

    def send(self, *messages: ToChild) -> None:
        """Send messages in one write; to a child that is gone they go nowhere."""
        self.write(b"".join(map(frame, messages)))

    def write(self, frames: bytes | bytearray) -> None:
        """Send ready frames, which must not be changed afterwards."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frames)

    def show_stack(self) -> None:
        """Have it write its Python stack to its log, whatever it is doing."""
        self._forkserver.signal(self.pid, signal.SIGUSR1)

    def interrupt(self) -> None:
        """Have it end by itself, as far as its program listens to SIGINT."""
        self._forkserver.signal(self.pid, signal.SIGINT)

    async def end(self) -> None:
        """Kill it with its group and wait until it is reaped; it may be already."""
        self.abandon()
        await self._ended.wait()

    def abandon(self) -> None:
        """Kill it and hear nothing more of it."""
        self._silenced = True
        if self._transport is None:
            self._channel.close()
        else:
            self._transport.abort()
        self._forkserver.signal(self.pid, signal.SIGKILL)

    def has_ended(self, how: str) -> None:
        """Its process is reaped."""
        self._ending = how
        self._ended.set()
        if self._grace is not None:
            self._grace.cancel()
        self._tell_if_lost()

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Buffer no more than a little."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(_BUFFERED_BYTES)

    def data_received(self, data: bytes) -> None:
        """Hand on each message that is complete."""
        self._reader.feed(data)
        try:
            for body in self._reader:
                if self._silenced:
                    return
                self._listener.on_message(self._read(body))
        except Garbage as error:
            self._cut_off(f"sent garbage: {error}")

    def eof_received(self) -> None:
        """It will never take what it has not taken by now."""
        assert self._transport is not None
        self._transport.abort()

    def connection_lost(self, _: Exception | None) -> None:
        """Hear what it had still said: a write that fails ends the transport before everything is read."""
        while not self._silenced and not self._fault and (data := self._unread()):
            self.data_received(data)
        self._disconnected = True
        if self._ended.is_set():
            self._tell_if_lost()
        else:
            self._grace = asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._cut_off, "closed its socket")

    def pause_writing(self) -> None:
        """It does not take what it is sent."""
        self.writable = False

    def resume_writing(self) -> None:
        """It does again."""
        self.writable = True
        if not self._silenced:
            self._listener.on_writable()

    def _unread(self) -> bytes:
        try:
            return self._channel.recv(_READ_BYTES)
        except OSError:
            return b""

    def _cut_off(self, fault: str) -> None:
        assert self._transport is not None
        self._fault = self._fault or fault
        self._transport.abort()
        self._forkserver.signal(self.pid, signal.SIGKILL)

    def _tell_if_lost(self) -> None:
        if self._disconnected and self._ended.is_set() and not self._silenced:
            self._silenced = True
            self._listener.on_lost(self._fault or self._ending)


class Forkserver:
    """The process that children are forked from, from `open` to `close`. It does not outlive the supervisor, nor any
    child it."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._ready = self._loop.create_future()
        self._gone = asyncio.Event()
        self._turn = asyncio.Lock()
        self._spawning: deque[tuple[asyncio.Future[None], Child]] = deque()
        self._children: dict[int, Child] = {}
        self._signals: deque[Signal] = deque()
        self._loop.add_reader(channel, self._hear)

    @classmethod
    async def open(cls, environ: Mapping[str, str], program: Program = STRATEGIES) -> Self:
        """Start it with what may be passed on of an environment; ProcessNotStarted."""
        forkserver = cls(*start_forkserver(environ, program))
        try:
            await forkserver._ready
        except BaseException:
            await forkserver.close()
            raise
        return forkserver

    @property
    def is_gone(self) -> bool:
        """Whether it has ended, and no child can come of it any more."""
        return self._gone.is_set()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def spawn(self, strategy: str, log: Path, listener: ChildListener, read: Read = from_child) -> Child:
        """A new child, whose output is added to a log; ProcessNotStarted."""
        async with self._turn:
            ours, theirs = socket_pair()
            child = Child(strategy, listener, ours, self, read)
            try:
                with theirs:
                    spawned = self._ask_for(child, theirs, log)
                await spawned
                await self._loop.create_unix_connection(lambda: child, sock=ours)
            except OSError as error:
                child.abandon()
                raise ProcessNotStarted(f"no process for {strategy}: {error}")
            except BaseException:
                child.abandon()
                raise
        return child

    def signal(self, pid: int, number: int) -> None:
        """Have a child sent a signal, unless it has ended: only its parent knows whose number it is now."""
        if pid in self._children:
            self._signals.append(Signal(pid, number))
            self._send_signals()

    async def close(self) -> None:
        """End every child and what it left behind, then the forkserver; may be called again."""
        for child in tuple(self._children.values()):
            child.abandon()
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)
        try:
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._gone.wait()
        except TimeoutError:
            self._process.kill()
            self._lose_all()
        await asyncio.to_thread(self._process.wait)
        self._channel.close()

    def _ask_for(self, child: Child, channel: socket.socket, log: Path) -> asyncio.Future[None]:
        if self._gone.is_set():
            raise ProcessNotStarted(_HAS_ENDED)
        with open_log(log) as log_file:
            descriptors = [channel.fileno(), log_file.fileno()]
            try:
                socket.send_fds(self._channel, [encoded(Spawn(child.strategy))], descriptors)
            except ConnectionError:
                raise ProcessNotStarted(_HAS_ENDED)
        spawned: asyncio.Future[None] = self._loop.create_future()
        self._spawning.append((spawned, child))
        return spawned

    def _send_signals(self) -> None:
        try:
            while self._signals:
                self._channel.send(encoded(self._signals[0]))
                self._signals.popleft()
            self._loop.remove_writer(self._channel)
        except BlockingIOError:
            self._loop.add_writer(self._channel, self._send_signals)
        except ConnectionError:  # its end is noticed where it is listened to
            self._signals.clear()

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            while packet := self._packet():
                self._take(from_forkserver(packet))
            self._lose_all()

    def _packet(self) -> bytes:
        try:
            return self._channel.recv(_PACKET_BYTES)
        except ConnectionError:
            return b""

    def _take(self, message: FromForkserver) -> None:
        match message:
            case Ready():
                if not self._ready.done():  # who waited for it may have gone
                    self._ready.set_result(None)
            case Spawned(pid):
                spawned, child = self._spawning.popleft()
                child.pid = pid
                self._children[pid] = child
                if not spawned.done():  # else nobody wants it, and it sees its socket closed
                    spawned.set_result(None)
            case NotSpawned(reason):
                spawned, child = self._spawning.popleft()
                _fail(spawned, f"no process for {child.strategy}: {reason}")
            case Ended(pid, exit_code):
                self._children.pop(pid).has_ended(_in_words(exit_code))

    def _lose_all(self) -> None:
        """It is gone, and so are its children."""
        self._loop.remove_reader(self._channel)
        self._loop.remove_writer(self._channel)
        self._gone.set()
        for waiting in (self._ready, *(spawned for spawned, _ in self._spawning)):
            _fail(waiting, _HAS_ENDED)
        self._spawning.clear()
        while self._children:
            self._children.popitem()[1].has_ended("the process that it was forked from has ended")


def _fail(waiting: asyncio.Future[None], why: str) -> None:
    if not waiting.done():
        waiting.set_exception(ProcessNotStarted(why))


def _in_words(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:  # real-time signals have no names
        return f"killed by signal {-exit_code}"
