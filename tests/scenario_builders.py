"""A small config with scenarios, and what a test needs to check and run them."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from daemon.clock import SystemClock
from daemon.research.scenarios.board import Board
from daemon.research.scenarios.checking import Checked, Means, Source, check_all, named, read_source
from daemon.research.scenarios.command import AskedScenarios, Ran, run_scenarios
from daemon.research.scenarios.display import Display
from daemon.research.scenarios.results import ProcessResult
from daemon.research.scenarios.surveys import Surveys
from daemon.research.scenarios.task import Task
from daemon.research.wishes import Wishes
from tests.backtest_builders import closes, strategy
from tests.backtest_builders import config as backtest_config
from tests.config_builders import described
from tests.simulation.processes import SimulatedProcesses
from trading.timestamps import iso

CONFIG = """\
mode: paper
account: {{currency: USD, cash: "100000"}}
broker: {{kind: simulated, commission: {{kind: per_share, rate: "0.01"}}}}
feed:
  kind: synthetic
  duration: {duration}
  symbols:
    AAA: {{price: "100", volatility_ticks: 3}}
instruments:
  AAA: {{kind: equity, tick_size: "0.01", lot_size: "1"}}
strategies:
  - {{id: counts, class: "tests.scenario_strategies:Counts", params: {{symbol: AAA}}, capital: "25000"}}
  - {{id: mishap, class: "tests.scenario_strategies:Mishap", params: {{symbol: AAA}}, capital: "25000"}}
backtest:
  scenarios:
{scenarios}
"""


def crossing(folder: Path, *scenarios: str, bars: int = 3_000) -> Path:
    """A config of two strategies that offer their signals, over a file of bars of a walk, so that events can be passed
    by; with these scenarios."""
    draw, price = random.Random(5), 100.0
    prices = [price := max(50.0, round(price + draw.choice((-0.05, -0.02, 0.0, 0.02, 0.05)), 2)) for _ in range(bars)]
    closes(folder, *prices)
    text = backtest_config(
        strategy("quick", "strategies.sma_cross:SmaCross", symbol="AAA", fast=5, slow=20),
        strategy("slow", "strategies.sma_cross:SmaCross", symbol="AAA", fast=20, slow=90),
        scenarios=f"[{', '.join(scenarios)}]",
    )
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def mishap(what: str, **more: object) -> str:
    """A scenario in which that happens."""
    keys = {"name": what, "set": {"strategies.mishap.params.what": what}, **more}
    return json.dumps(keys)


def config(folder: Path, *scenarios: str, duration: str = "20m", more: str = "") -> Path:
    """A config with these scenarios, each written as YAML in a line."""
    path = folder / "config.yaml"
    lines = "\n".join(f"    - {scenario}" for scenario in scenarios)
    path.write_text(CONFIG.format(duration=duration, scenarios=lines or "    []") + more)
    return path


def source(folder: Path, *scenarios: str, **how: Any) -> Source:
    """The config, read."""
    return read_source(config(folder, *scenarios, **how), {})


def inner_processes() -> SimulatedProcesses:
    """Helpers that answer in the test's own process."""
    return SimulatedProcesses({"daemon.describe": described})


def checked(read: Source, *names: str, wishes: Wishes | None = None) -> list[Checked]:
    """Its scenarios, checked."""
    means = Means({}, inner_processes(), Surveys())
    return check_all(read, named(read, names, wishes or Wishes()), means, 1)


def tasks_of(read: Source, found: list[Checked], folder: Path, **more: Any) -> Iterator[Task]:
    """Their tasks."""
    for one in found:
        yield Task(
            run="run",
            scenario=one.scenario,
            config=str(read.document.path),
            text=read.document.text,
            values=read.values,
            wishes=one.wanted.wishes,
            answers=one.answers,
            looked=one.looked,
            folder=str(folder),
            keep="acted",
            submitted_at=iso(SystemClock().wall_ns()),
            timeout_ns=one.wanted.timeout_ns,
            memory_bytes=one.wanted.memory_bytes,
            **more,
        )


class Followed(Board):
    """A board that keeps what it is told, in the order in which it is."""

    def __init__(self, found: list[Checked], folder: Path, display: Display) -> None:
        super().__init__([one.scenario for one in found], folder, SystemClock(), display)
        self.news: list[tuple[str, str]] = []
        self.after: Callable[[], None] = lambda: None

    def said(self, index: int, status: Any) -> None:
        self.news.append((self._scenarios[index].name, str(status)))
        super().said(index, status)

    def over(self, result: ProcessResult) -> None:
        self.news.append((result.scenario_name, str(result.status)))
        super().over(result)
        self.after()


def run(path: Path, environ: Mapping[str, str] | None = None, **asked: Any) -> Ran:
    """What the command does."""
    asked = {"wishes": Wishes(), "folder": path.parent / "runs", **asked}
    return run_scenarios(AskedScenarios(config=path, **asked), environ or {})


def kept(result: ProcessResult, folder: str) -> Any:
    """A result as its file has it."""
    return json.loads((Path(folder) / f"{result.scenario_index:04d}-{result.scenario_name}.json").read_text())


def lines_of(result: ProcessResult) -> list[dict[str, Any]]:
    """Its log."""
    return [json.loads(line) for line in Path(result.log_path).read_text().splitlines()]
