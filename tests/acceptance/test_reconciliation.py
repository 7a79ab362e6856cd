"""What somebody else does on a live account, and what an operator does about it and about an order in doubt."""

import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.acceptance.venues import LiveDaemon, a_churner, trading_at

RESTER = a_churner("one", "AAA", **{"class": "tests.torture.rester:Rester", "params": {"symbol": "AAA", "orders": 1}})


def unallocated(daemon: LiveDaemon) -> dict[str, Any]:
    books: dict[str, Any] = daemon.cli_json("account", "show")["unallocated"]
    return books


def holdings(daemon: LiveDaemon) -> dict[str, Any]:
    """Every book, as far as it does not move with prices."""
    account = daemon.cli_json("account", "show")
    books = {**account["books"], "unallocated": account["unallocated"]}
    return {name: {"cash": book["cash"], "positions": book["positions"]} for name, book in books.items()}


def done(daemon: LiveDaemon, *words: str) -> str:
    """What a command says that does something."""
    told = daemon.cli(*words)
    assert told.returncode == 0, told.stderr
    return told.stderr


def alarms(daemon: LiveDaemon) -> str:
    return "\n".join(daemon.cli_json("status")["alarms"])


def restarted(daemon: LiveDaemon) -> LiveDaemon:
    """Killed, and started again."""
    daemon.end(signal.SIGKILL)
    daemon.start().until_ready()
    return daemon


def test_what_others_do_on_the_account_is_seen_booked_and_given_away(tmp_path: Path) -> None:
    with trading_at(tmp_path, RESTER, walk="5") as daemon:
        daemon.start().until_ready()
        daemon.until(lambda: daemon.cli_json("orders", "--open"))
        before = Decimal(unallocated(daemon)["cash"]["USD"])

        daemon.venue.do("trade", symbol="AAA", side="buy", quantity="3", price="100")
        daemon.until(lambda: unallocated(daemon)["positions"] == {"AAA": "3"})
        assert "unallocated holds 3 AAA" in alarms(daemon)
        assert done(daemon, "account", "adopt", "one", "--symbol", "AAA", "--price", "100") == (
            "gave 3 AAA at 100.00 USD to one\n"
        )
        left = unallocated(daemon)
        assert (Decimal(left["cash"]["USD"]), left["positions"]) == (before, {})

        foreign = daemon.venue.do(
            "place", symbol="AAA", side="buy", quantity="2", cid="web-1", type="limit", limit_price="10"
        )
        name = foreign["venue_id"]
        daemon.until(lambda: f"foreign_order {name}" in alarms(daemon))
        assert done(daemon, "account", "adopt", "one", "--order", name) == f"gave order {name} to one, as one-v{name}\n"
        assert f"foreign_order {name}" not in alarms(daemon)
        assert "cancel of order" in done(daemon, "order", "cancel", f"one-v{name}", "--reason", "not wanted")
        daemon.until(lambda: daemon.cli_json("order", "show", f"one-v{name}")["state"] == "cancelled")

        daemon.venue.do("deposit", currency="USD", amount="250.25")
        assert daemon.cli_json("reconcile", "--plan")["agrees"] is True, "not read since"
        told = daemon.cli_json("reconcile")
        assert (told["agrees"], told["settled"]) == (True, True)
        assert [(one["kind"], one["cash"]) for one in told["booked"]] == [("deposit", {"USD": "250.25"})]
        found = next(one for one in told["breaks"] if one["kind"] == "cash_difference")
        assert (found["subject"], found["state"]) == ("USD", "booked")
        assert Decimal(unallocated(daemon)["cash"]["USD"]) == before + Decimal("250.25")
        assert "cash_difference USD" in alarms(daemon), "it opens the venue's breaker"
        log = daemon.log.read_text()
        news = (
            f"foreign_order {name}: ",
            "foreign_fill AAA: ",
            "cash_difference USD: the books have 99700.00 USD, the",
        )
        assert [log.count(f'"message": "{one}') for one in news] == [1, 1, 1]
        done(daemon, "breaker", "reset", "venue", "--reason", "a deposit")

        books = holdings(daemon)
        assert holdings(restarted(daemon)) == books
        assert daemon.difference() == {"cash": {}, "positions": {}}
        assert daemon.end()[0] == 0


def test_an_order_that_nobody_can_find_is_ended_by_an_operators_word(tmp_path: Path) -> None:
    with trading_at(tmp_path, RESTER, walk="5") as daemon:
        daemon.venue.do("faults", script=["place#1.request=lost", "find#*=503"])
        daemon.start().until_ready()
        shown = ("order", "show", "one-1")
        daemon.until(lambda: any(one["code"] == "quarantined" for one in daemon.cli_json("orders")))
        order = daemon.cli_json(*shown)
        assert (order["state"], order["attempt"]["state"]) == ("unknown", "quarantined")
        assert "unknown_order one-1" in alarms(daemon)
        assert "bulkhead_orders_quarantined 1.0" in daemon.raw("/metrics")[1]
        refused = daemon.cli("order", "resolve", "one-1", "--filled", "2", "--price", "50", "--reason", "a guess")
        assert (refused.returncode, "order one-1 is of 1; 2 is more" in refused.stderr) == (1, True)

        words = ("order", "resolve", "one-1", "--never-arrived", "--reason", "the venue's page has none")
        assert done(daemon, *words) == "order one-1 is rejected, with 0 filled\n"
        daemon.venue.do("faults", heal=True)
        ended = daemon.cli_json(*shown)
        assert ended["attempt"]["evidence"] == "operator: the venue's page has none"

        books = holdings(daemon)
        again = restarted(daemon)
        assert holdings(again) == books
        assert again.cli_json(*shown) == ended
        assert "unknown_order" not in alarms(again)
        assert again.end()[0] == 0
