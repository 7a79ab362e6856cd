"""What an operator moves: which operation it becomes, and what the ledger has against it told in words."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import anyio
import msgspec
import pytest

from daemon.api.operations import AccountRefused
from daemon.errors import BadRequest
from daemon.shells import Shell
from daemon.treasury import Treasury, Units
from tests.builders import Rig, acting, price, spec
from tests.market_builders import an_instrument
from trading.account.records import Operation
from trading.account.transfers import Transfer
from trading.errors import LedgerError
from trading.instruments import InstrumentKind, MarginTerms
from trading.money import Currency
from trading.strategy import Strategy
from trading.timestamps import SECOND


def buys(trader: Strategy) -> None:
    trader.buy("AAA", 10)


class Floored:
    """A shell over a rig: operations are noted, or carried through where `carries`."""

    def __init__(self, carries: bool = False, **instruments: Any) -> None:
        self.rig = Rig(spec(acting(buys), "a"), spec(acting(), "b")).feed(price(1, 100.0), price(2, 100.5))
        known = {"AAA": an_instrument(), **instruments}
        fleet = SimpleNamespace(currency="USD", instruments=known)
        self.floor = SimpleNamespace(fleet=fleet, lockstep=self.rig.lockstep)
        self.now_ns = 2 * SECOND
        self.carries = carries
        self.asked: list[Operation] = []

    async def operate(self, operation: Operation) -> None:
        await anyio.lowlevel.checkpoint()
        if self.carries:
            self.rig.driver.operate(operation)
        self.asked.append(operation)


def treasury(shell: Floored, *, is_paper: bool = True) -> Treasury:
    return Treasury(cast("Shell", shell), is_paper=is_paper)


async def test_money_in_and_out_is_one_operation_of_either_sign_at_the_quantum() -> None:
    shell = Floored()
    await treasury(shell).deposit(Decimal("5E+2"), "", "payday")
    await treasury(shell).withdraw(Decimal("20.5"), "USD", "rent")
    assert [(one.action, one.currency, str(one.amount), one.reason, one.ts_ns) for one in shell.asked] == [
        ("move_cash", "USD", "500.00", "payday", 2 * SECOND),
        ("move_cash", "USD", "-20.50", "rent", 2 * SECOND),
    ]


async def test_two_withdrawals_at_once_do_not_share_what_is_there() -> None:
    shell = Floored(carries=True)
    desk, refusals = treasury(shell), []

    async def withdraw() -> None:
        try:
            await desk.withdraw(Decimal(600), "", "")
        except AccountRefused as error:
            refusals.append(str(error))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(withdraw)
        tasks.start_soon(withdraw)
    assert refusals == ["400.00 USD of the account is unallocated; 600.00 cannot be withdrawn"]
    assert len(shell.asked) == 1


async def test_units_go_in_their_own_direction_at_the_last_price() -> None:
    shell = Floored()
    await treasury(shell).transfer_position("a", "unallocated", Units("AAA", Decimal(4), None), "")
    await treasury(shell).transfer_position("a", "b", Units("AAA", Decimal(4), Decimal("99.5")), "")
    assert [one.transfer for one in shell.asked] == [
        Transfer(source="a", target="unallocated", amount=Decimal(4), symbol="AAA", price=Decimal("100.5")),
        Transfer(source="a", target="b", amount=Decimal(4), symbol="AAA", price=Decimal("99.5")),
    ]
    await Floored(carries=True).operate(shell.asked[0])


async def test_a_short_position_goes_as_one() -> None:
    shell = Floored(carries=True)
    desk = treasury(shell)
    await desk.transfer_position("a", "b", Units("AAA", Decimal(10), None), "")
    shell.carries = False
    shell.rig.book("b").positions["AAA"].quantity = Decimal(-10)
    await desk.transfer_position("b", "a", Units("AAA", Decimal(3), None), "")
    moved = shell.asked[-1].transfer
    assert moved is not None
    assert moved.amount == Decimal(-3)


async def test_what_the_ledger_refuses_is_told_in_its_words_and_nothing_has_happened() -> None:
    shell = Floored(carries=True)
    before = shell.rig.router.ledger.state()
    with pytest.raises(AccountRefused, match=r"^a has .* USD; 99999\.00 of that cannot be moved$") as refused:
        await treasury(shell).transfer_cash("a", "b", Decimal(99_999), "", "")
    assert isinstance(refused.value.__cause__, LedgerError)
    assert refused.value.exit_code == 1
    assert shell.rig.router.ledger.state() == before


async def test_money_is_not_moved_here_in_live() -> None:
    desk = treasury(Floored(), is_paper=False)
    for pay in (desk.deposit, desk.withdraw):
        with pytest.raises(
            AccountRefused, match="is for paper accounts; the money of a live one is moved at the venue"
        ):
            await pay(Decimal(5), "", "")
    await desk.transfer_cash("unallocated", "a", Decimal(5), "", "")


async def test_a_future_may_be_moved_at_a_price_below_zero_and_nothing_else() -> None:
    margin = MarginTerms(currency=Currency.known("USD"), initial=Decimal(1), maintenance=Decimal(1))
    oil = msgspec.structs.replace(an_instrument("CL"), kind=InstrumentKind.FUTURE, margin=margin)
    shell = Floored(CL=oil)
    await treasury(shell).transfer_position("a", "b", Units("CL", Decimal(1), Decimal("-37.63")), "")
    with pytest.raises(BadRequest, match=r"price is -37\.63"):
        await treasury(shell).transfer_position("a", "b", Units("AAA", Decimal(1), Decimal("-37.63")), "")


async def test_what_was_moved_is_told_as_it_was_booked() -> None:
    shell = Floored()
    desk = treasury(shell)
    paid, taken = await desk.deposit(Decimal("5E+2"), "", ""), await desk.withdraw(Decimal(20), "", "")
    cash = await desk.transfer_cash("unallocated", "a", Decimal("1E+1"), "", "")
    assert [(one.source, one.target, str(one.amount), one.currency) for one in (paid, taken, cash)] == [
        (None, "unallocated", "500.00", "USD"),
        ("unallocated", None, "20.00", "USD"),
        ("unallocated", "a", "10.00", "USD"),
    ]
    shell.rig.book("a").positions["AAA"].quantity = Decimal(-20)
    short = await desk.transfer_position("a", "b", Units("AAA", Decimal("1E+1"), Decimal("1E+2")), "")
    heard = await desk.transfer_position("a", "b", Units("AAA", Decimal("3.0"), None), "")
    assert [(str(one.amount), one.symbol, str(one.price), one.currency) for one in (short, heard)] == [
        ("-10", "AAA", "100.00", "USD"),
        ("-3", "AAA", "100.5", "USD"),
    ]
    moved = shell.asked[-2].transfer
    assert moved is not None
    assert (str(moved.amount), str(moved.price)) == ("-10", "100.00"), "the journal has it so too"


async def test_the_middle_of_a_quote_is_told_without_the_noise_of_binary_fractions() -> None:
    shell = Floored()
    shell.rig.router.marks["AAA"] = (100.07 + 100.10) / 2 + 2e-14
    moved = await treasury(shell).transfer_position("a", "b", Units("AAA", Decimal(1), None), "")
    assert moved.price == Decimal("100.085")


@pytest.mark.parametrize(
    ("units", "why"),
    [
        (Units("AAA", Decimal(1), Decimal("99.505")), "price is 99.505; it must be a whole number of ticks of 0.01"),
        (Units("AAA", Decimal(1), Decimal("1E-8")), "price is 0.00000001; it must be a whole number of ticks of 0.01"),
        (Units("AAA", Decimal("1E-7"), None), "0.0000001 AAA is no whole number of lots of 1"),
        (Units("AAA", Decimal("-0"), None), "quantity is 0; it must be above zero and at most 1000000000000"),
        (Units("AAA", Decimal("1E+99999"), None), "quantity is above 1000000000000; it must be above zero"),
    ],
)
async def test_what_cannot_be_meant_is_told_in_plain_digits(units: Units, why: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await treasury(Floored()).transfer_position("a", "b", units, "")
    assert str(refused.value).startswith(why)


async def test_a_price_that_was_never_heard_has_to_be_named() -> None:
    with pytest.raises(AccountRefused, match="no price of BBB has been heard") as refused:
        await treasury(Floored(BBB=an_instrument("BBB"))).transfer_position(
            "a", "b", Units("BBB", Decimal(1), None), ""
        )
    assert refused.value.mend == "name one: --price"
