"""What comes otherwise than it is journaled is told at once: which event, whose, which field, and both values."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import structs

from daemon.journal.reader import JournalReader
from daemon.journal.records import Record
from daemon.research.replay.divergence import Difference
from daemon.research.replay.runner import MAY_BE_COUNTED
from daemon.research.replay.script import Script
from tests.config_builders import plan_of
from tests.simulation.replaying import (
    HEAD,
    MY_ENTRY,
    a_world,
    diverged,
    for_events,
    hour,
    mine,
    repeats,
    replayed,
    rewritten,
)
from tests.simulation.test_recovery import BUSY
from tests.simulation.test_restart_with_changes import MAKER
from tests.simulation.world import JOURNAL
from trading.account.records import Reported
from trading.commands import WireCancel
from trading.timestamps import MINUTE


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The config of the busy hour, unless a test writes another there."""
    path = tmp_path / "config.yaml"
    path.write_text(BUSY.read_text())
    return path


@pytest.mark.parametrize("alone", ["", "mine"])
def test_a_change_of_a_strategy_is_told_at_its_first_command_that_differs(
    tmp_path: Path, config: Path, alone: str
) -> None:
    mine(tmp_path)
    world = a_world(tmp_path, HEAD + MAKER + MY_ENTRY)
    world.live()
    mine(tmp_path, more="if self.bars == 9: self.buy(self.symbol, 3)")
    outcome = replayed(world, config, strategy=alone)
    assert outcome.warnings == ["the code of mine has changed since"]
    found = outcome.divergence
    assert found is not None
    first_nine = "2026-01-05T14:39:00Z"
    assert (found.ts, found.symbol, found.strategy) == (first_nine, "AAA", "mine")
    assert found.text[1].startswith("order mine-")
    assert (found.journaled, found.came is not None) == (None, True)
    assert [words.partition(",")[0] for words in found.before[:2]] == ["order mine-1", "order mine-2"]
    mine(tmp_path, quantity=12)
    found = diverged(world, config, strategy=alone)
    assert found.fields == [
        Difference("terms.quantity", "10", "12"),
        Difference("terms.reason", "target 10", "target 12"),
    ]
    assert (found.text, found.before) == (("order mine-1, buy 10 AAA", "order mine-1, buy 12 AAA"), [])


@pytest.mark.parametrize("alone", ["", "mine"])
def test_an_order_that_comes_no_more_is_missed(tmp_path: Path, config: Path, alone: str) -> None:
    mine(tmp_path, more="if self.bars == 9: self.buy(self.symbol, 3)")
    world = a_world(tmp_path, HEAD + MAKER + MY_ENTRY)
    world.live()
    mine(tmp_path)
    found = diverged(world, config, strategy=alone)
    assert found.ts == "2026-01-05T14:39:00Z"
    assert (found.text[0].startswith("order mine-"), found.text[1]) == (True, "nothing")
    assert found.strategy == "mine"


@pytest.mark.parametrize("alone", ["", "mine"])
def test_a_strategy_that_raises_now_is_told_by_what_it_raised(tmp_path: Path, config: Path, alone: str) -> None:
    mine(tmp_path)
    world = a_world(tmp_path, HEAD + MAKER + MY_ENTRY)
    world.live()
    mine(tmp_path, more="self.bars / (self.bars - 5)")
    found = diverged(world, config, strategy=alone)
    assert (found.ts, found.text[1]) == ("2026-01-05T14:35:00Z", "mine: ZeroDivisionError: division by zero")


@pytest.mark.parametrize("alone", ["", "mine"])
def test_other_timers_from_the_start_on_are_told_as_such(tmp_path: Path, config: Path, alone: str) -> None:
    mine(tmp_path)
    world = a_world(tmp_path, HEAD + MAKER + MY_ENTRY)
    world.live()
    mine(tmp_path, every="6m")
    found = diverged(world, config, strategy=alone)
    assert (found.event, found.text[0]) == (0, "what mine hears and when its timers ring")
    assert found.fields == [Difference("timers[0].every_ns", 7 * MINUTE, 6 * MINUTE)]


def test_a_timer_more_on_the_way_is_told_by_the_events_that_it_adds(tmp_path: Path, config: Path) -> None:
    mine(tmp_path)
    world = a_world(tmp_path, HEAD + MAKER + MY_ENTRY)
    world.live()
    mine(tmp_path, more="self.schedule('once', at_ns=bar.ts_ns + 1) if self.bars == 2 else None")
    found = replayed(world, config).divergence
    assert found is not None
    assert (found.strategy, found.text[1]) == ("maker", "nothing")
    assert found.note == MAY_BE_COUNTED


def test_another_slippage_is_named_and_told_by_the_price_that_comes_of_it(tmp_path: Path, config: Path) -> None:
    config.write_text(BUSY.read_text().replace("ticks: 1", "ticks: 3"))
    outcome = replayed(hour(), config)
    assert outcome.warnings == ["the market is not what it was from its beginning on: broker.slippage.ticks: 3, was 1"]
    found = outcome.divergence
    assert found is not None
    assert "is filled" in found.text[0]
    assert [one.field for one in found.fields] == ["report.fill.price", "report.fill.notional", "report.fill.slippage"]
    price = found.fields[0]
    assert abs(Decimal(price.came) - Decimal(price.journaled)) == Decimal("0.02")
    assert repeats(hour(), config, recorded_market=True).fills == len(hour().fills())
    assert repeats(hour(), config, strategy="sma").fills > 0


def test_costs_that_changed_between_lives_diverge_where_the_config_is_not_theirs(tmp_path: Path, config: Path) -> None:
    cheap = BUSY.read_text()
    dear = cheap.replace('rate: "0.005"', 'rate: "0.01"')
    world = a_world(tmp_path, cheap)
    world.live(for_events(400))
    world.plan = plan_of(tmp_path, dear)
    world.live()
    outcome = replayed(world, config)
    assert outcome.divergence is not None
    assert [one.field for one in outcome.divergence.fields] == ["report.fill.fee"]
    assert outcome.warnings == [
        "the market is not what it was from its beginning on: broker.commission.rate: 0.01, was 0.005"
    ]
    repeats(world, config, from_ns=Script(JournalReader(world.disk, JOURNAL)).turns()[0].ts_ns)
    assert replayed(world, config, recorded_market=True).identical


def test_a_journaled_record_that_was_tampered_with_is_told_by_its_field(config: Path) -> None:
    target = hour().fills()[20]

    def dearer(_: int, record: Record) -> Record:
        if isinstance(record, Reported) and record.report.fill == target:
            fill = structs.replace(target, price=target.price + 1)
            return structs.replace(record, report=structs.replace(record.report, fill=fill))
        return record

    found = diverged(rewritten(hour().disk, dearer), config)
    assert found.fields == [Difference("report.fill.price", str(target.price + 1), str(target.price))]
    assert (found.symbol, found.strategy) == (target.symbol, target.strategy)
    assert found.journaled is not None
    assert found.journaled["record"] == "reported"


def test_a_journaled_command_that_nobody_asked_for_is_told(config: Path) -> None:
    """One cancel is turned into another order's."""

    def other(_: int, record: Record) -> Record:
        if isinstance(record, WireCancel) and record.order_id == "maker-3":
            return structs.replace(record, order_id="maker-4")
        return record

    found = diverged(rewritten(hour().disk, other), config)
    assert found.text == ("nothing", "the cancel of maker-3")
    assert found.note == "the journal has the cancel of maker-4 in its place"
    alone = diverged(rewritten(hour().disk, other), config, strategy="maker")
    assert alone.text == ("nothing", "the cancel of maker-3")
