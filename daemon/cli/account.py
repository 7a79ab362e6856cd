"""`bulkhead account`: its balances and books, and what an operator moves."""

from decimal import Decimal, InvalidOperation
from typing import Any

import click

from daemon.cli.act import reason_option
from daemon.cli.client import Client
from daemon.cli.look import limit_option, strategy_option
from daemon.cli.options import asks, shows, tells
from daemon.cli.printing import Show
from daemon.cli.tables import Column, amount_of, brief, facts, moment, number, rest, table, text

_POSTINGS = (
    moment("TIME", "ts"),
    text("BOOK", "strategy"),
    text("KIND", "kind"),
    text("SYMBOL", "symbol"),
    number("UNITS", "units"),
    Column("CASH", lambda row: _amounts(row["cash"]), right=True),
    number("REALISED", "realised"),
    number("PRICE", "price"),
    text("CURRENCY", "currency"),
    brief("REASON", "reason"),
)


class Amount(click.ParamType[str]):
    """A number above zero, exact."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As the API takes it; wrong usage where it is none."""
        try:
            amount = Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is no number", param, ctx)
        if not amount.is_finite() or amount <= 0:
            self.fail(f"{value} is not above zero", param, ctx)
        return str(value)


class Price(click.ParamType[str]):
    """A number, exact, of either sign: a future may be worth less than nothing."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As the API takes it; wrong usage where it is none."""
        try:
            Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is no number", param, ctx)
        return str(value)


amount_argument = click.argument("amount", type=Amount())
currency_option = click.option("--currency", default="", help="Its currency.  [default: the account's]")


@click.group()
def account() -> None:
    """Look at the account, and move money and positions."""


@account.command("show")
@asks
@shows
def show_account(daemon: Client, show: Show) -> None:
    """Show balances, margin, and all books beside the broker's."""
    show(lambda: daemon.get("/v1/account"), _account_table)


@account.command()
@strategy_option
@limit_option
@asks
@shows
def postings(strategy: str | None, limit: int, daemon: Client, show: Show) -> None:
    """List what changed books without an order, oldest first."""
    show(
        lambda: daemon.get("/v1/postings", strategy=strategy, limit=limit),
        _postings_table,
    )


@account.command()
@amount_argument
@currency_option
@reason_option
@asks
@tells
def deposit(amount: str, currency: str, reason: str, daemon: Client, show: Show) -> None:
    """Pay money into a paper account: it is unallocated."""
    answer = daemon.post("/v1/account/deposit", amount=amount, currency=currency, reason=reason)
    show.done(answer, f"deposited {_what(answer['moved'])}: it is unallocated")


@account.command()
@amount_argument
@currency_option
@reason_option
@asks
@tells
def withdraw(amount: str, currency: str, reason: str, daemon: Client, show: Show) -> None:
    """Pay money out of a paper account, from what is unallocated."""
    answer = daemon.post("/v1/account/withdraw", amount=amount, currency=currency, reason=reason)
    show.done(answer, f"withdrew {_what(answer['moved'])}")


@account.command()
@click.option("--from", "source", required=True, metavar="BOOK", help="A strategy, or unallocated.")
@click.option("--to", "target", required=True, metavar="BOOK", help="Another, or unallocated.")
@click.argument("amount", type=Amount(), metavar="AMOUNT|QUANTITY")
@currency_option
@click.option("--symbol", default="", help="Move a QUANTITY of its position, long or short, instead of cash.")
@click.option("--price", type=Price(), help="At this price, whole ticks.  [default: the last one heard]")
@reason_option
@asks
@tells
def transfer(
    *,
    source: str,
    target: str,
    amount: str,
    currency: str,
    symbol: str,
    price: str | None,
    reason: str,
    daemon: Client,
    show: Show,
) -> None:
    """Move an AMOUNT of cash, or a QUANTITY of a symbol, to another book.

    A QUANTITY is above zero, of a short position too.
    """
    if symbol and currency:
        raise click.UsageError("cash has a currency and a position a symbol: name one of them")
    if price is not None and not symbol:
        raise click.UsageError("--price is of a position: name its --symbol")
    asked = {"source": source, "target": target, "amount": amount, "currency": currency, "symbol": symbol}
    answer = daemon.post("/v1/account/transfer", **asked, price=price, reason=reason)
    show.done(answer, f"transferred {_what(answer['moved'])} from {source} to {target}")


@account.command()
@click.argument("strategy")
@click.option("--symbol", default="", help="Give it what is unallocated of this symbol.")
@click.option("--units", type=Amount(), help="So many units, long or short.  [default: all]")
@click.option("--price", type=Price(), help="At this price, whole ticks.  [default: the last one heard]")
@click.option("--order", "venue_id", default="", metavar="VENUE_ID", help="Give it this order, by the venue's id.")
@reason_option
@asks
@tells
def adopt(
    *,
    strategy: str,
    symbol: str,
    units: str | None,
    price: str | None,
    venue_id: str,
    reason: str,
    daemon: Client,
    show: Show,
) -> None:
    """Give a STRATEGY what is nobody's: units that are unallocated, or an order that works at the venue."""
    if bool(symbol) is bool(venue_id):
        raise click.UsageError("name what it gets: a --symbol, or an --order")
    if venue_id and not (units is None and price is None):
        raise click.UsageError("--units and --price are of a position: name its --symbol")
    if venue_id:
        answer = daemon.post("/v1/orders/adopt", strategy=strategy, venue_id=venue_id, reason=reason)
        show.done(answer, f"gave order {venue_id} to {strategy}, as {answer['order_id']}")
        return
    asked = {"strategy": strategy, "symbol": symbol, "units": units, "price": price}
    answer = daemon.post("/v1/account/adopt", **asked, reason=reason)
    show.done(answer, f"gave {_what(answer['moved'])} to {strategy}")


def _what(moved: dict[str, Any]) -> str:
    """`500.00 USD`, or `-3 AAA at 99.50 USD`."""
    if not moved["symbol"]:
        return amount_of(moved["amount"], moved["currency"])
    return f"{moved['amount']} {moved['symbol']} at {amount_of(moved['price'], moved['currency'])}"


def _postings_table(rows: list[dict[str, Any]], headers: bool) -> str:
    return table(rows, _POSTINGS, headers=headers) + rest(rows, "reason", "bulkhead account postings -o json")


def _account_table(answer: dict[str, Any], headers: bool) -> str:
    lines = {
        **answer["books"],
        **{name: answer[name] for name in ("unallocated", "ledger", "broker", "difference")},
    }
    columns = [
        text("BOOK", "book"),
        Column(f"{answer['currency']} EQUITY", lambda row: row.get("equity", "-"), right=True),
        *_held("cash", answer["difference"]["cash"]),
        *_balances(lines),
        *_held("positions", answer["difference"]["positions"]),
    ]
    rows = [{"book": name, **holdings} for name, holdings in lines.items()]
    verdict = "balanced" if answer["balanced"] else "NOT BALANCED"
    books = table(rows, columns, headers=headers)
    return f"{facts(_head(answer))}\n\n{books}\n\n{verdict} at event {answer['event']}"


def _head(answer: dict[str, Any]) -> list[tuple[str, object]]:
    currency, margin = answer["currency"], answer["margin"]
    head: list[tuple[str, object]] = [
        ("kind", answer["kind"]),
        ("equity", amount_of(answer["equity"], currency)),
        ("balances", _amounts(answer["balances"])),
    ]
    if margin is not None:
        head += [
            ("margin used", amount_of(margin["initial"], currency)),
            ("margin to keep", amount_of(margin["maintenance"], currency)),
            ("margin free", amount_of(margin["free"], currency)),
        ]
    return head


def _held(kind: str, names: dict[str, str]) -> list[Column]:
    """A column for each currency or symbol that any book names."""
    return [
        Column(name, lambda row, name=name: row[kind].get(name, "0"), right=True)  # type: ignore[misc]
        for name in names
    ]


def _balances(lines: dict[str, Any]) -> list[Column]:
    """A column for each currency in which a book's balance is not its cash; `-` where nobody told it."""
    names = sorted({name for holdings in lines.values() for name in holdings.get("balance", ())})
    return [Column(f"{name} BALANCE", lambda row, name=name: _balance(row, name), right=True) for name in names]  # type: ignore[misc]


def _balance(row: Any, name: str) -> str:
    if row["book"] in ("broker", "difference"):
        return "-"
    shown: str = row.get("balance", {}).get(name, row["cash"].get(name, "0"))
    return shown


def _amounts(amounts: dict[str, str]) -> str:
    return ", ".join(f"{amount} {code}" for code, amount in sorted(amounts.items())) or "-"
