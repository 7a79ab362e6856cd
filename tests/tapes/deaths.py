"""Where a process dies."""

from collections import Counter
from collections.abc import Callable, Iterable

from tests.tapes.tape import Crash


class Died(Exception):
    """The process ends here."""

    def __init__(self, crash: Crash) -> None:
        super().__init__(crash.site)
        self.crash = crash


class Deaths:
    """Counts the places that are passed, and lets the process die at those of the tape until `end`. `leak` is called
    before it dies at a place of that name."""

    def __init__(self, crashes: Iterable[Crash], happened: Counter[str], leak: Callable[[], None]) -> None:
        self.sites: Counter[str] = Counter()
        self._crashes = {(one.site, one.number): one for one in crashes}
        self._happened = happened
        self._leak = leak
        self._has_ended = False

    def end(self) -> None:
        """Nothing dies any more."""
        self._has_ended = True

    def passes(self, site: str) -> None:
        """A place is passed."""
        if self._has_ended:
            return
        self.sites[site] += 1
        crash = self._crashes.get((site, self.sites[site]))
        if crash is None:
            return
        self._happened[f"crash@{site}"] += 1
        if site == "leak":
            self._leak()
        raise Died(crash)
