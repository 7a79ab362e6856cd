"""The API as a client on its Unix socket sees it."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from daemon.api.openapi import document
from daemon.api.server import BODY_LIMIT, application, serving
from daemon.errors import SocketProblem
from daemon.net import UNIX_PATH_LIMIT, SystemNet
from tests.simulation.operations import OperationsInMemory
from tests.simulation.serving import served
from trading.postings import PostingKind


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bulkhead.sock"


@pytest.fixture
def operations() -> OperationsInMemory:
    return OperationsInMemory()


@asynccontextmanager
async def client(operations: OperationsInMemory, path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    async with (
        serving(operations, SystemNet(), path),
        aiohttp.ClientSession("http://bulkhead", connector=aiohttp.UnixConnector(str(path))) as session,
    ):
        yield session


async def ask(session: aiohttp.ClientSession, method: str, target: str, **options: Any) -> tuple[int, Any]:
    async with session.request(method, target, **options) as response:
        return response.status, await response.json()


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_only_the_owner_may_open_the_socket_whatever_the_umask(operations: OperationsInMemory, path: Path) -> None:
    with served(operations, path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_socket_is_gone_once_the_server_stopped(operations: OperationsInMemory, path: Path) -> None:
    with served(operations, path):
        assert path.exists()
    assert not path.exists()


async def test_a_socket_left_by_a_killed_daemon_is_replaced(operations: OperationsInMemory, path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as killed:
        killed.bind(str(path))
    async with client(operations, path) as session:
        assert (await ask(session, "GET", "/livez"))[0] == 200


async def test_a_socket_that_is_served_is_left_alone(operations: OperationsInMemory, path: Path) -> None:
    async with client(operations, path) as session:
        with pytest.raises(SocketProblem, match="another process serves"):
            async with serving(operations, SystemNet(), path):
                pass
        assert (await ask(session, "GET", "/livez"))[0] == 200


def test_a_file_in_the_sockets_place_is_never_removed(path: Path) -> None:
    path.write_text("somebody's")
    with pytest.raises(SocketProblem, match="is no socket"), SystemNet().listen(path):
        pass
    assert path.read_text() == "somebody's"


def test_a_path_too_long_for_a_socket_is_refused_with_the_bytes_to_save(tmp_path: Path) -> None:
    path = tmp_path / ("x" * (UNIX_PATH_LIMIT + 5 - len(str(tmp_path)) - 1))
    with pytest.raises(SocketProblem) as told, SystemNet().listen(path):
        pass
    assert "107" in str(told.value)
    assert told.value.mend == "give `state` a path shorter by 5 bytes or more"


def test_a_path_of_exactly_the_limit_can_be_served(tmp_path: Path) -> None:
    path = tmp_path / ("x" * (UNIX_PATH_LIMIT - len(str(tmp_path)) - 1))
    with SystemNet().listen(path) as listener:
        assert listener.getsockname() == str(path)


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(SocketProblem, match="No such file"), SystemNet().listen(tmp_path / "absent" / "s"):
        pass


async def test_another_user_is_refused_by_the_peers_credentials(operations: OperationsInMemory, path: Path) -> None:
    stranger = frozenset({os.geteuid() + 1})
    runner = web.AppRunner(application(operations, allowed_uids=stranger))
    with SystemNet().listen(path) as listener:
        await runner.setup()
        await web.SockSite(runner, listener).start()
        async with aiohttp.ClientSession("http://b", connector=aiohttp.UnixConnector(str(path))) as session:
            status, answer = await ask(session, "GET", "/v1/status")
        await runner.cleanup()
    assert (status, answer["error"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("method", "target", "options", "status", "error"),
    [
        ("GET", "/nothing", {}, 404, "not_found"),
        ("GET", "/v1/halt", {}, 405, "method_not_allowed"),
        ("DELETE", "/v1/status", {}, 405, "method_not_allowed"),
        ("GET", "/v1/strategies/sma-aa", {}, 404, "unknown_strategy"),
        ("GET", "/v1/orders?strategy=nobody", {}, 404, "unknown_strategy"),
        ("GET", "/v1/fills?strategy=unallocate", {}, 404, "unknown_strategy"),
        ("GET", "/v1/positions?strategy=nobody", {}, 404, "unknown_strategy"),
        ("GET", "/v1/orders?limit=0", {}, 400, "bad_request"),
        ("GET", "/v1/orders?limit=10001", {}, 400, "bad_request"),
        ("GET", "/v1/orders?limit=many", {}, 400, "bad_request"),
        ("GET", "/v1/orders?limt=5", {}, 400, "bad_request"),
        ("GET", "/v1/fills?limit=1&limit=2", {}, 400, "bad_request"),
        ("GET", "/v1/postings?strategy=nobody", {}, 404, "unknown_strategy"),
        ("GET", "/v1/performance/nobody", {}, 404, "unknown_strategy"),
        ("GET", "/v1/performance?since=yesterday", {}, 400, "bad_request"),
        ("GET", "/v1/performance?since=2026-01-05T00:00:00", {}, 400, "bad_request"),
        ("GET", "/v1/account/deposit", {}, 405, "method_not_allowed"),
        ("POST", "/v1/account/deposit", {"json": {}}, 400, "bad_request"),
        ("POST", "/v1/account/deposit", {"json": {"amount": "much"}}, 400, "bad_request"),
        ("POST", "/v1/account/withdraw", {"json": {"amount": "1"}}, 409, "account_refused"),
        ("POST", "/v1/account/transfer", {"json": {"amount": "1", "source": "maker"}}, 400, "bad_request"),
        (
            "POST",
            "/v1/account/transfer",
            {"json": {"amount": "1", "source": "maker", "target": "nobody"}},
            404,
            "unknown_strategy",
        ),
        ("GET", "/v1/orders/maker-9", {}, 404, "unknown_order"),
        ("POST", "/v1/orders/cancel", {"json": {"order_id": "maker-9"}}, 404, "unknown_order"),
        ("POST", "/v1/orders/resolve", {"json": {"order_id": "maker-9", "ended": "lost"}}, 400, "bad_request"),
        ("POST", "/v1/orders/resolve", {"json": {"order_id": "maker-9", "ended": "filled"}}, 400, "bad_request"),
        ("POST", "/v1/orders/adopt", {"json": {"strategy": "maker", "venue_id": "1"}}, 409, "operation_refused"),
        ("POST", "/v1/account/adopt", {"json": {"strategy": "make", "symbol": "AAA"}}, 404, "unknown_strategy"),
        ("POST", "/v1/reconcile", {"json": {"plan": True}}, 400, "bad_request"),
        ("GET", "/v1/reconcile", {}, 405, "method_not_allowed"),
        ("POST", "/v1/halt", {"json": {"cancel": True}}, 400, "bad_request"),
        ("POST", "/v1/halt", {"json": {"cancel_orders": "yes"}}, 400, "bad_request"),
        ("POST", "/v1/halt", {"json": ["now"]}, 400, "bad_request"),
        ("POST", "/v1/halt", {"data": "{", "headers": {"X-Bulkhead": "1"}}, 400, "bad_request"),
        ("POST", "/v1/halt", {"data": {"reason": "form"}}, 415, "unsupported_media_type"),
        ("POST", "/v1/halt", {"data": "{}"}, 415, "unsupported_media_type"),
        ("POST", "/v1/halt", {"json": {"reason": "x" * BODY_LIMIT}}, 413, "request_entity_too_large"),
    ],
)
async def test_what_does_not_fit_is_refused_as_json(
    operations: OperationsInMemory,
    path: Path,
    method: str,
    target: str,
    options: dict[str, Any],
    status: int,
    error: str,
) -> None:
    async with client(operations, path) as session:
        answered, answer = await ask(session, method, target, **options)
    assert (answered, answer["error"]) == (status, error)
    assert set(answer) <= {"error", "message", "mend"}
    assert operations.halt_reason is None


async def test_an_unknown_strategy_is_answered_with_the_nearest_one(operations: OperationsInMemory, path: Path) -> None:
    async with client(operations, path) as session:
        _, answer = await ask(session, "GET", "/v1/strategies/sma-aa")
    assert answer == {
        "error": "unknown_strategy",
        "message": "no strategy 'sma-aa'",
        "mend": "did you mean 'sma-aaa'?",
    }


async def test_a_wrong_method_names_the_right_ones(operations: OperationsInMemory, path: Path) -> None:
    async with client(operations, path) as session, session.get("/v1/halt") as response:
        assert response.headers["Allow"] == "POST"


async def test_our_own_mistake_is_logged_and_answered_without_its_insides(
    operations: OperationsInMemory, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    operations.ids = ("sma-aaa", None)  # type: ignore[assignment]
    async with client(operations, path) as session:
        status, answer = await ask(session, "GET", "/v1/strategies/nobody")
    assert (status, answer["error"]) == (500, "internal")
    assert "TypeError" not in answer["message"]
    assert "GET /v1/strategies/nobody failed" in caplog.text


async def test_money_is_exact_text_and_times_are_utc(operations: OperationsInMemory, path: Path) -> None:
    operations.buy("sma-aaa", 100, "100.07")
    async with client(operations, path) as session:
        _, fills = await ask(session, "GET", "/v1/fills")
    assert fills == [
        {
            "ts": "2026-01-05T14:31:07Z",
            "strategy": "sma-aaa",
            "symbol": "AAA",
            "side": "buy",
            "quantity": "100",
            "price": "100.07",
            "fee": "1.00",
            "fee_currency": "USD",
            "liquidity": "taker",
            "order_id": "sma-aaa-1",
            "execution_id": "x1",
            "reverses": "",
        }
    ]


async def test_orders_can_be_narrowed_to_a_strategy_the_open_and_the_newest(
    operations: OperationsInMemory, path: Path
) -> None:
    for strategy, filled in (("sma-aaa", True), ("sma-aaa", False), ("maker", False), ("sma-aaa", False)):
        operations.buy(strategy, 10, "100", fill=filled)
    async with client(operations, path) as session:
        _, orders = await ask(session, "GET", "/v1/orders?strategy=sma-aaa&open=true&limit=1")
    assert [order["order_id"] for order in orders] == ["sma-aaa-4"]


async def test_an_order_is_shown_in_full_with_how_it_stands_at_the_venue(
    operations: OperationsInMemory, path: Path
) -> None:
    operations.venue.lose(operations.buy("maker", 10, "100", fill=False))
    async with client(operations, path) as session:
        _, order = await ask(session, "GET", "/v1/orders/maker-1")
    assert (order["client_order_id"], order["venue_id"], order["fills"]) == ("bkmaker-1", None, [])
    assert order["attempt"] == {
        "state": "quarantined",
        "since": "2026-01-05T14:32:00Z",
        "sent_at": "2026-01-05T14:31:07Z",
        "filled": "0",
        "summed": "0",
        "told": "0",
        "evidence": "",
        "asked": 9,
        "next_asked_at": "2026-01-05T14:33:00Z",
    }


async def test_a_venue_that_does_not_tell_is_a_gateway_that_is_late(operations: OperationsInMemory, path: Path) -> None:
    operations.venue.is_silent = True
    async with client(operations, path) as session:
        status, answer = await ask(session, "POST", "/v1/reconcile", json={})
    assert (status, answer["error"]) == (504, "venue_not_read")


async def test_without_a_venue_there_is_nothing_to_reconcile(operations: OperationsInMemory, path: Path) -> None:
    operations.venue.is_simulated = True
    async with client(operations, path) as session:
        status, answer = await ask(session, "GET", "/v1/reconciliation")
    assert (status, answer["message"]) == (409, "the market is simulated here; there is nothing to reconcile")


async def test_the_account_balances_and_shows_a_booking_that_was_skipped(
    operations: OperationsInMemory, path: Path
) -> None:
    operations.buy("sma-aaa", 100, "100.07")
    operations.buy("maker", 5, "99.5")
    async with client(operations, path) as session:
        _, balanced = await ask(session, "GET", "/v1/account")
        operations.all_fills.pop()
        _, broken = await ask(session, "GET", "/v1/account")
    assert (balanced["balanced"], balanced["difference"]) == (
        True,
        {"cash": {"USD": "0.00"}, "positions": {"AAA": "0"}},
    )
    assert (broken["balanced"], broken["difference"]) == (
        False,
        {"cash": {"USD": "498.50"}, "positions": {"AAA": "-5"}},
    )


async def test_money_is_paid_in_and_moved_and_answered_with_the_account(
    operations: OperationsInMemory, path: Path
) -> None:
    operations.buy("sma-aaa", 100, "100.07")
    async with client(operations, path) as session:
        _, paid = await ask(session, "POST", "/v1/account/deposit", json={"amount": "500.00"})
        moved = {"source": "unallocated", "target": "maker", "amount": "120.50"}
        _, after = await ask(session, "POST", "/v1/account/transfer", json=moved)
        _, left = await ask(session, "POST", "/v1/account/withdraw", json={"amount": 79.5, "currency": "USD"})
        _, postings = await ask(session, "GET", "/v1/postings?strategy=unallocated&limit=2")
    assert paid["unallocated"] == {"cash": {"USD": "500.00"}, "positions": {}, "equity": "500.00"}
    assert paid["moved"] == {
        "source": None,
        "target": "unallocated",
        "amount": "500.00",
        "currency": "USD",
        "symbol": "",
        "price": None,
    }
    assert after["books"]["maker"]["cash"] == {"USD": "25120.50"}
    assert (left["unallocated"]["cash"], left["balanced"]) == ({"USD": "300.00"}, True)
    assert [(one["kind"], one["cash"]) for one in postings] == [
        ("transfer", {"USD": "-120.50"}),
        ("withdrawal", {"USD": "-79.5"}),
    ]


async def test_the_time_from_which_performance_is_asked_may_be_of_any_zone(
    operations: OperationsInMemory, path: Path
) -> None:
    async with client(operations, path) as session:
        since = {"since": "2026-01-05T15:30:00+01:00"}
        _, answer = await ask(session, "GET", "/v1/performance/maker", params=since)
    assert answer["since"] == "2026-01-05T14:30:00Z"
    assert set(answer["container"]) == {
        "container_id",
        "start_time",
        "events_processed",
        "orders_generated",
        "fills_executed",
        "final_portfolio_value",
        "max_drawdown",
        "sharpe_ratio",
    }


async def test_a_margin_account_shows_what_is_tied_up_and_balances_that_are_not_cash(
    operations: OperationsInMemory, path: Path
) -> None:
    operations.on_margin = True
    operations.buy("sma-aaa", 100, "100.07")
    async with client(operations, path) as session:
        _, account = await ask(session, "GET", "/v1/account")
        _, positions = await ask(session, "GET", "/v1/positions")
        async with session.get("/metrics") as response:
            metrics = await response.text()
    assert (account["kind"], account["equity"], account["balances"]) == ("margin", "49999.00", {"USD": "50000.00"})
    assert account["margin"] == {"initial": "1000.70", "maintenance": "500.35", "free": "48998.30"}
    for name, amount in (("initial", 1000.7), ("maintenance", 500.35), ("free", 48998.3)):
        assert f'bulkhead_account_margin_{name}{{currency="USD"}} {amount}' in metrics
    assert [account[owner].get("equity") for owner in ("ledger", "broker", "difference")] == ["49999.00", None, None]
    assert account["books"]["sma-aaa"]["balance"] == {"USD": "25000.00"}
    assert "balance" not in account["books"]["maker"]
    assert positions[0]["margin"] == "1000.70"


async def test_halt_and_resume_are_done_and_answered_with_the_status(
    operations: OperationsInMemory, path: Path
) -> None:
    operations.buy("sma-aaa", 10, "100", fill=False)
    async with client(operations, path) as session:
        halted = await ask(session, "POST", "/v1/halt", json={"reason": "drill", "cancel_orders": True})
        unready = await ask(session, "GET", "/readyz")
        resumed = await ask(session, "POST", "/v1/resume", data=b"", headers={"X-Bulkhead": "1"})
        ready = await ask(session, "GET", "/readyz")
    assert (halted[0], halted[1]["halted"], halted[1]["halt_reason"]) == (200, True, "drill")
    assert not operations.all_orders[0].is_open
    assert unready == (503, {"live": True, "ready": False, "reasons": ["halted: drill"], "alarms": []})
    assert (resumed[0], resumed[1]["halted"]) == (200, False)
    assert ready[0] == 200


async def test_a_daemon_without_progress_is_not_live(operations: OperationsInMemory, path: Path) -> None:
    operations.live = False
    async with client(operations, path) as session:
        assert (await ask(session, "GET", "/livez"))[0] == 503


async def test_events_come_as_lines_until_the_daemon_stops(operations: OperationsInMemory, path: Path) -> None:
    async with client(operations, path) as session, session.get("/v1/events") as response:
        operations.buy("sma-aaa", 100, "100.07")
        await operations.halt("drill", cancel_orders=False)
        lines = [json.loads(await response.content.readline()) for _ in range(3)]
    assert [line["kind"] for line in lines] == ["order", "fill", "operation"]
    assert lines[1]["fill"]["price"] == "100.07"
    assert lines[2] == {"kind": "operation", "action": "halt", "ts": "2026-01-05T14:30:00Z", "reason": "drill"}


async def test_amounts_are_plain_digits_wherever_they_are_read(operations: OperationsInMemory, path: Path) -> None:
    async with client(operations, path) as session, session.get("/v1/events") as response:
        operations.post("maker", PostingKind.FUNDING, "-1E-8", symbol="AAA")
        operations.post("maker", PostingKind.BORROW, "-0.00", symbol="AAA")
        lines = [json.loads(await response.content.readline()) for _ in range(2)]
        _, postings = await ask(session, "GET", "/v1/postings")
    assert [one["cash"]["USD"] for one in postings] == ["-0.00000001", "0.00"]
    assert [line["posting"] for line in lines] == postings
    assert [one["currency"] for one in postings] == ["USD", "USD"]


async def test_a_listener_that_falls_behind_is_told_and_let_go(path: Path) -> None:
    operations = OperationsInMemory(queue_limit=3)
    async with client(operations, path) as session, session.get("/v1/events") as response:
        for _ in range(3):  # two lines each, with no chance to send one in between
            operations.buy("sma-aaa", 1, "100")
        lines = [json.loads(line) async for line in response.content]
    assert [line["kind"] for line in lines] == ["order", "fill", "order", "lagged"]
    assert not operations.stream.heard


async def test_a_listener_is_forgotten_and_released_when_the_daemon_stops(
    operations: OperationsInMemory, path: Path
) -> None:
    async with asyncio.timeout(5):
        async with aiohttp.ClientSession("http://b", connector=aiohttp.UnixConnector(str(path))) as session:
            async with serving(operations, SystemNet(), path):
                response = await session.get("/v1/events")
            assert await response.content.read() == b""
    assert not operations.stream.heard


def test_the_openapi_document_covers_every_route_and_every_reference_resolves(operations: OperationsInMemory) -> None:
    described = json.loads(json.dumps(document("0.1.0")))
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in application(operations).router.routes()
        if route.resource is not None
    }
    told = {(method, path) for path, methods in described["paths"].items() for method in methods}
    assert described["openapi"] == "3.1.0"
    assert told == served
    for reference in _references(described):
        node: Any = described
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    operation_ids = [o["operationId"] for p in described["paths"].values() for o in p.values() if "operationId" in o]
    assert len(operation_ids) == len(set(operation_ids))


def test_the_openapi_document_tells_parameters_bodies_and_money(operations: OperationsInMemory) -> None:
    described = document("0.1.0")
    limit = {"name": "limit", "in": "query", "required": False}
    parameters = described["paths"]["/v1/fills"]["get"]["parameters"]
    assert [{k: p[k] for k in limit} for p in parameters if p["name"] == "limit"] == [limit]
    assert described["paths"]["/v1/strategies/{id}"]["get"]["parameters"] == [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    ]
    moved = described["paths"]["/v1/account/transfer"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(moved["required"]) == {"amount", "source", "target"}
    body = described["paths"]["/v1/halt"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {"reason", "cancel_orders"}
    assert described["components"]["schemas"]["FillView"]["properties"]["price"]["type"] == "string"


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


async def test_the_metrics_page_is_lawful_for_prometheus(operations: OperationsInMemory, path: Path) -> None:
    operations.buy("sma-aaa", 100, "100.07")
    operations.post("sma-aaa", PostingKind.FUNDING, "-3.35", symbol="AAA")
    operations.open_scopes.add("venue")
    async with client(operations, path) as session, session.get("/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        families = list(text_string_to_metric_families(await response.text()))
    for family in families:
        assert family.name.startswith("bulkhead_")
        assert family.documentation
        assert not family.name.endswith(("_ms", "_us", "_ns", "_count", "_sum", "_total"))
        for sample in family.samples:
            assert family.type != "counter" or sample.name.endswith("_total")
            assert set(sample.labels) <= {
                "strategy",
                "broker",
                "symbol",
                "currency",
                "state",
                "version",
                "python",
                "mode",
                "kind",
                "scope",
            }
    values = {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}
    aaa = ("strategy", "sma-aaa")
    assert values["bulkhead_fills_total", (("broker", "simulated"), aaa)] == 1
    assert values["bulkhead_container_restarts_total", (aaa,)] == 0
    assert values["bulkhead_quotes_conflated_total", (aaa,)] == 0
    assert values["bulkhead_strategy_kept_bars", (aaa,)] == 0
    assert values["bulkhead_strategy_income", (("currency", "USD"), ("kind", "funding"), aaa)] == -3.35
    assert values["bulkhead_strategy_max_drawdown_ratio", (aaa,)] == -0.0125
    assert values["bulkhead_margin_calls_total", (aaa,)] == 2
    assert values["bulkhead_liquidations_total", (aaa,)] == 0
    assert values["bulkhead_account_equity", (("currency", "USD"),)] == 49_995.65
    assert values["bulkhead_strategy_fees", (("currency", "USD"), aaa)] == 1
    assert values["bulkhead_strategy_state", (("state", "running"), aaa)] == 1
    assert values["bulkhead_strategy_state", (("state", "tripped"), aaa)] == 0
    assert values["bulkhead_position_units", (aaa, ("symbol", "AAA"))] == 100
    assert values["bulkhead_journal_sync_seconds_total", ()] == 0.25
    assert values["bulkhead_halted", ()] == 0
    assert values["bulkhead_breaker_open", (("scope", "account"),)] == 0
    assert values["bulkhead_breaker_open", (("scope", "venue"),)] == 1
    assert values["bulkhead_breaks_open", (("kind", "foreign_order"),)] == 1
    assert values["bulkhead_orders_quarantined", ()] == values["bulkhead_orders_in_doubt", ()] == 0


async def test_what_has_no_rate_is_left_out_of_the_metrics(operations: OperationsInMemory, path: Path) -> None:
    operations.rates_are_known = False
    async with client(operations, path) as session:
        async with session.get("/metrics") as response:
            metrics = await response.text()
        _, status = await ask(session, "GET", "/v1/status")
        _, strategies = await ask(session, "GET", "/v1/strategies")
    assert (status["equity"], strategies[0]["equity"]) == (None, None)
    assert "bulkhead_account_equity" not in metrics
    assert "bulkhead_strategy_equity{" not in metrics
    assert 'bulkhead_strategy_fees{currency="USD",strategy="sma-aaa"} 0.0' in metrics


async def test_an_alarm_is_shown_wherever_somebody_looks_and_stops_nothing(
    operations: OperationsInMemory, path: Path
) -> None:
    operations.alarms = ["sma-aaa tripped: stalled for 6.0 s"]
    async with client(operations, path) as session:
        ready = await ask(session, "GET", "/readyz")
        status = await ask(session, "GET", "/v1/status")
        async with session.get("/metrics") as response:
            metrics = await response.text()
    assert (ready[0], ready[1]["alarms"]) == (200, operations.alarms)
    assert status[1]["alarms"] == operations.alarms
    assert "bulkhead_alarms 1.0" in metrics
