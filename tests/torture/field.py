"""One account under load: a venue, a daemon with its children, and the means to kill each and to bring it back."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from daemon.clock import SystemClock
from daemon.errors import DaemonError
from daemon.state import HALT_NAME, JOURNAL_NAME
from tests.acceptance.daemons import Daemon
from tests.patience import PATIENCE_SECONDS
from tests.real_children import is_gone, offspring
from tests.torture.journal_view import JournalLog
from tests.torture.oracle import LARGEST_ANSWER, Said
from tests.torture.plan import CAPITAL, RATES, STRATEGIES, SYMBOLS, Cycle, Victim
from tests.torture.venue_books import VenueStore
from tests.venue.processes import VenueProcess

"""How long anything may take on a machine that is busy with something else."""

HEAD: Final = """
mode: live
account: {currency: USD, cash: "100000"}
feed:
  kind: live
  adapter: "tests.live.adapter:WebsocketFeed"
  options: {url: "MARKET"}
  symbols: {AAA: {quotes: true}, BBB: {quotes: true}}
broker:
  kind: plain
  url: "ADDRESS"
  credentials: CREDENTIALS
  timeout_seconds: 1.0
  reconciliation: {in_flight: 500ms, open_orders: 2s, account: 4s}
instruments:
  AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}
  BBB: {kind: equity, tick_size: "0.01", lot_size: "1"}
risk: {max_order_notional: "50000", max_exposure_equity_share: "1", max_daily_loss_notional: "50000", self_trade: allow}
breakers: {venue: {cool_down: 1s, probe_timeout: 1s}}
journal: {segment_bytes: 1048576}
strategies:
"""
STRATEGY: Final = """  - id: {name}
    class: "tests.torture.churner:Churner"
    params: {{symbol: {symbol}}}
    capital: "{capital}"
    restart: {{most: 1000000, within: 1s}}
    risk: {{max_position_quantity: "100", max_order_quantity: "10"}}
"""
VENUE: Final = ("--symbols=AAA,BBB", "--walk=60", "--fee=0.0005", "--heartbeat=300ms", "--page=500")


class Stuck(AssertionError):
    """Something that had to come has not come."""


class Field:
    """A venue and a daemon in one folder, with what may be read of both without asking them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.venue = VenueProcess(folder, *VENUE)
        self.store = VenueStore(folder / "venue.jsonl")
        self.restarts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.by_watchman = 0
        self._is_over = False
        self._clock = SystemClock()
        self._faults_seen = 0
        self.daemon = Daemon(folder, "")
        self.journal = JournalLog(self.daemon.state / JOURNAL_NAME)

    def open(self) -> None:
        """Start both."""
        self.venue.start()
        text = HEAD.replace("MARKET", self.venue.market).replace("ADDRESS", self.venue.address)
        text = text.replace("CREDENTIALS", self.venue.credentials.name)
        text += "".join(STRATEGY.format(name=name, symbol=SYMBOLS[name], capital=CAPITAL) for name in STRATEGIES)
        self.daemon.config.write_text(text)
        self.daemon.start()
        self.until_ready()

    def close(self) -> None:
        """End both, however they are."""
        if self.daemon.process is not None:
            self.daemon.end(signal.SIGKILL)
        self.venue.kill()

    # Load.

    def spoil(self, seed: int) -> None:
        """Let things go wrong on the line from here on."""
        self.venue.do("faults", rates=RATES, seed=seed)

    def calm(self) -> None:
        """Let nothing go wrong any more, and nothing be opened."""
        self._note_faults()
        self.venue.do("faults", heal=True)
        self.until_ready()
        halted = self.daemon.cli("halt", "--timeout", "10", "the torture is over")
        if halted.returncode != 0:
            raise Stuck(f"it does not halt: {halted.stderr}")
        self._is_over = True

    def until_orders_flow(self, count: int, *, of: str = "") -> None:
        """Wait until so many more orders have come to the venue, of one strategy where it is named."""

        def seen() -> int:
            orders = self.store.read().our_orders
            return sum(not of or order.ticket.symbol == SYMBOLS[of] for order in orders)

        before = seen()
        self.until(lambda: seen() >= before + count, "orders do not flow")

    def until_ready(self) -> None:
        """Wait until the daemon says that it trades."""
        self.until(self._trades, "it is not ready", every_seconds=0.05)

    def _trades(self) -> bool:
        """Whether it does; one that its watchman had halted is told to go on."""
        with suppress(DaemonError):
            status = self.daemon.client.get("/v1/status")
            if status["halted"]:
                self.daemon.client.post("/v1/resume", reason="it was only starved")
            return bool(status["ready"])
        return False

    def until(self, true: Callable[[], Any], otherwise: str, *, every_seconds: float = 0.01) -> None:
        """Wait until something holds; Stuck where it does not come."""
        begun = time.perf_counter()
        while not true():
            if self._has_ended():
                self._start_daemon()
                if not self._is_over:
                    self.until_ready()
                begun = time.perf_counter()
            if time.perf_counter() - begun > PATIENCE_SECONDS:
                raise Stuck(f"{otherwise}, {PATIENCE_SECONDS:g} s long: {self.status()}; {self.last_words()}")
            time.sleep(every_seconds)

    def status(self) -> Any:
        """What the daemon says of itself."""
        with suppress(Exception):
            return self.daemon.client.get("/v1/health")
        return "the daemon does not answer"

    def last_words(self) -> str:
        """The end of the daemon's log."""
        return self.daemon.log.read_text()[-2000:] if self.daemon.log.exists() else ""

    # Kills.

    def strike(self, cycle: Cycle) -> int:
        """Kill; when that was, in Unix nanoseconds."""
        if cycle.victim in (Victim.VENUE, Victim.BOTH):
            self._note_faults()
        victims = {Victim.DAEMON: "d", Victim.VENUE: "v", Victim.CHILD: "c", Victim.BOTH: "dv"}[cycle.victim]
        at_ns = self._clock.wall_ns()
        for victim in victims if cycle.venue_first is False else reversed(victims):
            if victim == "d":
                self._kill_daemon()
            elif victim == "v":
                self.venue.kill()
            else:
                self._kill_child(cycle.child)
        return at_ns

    def mend(self, cycle: Cycle) -> None:
        """Bring back what was killed, and wait until it trades again."""
        if cycle.victim is Victim.CHILD:
            self._await_child(cycle.child)
        if cycle.victim is Victim.BOTH and not cycle.venue_first:
            self._start_daemon()
        if cycle.victim in (Victim.VENUE, Victim.BOTH):
            time.sleep(cycle.down_seconds)
            self.venue.start()
            self.restarts["venue"] += 1
            self.spoil(cycle.faults_seed)
        if cycle.victim is Victim.DAEMON or (cycle.victim is Victim.BOTH and cycle.venue_first):
            self._start_daemon()
        for seconds in cycle.again:
            time.sleep(seconds)
            self._kill_daemon()
            self._start_daemon()
        self.until_ready()

    def restart(self) -> None:
        """Let the daemon end in good order, and start it again."""
        code, _ = self.daemon.end()
        if code != 0:
            raise Stuck(f"a stop in good order ended with code {code}: {self.last_words()}")
        self._start_daemon()

    def _start_daemon(self) -> None:
        self.daemon.start()
        self.restarts["daemon"] += 1

    def _kill_daemon(self) -> None:
        assert self.daemon.process is not None
        forked = self.children()
        if not self._has_ended():
            self.daemon.end(signal.SIGKILL)
        # The next daemon must not have to share anything with what is left of this one.
        self.until(lambda: all(is_gone(pid) for pid in forked.values()), "children outlive their daemon")

    def _has_ended(self) -> bool:
        """Whether the daemon is gone though nobody here has killed it. Only its watchman may do so: where the machine
        leaves it no time for a second, it counts as hung, is ended, and its orders are cancelled."""
        if self.daemon.process is None or (code := self.daemon.process.poll()) is None:
            return False
        if code != -signal.SIGKILL or b"gave no sign" not in (self.daemon.state / HALT_NAME).read_bytes():
            raise Stuck(f"the daemon ended by itself, with code {code}: {self.last_words()}")
        self.daemon.wait()
        self.by_watchman += 1
        return True

    def children(self) -> dict[str, int]:
        """The processes of the strategies, by strategy."""
        found: dict[str, int] = {}
        with suppress(OSError):
            for forkserver in offspring(self.daemon.process.pid) if self.daemon.process is not None else ():
                with suppress(OSError):
                    found |= {Path(f"/proc/{pid}/comm").read_text().strip(): pid for pid in offspring(forkserver)}
        return {name: pid for name, pid in found.items() if name in STRATEGIES}

    def _kill_child(self, name: str) -> None:
        self.until(lambda: name in self.children(), f"there is no process of {name}")
        self._killed_child = self.children()[name]
        os.kill(self._killed_child, signal.SIGKILL)

    def _await_child(self, name: str) -> None:
        self.until(lambda: self.children().get(name, self._killed_child) != self._killed_child, f"{name} stays away")
        self.restarts["child"] += 1

    # What they say.

    def said(self) -> Said:
        """What the daemon answers."""
        get = self.daemon.client.get
        return Said(
            open_orders=get("/v1/orders", open="true", limit=LARGEST_ANSWER),
            fills={name: get("/v1/fills", strategy=name, limit=LARGEST_ANSWER) for name in STRATEGIES},
            account=get("/v1/account"),
        )

    def printed(self) -> Said:
        """The same, as the commands print it."""
        cli, limit = self.daemon.cli_json, str(LARGEST_ANSWER)
        return Said(
            open_orders=cli("orders", "--open", "--limit", limit),
            fills={name: cli("fills", "--strategy", name, "--limit", limit) for name in STRATEGIES},
            account=cli("account", "show"),
        )

    def _note_faults(self) -> None:
        """A venue that is killed forgets what went wrong there."""
        for text in self.venue.do("faults"):
            site, _, what = text.partition("=")
            self.faults[site.partition("#")[0] + "." + what.partition(":")[0]] += 1
