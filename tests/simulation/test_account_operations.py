"""What an operator moves, asked of the whole daemon: it is in the books, in the journal, in no return, and there again
after a restart."""

import re
import shlex
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.account import transfer
from daemon.errors import DaemonError
from tests.config_builders import plan_of
from tests.simulation.test_account_recovery import ACTIONS, falling
from tests.simulation.test_restart_with_changes import HEAD, MAKER, SMA
from tests.simulation.test_supervisor import Machine, until_at_end
from trading.account.records import Operation, Valued
from trading.market_data import Quote
from trading.strategy import Strategy

HOLDER = """
  - id: holder
    class: "tests.simulation.test_account_operations:Holds"
    params: {symbol: AAA}
    capital: "20000"
    isolation: task
"""
IDLE = HEAD.replace("at_end: exit", "at_end: idle").replace("duration: 1h", "duration: 34h").replace("10s", "10m")
TASKS = (SMA + MAKER).replace(
    'capital: "40000"}', 'capital: "40000", isolation: task}'
).rstrip() + "\n    isolation: task\n"


class Holds(Strategy):
    """Buys ten at the first price."""

    symbol: str

    def on_quote(self, quote: Quote) -> None:
        self.target(quote.symbol, 10)


async def refused(machine: Machine, path: str, **body: Any) -> str:
    with pytest.raises(DaemonError) as caught:
        await machine.ask("post", path, **body)
    return str(caught.value)


async def test_what_is_moved_is_in_the_books_and_in_no_return(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, IDLE + TASKS))
    async with machine.running():
        await until_at_end(machine)
        before = await machine.ask("get", "/v1/performance")
        paid = await machine.ask("post", "/v1/account/deposit", amount="500")
        moved = {"source": "unallocated", "target": "maker", "amount": "120.50"}
        await machine.ask("post", "/v1/account/transfer", **moved, reason="more for maker")
        account = await machine.ask("post", "/v1/account/withdraw", amount="79.50")
        after = await machine.ask("get", "/v1/performance")
    assert paid["unallocated"]["cash"] == {"USD": "30500.00"}
    assert (account["unallocated"]["cash"], account["balanced"]) == ({"USD": "30300.00"}, True)
    assert [(one.action, one.reason) for one in machine.records() if isinstance(one, Operation)] == [
        ("move_cash", ""),
        ("transfer", "more for maker"),
        ("move_cash", ""),
    ]
    put_in = {"sma": Decimal(0), "maker": Decimal("120.50"), "total": Decimal("420.50")}
    for name, more in put_in.items():
        was, now = (view["total"] if name == "total" else view["strategies"][name] for view in (before, after))
        assert Decimal(now["capital"]) - Decimal(was["capital"]) == more
        assert Decimal(now["equity"]) - Decimal(was["equity"]) == more
        same = ("net_profit", "total_return", "sharpe", "max_drawdown", "trades", "fees")
        assert [now[figure] for figure in same] == [was[figure] for figure in same], name
    assert after["total"]["volatility"] is not None, "two days are two returns"


async def test_what_was_moved_is_there_after_a_restart(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, IDLE + TASKS))
    async with machine.running():
        await until_at_end(machine)
        await machine.ask("post", "/v1/account/transfer", source="sma", target="maker", amount="1000")
        await machine.ask("post", "/v1/account/deposit", amount="500")
        account, postings, performance = [await machine.ask("get", path) for path in PAGES]
    (machine.plan.state / "projection.sqlite").unlink()
    async with machine.running():
        await until_at_end(machine)
        again = [await machine.ask("get", path) for path in PAGES]
    assert without_sequence(again[0]) == without_sequence(account)
    assert again[1:] == [postings, performance]
    assert [one["kind"] for one in postings] == ["transfer", "transfer", "deposit"]


PAGES = ("/v1/account", "/v1/postings", "/v1/performance/maker")


def without_sequence(account: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in account.items() if name != "journal_sequence"}


async def test_units_are_moved_at_the_last_price_and_nothing_is_earned_by_it(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, IDLE + TASKS + HOLDER))
    async with machine.running():
        await until_at_end(machine)
        before = await machine.ask("get", "/v1/performance")
        account = await machine.ask(
            "post", "/v1/account/transfer", source="holder", target="unallocated", amount="4", symbol="AAA"
        )
        after = await machine.ask("get", "/v1/performance")
        held = await machine.ask("get", "/v1/positions")
        nobodys = await machine.ask("get", "/v1/positions", strategy="unallocated")
        alarms = (await machine.ask("get", "/v1/status"))["alarms"]
        postings = await machine.ask("get", "/v1/postings", strategy="unallocated")
        for path in ("/v1/fills", "/v1/orders"):
            assert await machine.ask("get", path, strategy="unallocated") == []
    assert account["balanced"] is True
    assert (account["moved"]["amount"], account["moved"]["currency"]) == ("4", "USD")
    assert account["moved"]["price"] == postings[-1]["price"]
    assert (postings[-1]["currency"], postings[-1]["realised"]) == ("USD", "0")
    assert nobodys == [one for one in held if one["strategy"] == "unallocated"]
    assert [(one["symbol"], one["quantity"]) for one in nobodys] == [("AAA", "4")]
    assert alarms == [
        "unallocated holds 4 AAA, which no strategy trades; move them to one: "
        "bulkhead account transfer --from unallocated --to STRATEGY --symbol AAA 4"
    ]
    equities = [Decimal(book["equity"]) for book in (*account["books"].values(), account["unallocated"])]
    assert sum(equities) == Decimal(account["equity"]) == Decimal(account["ledger"]["equity"])
    assert (account["books"]["holder"]["positions"], account["unallocated"]["positions"]) == (
        {"AAA": "6"},
        {"AAA": "4"},
    )
    was, now = before["strategies"]["holder"], after["strategies"]["holder"]
    assert (now["capital"], now["equity"], now["trades"]) == (was["capital"], was["equity"], was["trades"] + 1)


async def test_the_commands_that_the_alarms_print_make_what_was_liquidated_flat(tmp_path: Path) -> None:
    (tmp_path / "actions.csv").write_text(ACTIONS)
    text = re.sub(r'(capital: "\d+")\}', r"\1, isolation: task}", falling().replace("at_end: exit", "at_end: idle"))
    machine = Machine(plan_of(tmp_path, text))
    async with machine.running():
        await until_at_end(machine)
        told = [alarm for alarm in (await machine.ask("get", "/v1/status"))["alarms"] if "stand against" in alarm]
        commands = [one for alarm in told for one in re.findall(r"bulkhead account transfer ([^;]+)", alarm)]
        assert commands
        for command in commands:
            asked = transfer.make_context("transfer", shlex.split(command)).params
            body = {name: asked[name] for name in ("source", "target", "amount", "symbol", "price")}
            await machine.ask("post", "/v1/account/transfer", **body)
        account = await machine.ask("get", "/v1/account")
        alarms = (await machine.ask("get", "/v1/status"))["alarms"]
        left = await machine.ask("get", "/v1/positions", strategy="unallocated")
    assert account["balanced"] is True
    assert not [alarm for alarm in alarms if "stand against" in alarm]
    assert not {one["symbol"] for one in left} & {word for alarm in told for word in alarm.split()[3:4]}


async def test_what_cannot_be_meant_is_refused_and_the_daemon_goes_on(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, IDLE + TASKS))
    deposit, transfer = "/v1/account/deposit", "/v1/account/transfer"
    moved = {"source": "sma", "target": "maker", "amount": "5"}
    units = {**moved, "symbol": "AAA"}
    async with machine.running():
        await until_at_end(machine)
        before = await machine.ask("get", "/v1/account")
        told = [
            await refused(machine, deposit, amount="0.001"),
            await refused(machine, deposit, amount="-5"),
            await refused(machine, deposit, amount="NaN"),
            await refused(machine, deposit, amount="1e300"),
            await refused(machine, deposit, amount="5", currency="EUR"),
            await refused(machine, "/v1/account/withdraw", amount="30000.01"),
            await refused(machine, transfer, **(moved | {"target": "sma"})),
            await refused(machine, transfer, **(moved | {"source": "smaa"})),
            await refused(machine, transfer, **moved, price="1"),
            await refused(machine, transfer, **(units | {"symbol": "CCC"})),
            await refused(machine, transfer, **(units | {"amount": "0.5"})),
            await refused(machine, transfer, **units, price="-1"),
            await refused(machine, transfer, **units, price="1.0000000000000000000000001"),
            await refused(machine, transfer, **units, currency="USD"),
        ]
        assert await machine.ask("get", "/v1/account") == before
    too_much = "it must be above zero and at most 1000000000000"
    assert told == [
        "0.001 USD is finer than the smallest unit of USD, 0.01",
        f"amount is -5; {too_much}",
        f"amount is NaN; {too_much}",
        f"amount is above 1000000000000; {too_much}",
        "'EUR' is no currency of this account",
        "30000 USD of the account is unallocated; 30000.01 cannot be withdrawn",
        "sma is named as source and as target",
        "no strategy 'smaa'",
        "a price is named and no symbol",
        "'CCC' is no instrument here",
        "0.5 AAA is no whole number of lots of 1",
        f"price is -1; {too_much}",
        "price is 1.0000000000000000000000001; it may have 24 digits",
        "a currency and a symbol are named",
    ]
    assert not [record for record in machine.records() if isinstance(record, Operation)]


async def test_a_time_that_is_yet_to_come_has_no_performance(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, IDLE + TASKS))
    async with machine.running():
        await until_at_end(machine)
        with pytest.raises(DaemonError, match="since is 2030-01-01T00:00:00Z, and the feed stands at 2026-01-0"):
            await machine.ask("get", "/v1/performance", since="2030-01-01T00:00:00Z")


async def test_what_a_book_has_not_is_refused_and_nothing_has_happened(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, IDLE + TASKS))
    transfer, between = "/v1/account/transfer", {"source": "sma", "target": "maker"}
    async with machine.running():
        await until_at_end(machine)
        before = await machine.ask("get", "/v1/account")
        cash = await refused(machine, transfer, **between, amount="99999.99")
        units = await refused(machine, transfer, **between, amount="5", symbol="BBB", price="50")
        assert await machine.ask("get", "/v1/account") == before
        assert (await machine.ask("get", "/v1/status"))["ready"] is False, "it idles at the feed's end"
        await machine.ask("post", transfer, **between, amount="1")
    assert cash.endswith("99999.99 of that cannot be moved")
    assert units == "sma holds 0 BBB; 5 of that cannot be moved"
    operations = [record for record in machine.records() if isinstance(record, Operation)]
    assert [one.transfer.amount for one in operations if one.transfer] == [Decimal(1)]
    async with machine.running():
        assert len(await machine.ask("get", "/v1/postings")) == 2, "it repeats what happened, and that alone"


async def test_what_the_books_were_worth_at_a_flow_is_written_down(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, IDLE + TASKS))
    async with machine.running():
        await until_at_end(machine)
        await machine.ask("post", "/v1/account/deposit", amount="500")
        equity = (await machine.ask("get", "/v1/account"))["equity"]
    valued = [record for record in machine.records() if isinstance(record, Valued)][-1]
    assert sum(book.equity or 0 for book in valued.books.values()) == Decimal(equity)
    async with machine.running():
        assert (await machine.ask("get", "/v1/account"))["equity"] == equity
