"""A small valid configuration, edited by a test and looked at as `bulkhead check` does, with strategies in process."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from daemon.check import Amendment, Plan, check
from daemon.config.problems import ConfigProblems
from daemon.describe import answer
from daemon.descriptions import READY, Request
from tests.simulation.processes import SimulatedProcesses

CONFIG = """\
mode: paper
account: {currency: USD, cash: "100000"}
feed:
  kind: synthetic
  symbols:
    AAA: {price: "100"}
broker: {kind: simulated}
instruments:
  AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}
strategies:
  - id: sma-aaa
    class: "strategies.sma_cross:SmaCross"
    params: {symbol: AAA, fast: 10}
    capital: "25000"
"""

FEED = '    AAA: {price: "100"}\n'
INSTRUMENT = '  AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}\n'
CAPITAL = '    capital: "25000"\n'


def edited(old: str, new: str) -> str:
    """The configuration with something in place of a part that stands in it once."""
    assert CONFIG.count(old) == 1, f"{old!r} stands {CONFIG.count(old)} times in the configuration to be edited"
    return CONFIG.replace(old, new)


def top(key: str) -> str:
    """The configuration with a key on its second line."""
    return edited("mode: paper", f"mode: paper\n{key}")


def in_feed(key: str) -> str:
    """The configuration with a key of the feed on line 5."""
    return edited("kind: synthetic", f"kind: synthetic\n  {key}")


def in_broker(key: str) -> str:
    """The configuration with a key of the broker on line 7."""
    return edited("{kind: simulated}", f"{{kind: simulated, {key}}}")


def in_strategy(key: str) -> str:
    """The configuration with a key of its strategy on line 12."""
    return edited("id: sma-aaa", f"id: sma-aaa\n    {key}")


def paired(text: str, code: str) -> str:
    """A configuration with a pair that leads from a currency to the account's, after AAA: two lines more."""
    feed = f'    {code}USD: {{price: "1.10"}}\n'
    pair = f'  {code}USD: {{kind: fx, base: {code}, tick_size: "0.0001", lot_size: "1"}}\n'
    return text.replace("broker:", f"{feed}broker:").replace("strategies:\n", f"{pair}strategies:\n")


def strategy(name: str, capital: str = "1000") -> str:
    """One more strategy, to be put at the configuration's end."""
    cls = "strategies.sma_cross:SmaCross"
    return f'  - {{id: {name}, class: "{cls}", params: {{symbol: AAA}}, capital: "{capital}"}}\n'


def described(given: bytes) -> bytes:
    """What `python -m daemon.describe` does, in this process."""
    return READY + msgspec.msgpack.encode(answer(msgspec.msgpack.decode(given, type=Request)))


def plan_of(
    folder: Path,
    text: str = CONFIG,
    environ: Mapping[str, str] | None = None,
    amendment: Amendment | None = None,
) -> Plan:
    """The plan of a configuration text."""
    path = folder / "config.yaml"
    path.write_text(text)
    return check(path, environ or {}, SimulatedProcesses({"daemon.describe": described}), amendment)


def problems_of(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The problems of a configuration text, its folder left out."""
    with pytest.raises(ConfigProblems) as caught:
        plan_of(folder, text, environ)
    return str(caught.value).replace(f"{folder}/", "").splitlines()
