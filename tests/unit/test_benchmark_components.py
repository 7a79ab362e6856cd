"""The time of a backtest is told by component: our files are of one each, and what others do counts for who called."""

from itertools import chain

import pytest

from benchmarks.components import COMPONENTS, REST, by_component, component_of
from benchmarks.floors import ROOT

BEGINNINGS = sorted(chain.from_iterable(COMPONENTS.values()))


@pytest.mark.parametrize("begin", BEGINNINGS)
def test_every_beginning_is_there(begin: str) -> None:
    assert (ROOT / begin).is_dir() or (ROOT / f"{begin}.py").is_file()


@pytest.mark.parametrize(
    ("file", "component"),
    [
        ("trading/lockstep.py", "order of events, bars"),
        ("trading/account/gate.py", "account: router, gate, ledger"),
        ("trading/risk.py", "container: risk, orders, book"),
        ("daemon/research/timeline.py", "reading data"),
        ("daemon/results/outcome.py", "tables, result"),
        ("brokers/simulated/market.py", "market"),
    ],
)
def test_the_longest_beginning_counts(file: str, component: str) -> None:
    assert component_of(str(ROOT / file)) == component


def test_what_is_not_ours_counts_for_who_called_it() -> None:
    assert component_of("~") == component_of("/usr/lib/python3.11/enum.py") == REST
    risk, market = (str(ROOT / "trading/risk.py"), 1, "f"), (str(ROOT / "brokers/simulated/market.py"), 2, "g")
    appended = {risk: (4, 4, 0.25, 0.25), market: (2, 2, 0.5, 0.5)}
    spent = by_component(
        {
            risk: (1, 1, 2.0, 3.0, {}),
            market: (1, 1, 1.0, 1.0, {risk: (1, 1, 1.0, 1.0)}),
            ("~", 0, "<append>"): (6, 6, 0.75, 0.75, appended),
        }
    )
    assert spent == {"container: risk, orders, book": 2.25, "market": 1.5}
