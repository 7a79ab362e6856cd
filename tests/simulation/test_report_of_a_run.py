"""What a daemon reports of its run is what a backtest of the same file results in, also after a restart."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.clock import SystemClock
from daemon.errors import DaemonError
from daemon.research.coordinator import BacktestCoordinator
from daemon.results.result import Result, canonical, of_strategy
from tests.config_builders import plan_of
from tests.simulation.test_account_operations import IDLE, TASKS
from tests.simulation.test_supervisor import Machine, until_at_end


async def asked(machine: Machine, **query: Any) -> Result:
    return msgspec.convert(await machine.ask("get", "/v1/report", **query), Result)


async def test_it_is_the_backtests_result_whole_and_of_one(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, IDLE + TASKS)
    tried = BacktestCoordinator(SystemClock()).run(plan, stopped=lambda: False)
    machine = Machine(plan)
    for _ in range(2):
        async with machine.running():
            await until_at_end(machine)
            whole, maker = await asked(machine), await asked(machine, strategy="maker")
            with pytest.raises(DaemonError, match="no strategy 'makr'"):
                await machine.ask("get", "/v1/report", strategy="makr")
        assert canonical(whole) == canonical(tried)
        assert canonical(maker) == canonical(of_strategy(tried, "maker"))
        assert whole.fills
        assert (whole.about.mode, whole.about.currency, whole.about.end) == ("paper", "USD", tried.about.end)
        assert whole.metrics.final_equity == tried.metrics.final_equity


async def test_money_that_came_meanwhile_is_a_flow_and_no_return(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, IDLE + TASKS))
    async with machine.running():
        await until_at_end(machine)
        before = await asked(machine)
        await machine.ask("post", "/v1/account/deposit", amount="500")
        after = await asked(machine)
    (flow,) = after.flows
    assert (flow.strategy, flow.amount, flow.equity_before) == ("", "500.00", before.metrics.final_equity)
    assert after.metrics.net_profit == before.metrics.net_profit
    assert after.metrics.total_return == before.metrics.total_return
