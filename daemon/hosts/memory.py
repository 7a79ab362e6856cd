"""What a container has been told since it was last known whole: enough to make it again as it was."""

from collections.abc import Iterator, Sequence

from daemon.hosts.wire import PROGRESS, Hear, ToChild, packed
from trading.commands import Command
from trading.postings import Report


class Memory:
    """Begins with what makes the container, and goes on with what it heard. `commands` are what came of it, up to its
    command `n`; at the beginning that was `origin_n`."""

    def __init__(self) -> None:
        self.origin_n = 0
        self.n = 0
        self.commands: list[Command] = []
        self._origin: list[ToChild] = []
        self._heard: list[bytes | Sequence[Report]] = []

    def begin_with(self, state: ToChild, n: int) -> None:
        """Forget everything: it can be made of this."""
        self.origin_n = self.n = n
        self.commands = []
        self._origin, self._heard = [state], []

    def made(self, message: ToChild, n: int) -> None:
        """A message more has gone into its making."""
        self._origin.append(message)
        self.n = n

    def heard(self, reports: Sequence[Report], event: bytes, commands: Sequence[Command]) -> None:
        """It has heard reports, then an encoded event, either of which may be empty; and what it asked for."""
        if reports:
            self._heard.append(reports)
        if event:
            self._heard.append(event)
        self.asked(commands)

    def asked(self, commands: Sequence[Command]) -> None:
        """It has asked for something."""
        if commands:
            self.commands += commands
            self.n = commands[-1].n

    def heard_in_silence(self, events: Sequence[bytes]) -> None:
        """It has heard encoded events, and asked for nothing."""
        self._heard += events

    def mark(self) -> int:
        """This moment, for `begin_at`."""
        return len(self._heard)

    def begin_at(self, mark: int, state: ToChild, n: int) -> None:
        """Forget everything before a mark: it can be made of its state then, when its last command was `n`."""
        self.origin_n = n
        self.commands = [command for command in self.commands if command.n > n]
        self._origin, self._heard = [state], self._heard[mark:]

    def messages(self) -> Iterator[ToChild]:
        """Everything once more; what it heard in pieces, after each of which the child gives a sign."""
        yield from self._origin
        reports: list[Report] = []
        events: list[bytes] = []
        for one in self._heard:
            if events and (len(events) == PROGRESS or not isinstance(one, bytes)):
                yield Hear(reports, packed(events), free=True)
                reports, events = [], []
            if isinstance(one, bytes):
                events.append(one)
            else:
                reports += one
        if reports or events:
            yield Hear(reports, packed(events), free=True)
