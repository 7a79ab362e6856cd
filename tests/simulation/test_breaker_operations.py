"""Circuit breakers asked of the whole daemon: what people see of them, what they close, and what is there again after a
restart."""

from pathlib import Path

import pytest

from daemon.errors import DaemonError
from tests.config_builders import plan_of
from tests.simulation.test_account_operations import HOLDER
from tests.simulation.test_restart_with_changes import HEAD
from tests.simulation.test_supervisor import Machine, until_at_end
from trading.account.records import BreakerChanged

IDLE = HEAD.replace("at_end: exit", "at_end: idle")
HELD = HOLDER.rstrip() + '\n    breakers: {on_trip: flatten, daily_loss_amount: "0.05"}\n'


async def test_an_open_breaker_is_seen_everywhere_outlives_a_restart_and_is_reset(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, IDLE + HELD))
    async with machine.running():
        await until_at_end(machine)
        account, venue, holder = await machine.ask("get", "/v1/breakers")
        status = await machine.ask("get", "/v1/status")
        fills = await machine.ask("get", "/v1/fills", strategy="holder")
    assert [one["scope"] for one in (account, venue, holder)] == ["account", "venue", "holder"]
    assert (account["state"], venue["state"], holder["state"]) == ("closed", "closed", "open")
    assert (holder["triggers"], holder["latched"], holder["policy"]) == (["daily_loss"], True, "flatten")
    assert any(alarm.startswith("circuit breaker of holder is open: 0.") for alarm in status["alarms"])
    assert not status["halted"]
    assert [(one["order_id"], one["side"]) for one in fills] == [("holder-1", "buy"), ("holder-x1", "sell")]

    async with machine.running():
        assert (await machine.ask("get", "/v1/breakers"))[2] == holder
        with pytest.raises(DaemonError, match="no circuit breaker of 'holdr'"):
            await machine.ask("post", "/v1/breakers/reset", scope="holdr")
        answer = await machine.ask("post", "/v1/breakers/reset", scope="holder", reason="it was a bad tick")
        assert (answer["state"], answer["triggers"]) == ("closed", [])
        assert (await machine.ask("get", "/v1/status"))["alarms"] == []
    changes = [record for record in machine.records() if isinstance(record, BreakerChanged)]
    assert [(one.after, one.reason) for one in changes][1:] == [("closed", "it was a bad tick")]


async def test_a_halt_is_the_accounts_breaker(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, IDLE + HOLDER))
    async with machine.running():
        await until_at_end(machine)
        await machine.ask("post", "/v1/halt", reason="lunch")
        account = (await machine.ask("get", "/v1/breakers"))[0]
        assert (account["state"], account["triggers"], account["reason"]) == ("open", ["operator"], "lunch")
    async with machine.running():
        health = await machine.ask("get", "/v1/health")
        assert "halted: lunch" in health["reasons"]
        status = await machine.ask("post", "/v1/resume", reason="back")
        assert not status["halted"]
        assert (await machine.ask("get", "/v1/breakers"))[0]["state"] == "closed"
