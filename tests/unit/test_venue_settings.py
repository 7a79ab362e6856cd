"""What the config may say of the conversation with a venue."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import ValidationError

from daemon.assembly import make_session
from daemon.check import Plan
from daemon.config.venue_settings import PlainBrokerSettings
from tests.reconciliation_builders import INSTRUMENTS
from trading.account.triggers import Trigger
from trading.market import AccountSnapshot
from trading.timestamps import SECOND
from trading.venue.messages import (
    AccountTold,
    FillsTold,
    ListFills,
    ListOpenOrders,
    OpenOrdersTold,
    ReadAccount,
    StreamUp,
)
from trading.venue.session import VenueSession

WRITTEN: dict[str, Any] = {"kind": "plain", "url": "https://venue", "credentials": "key.json"}


def a_session(**reconciliation: Any) -> VenueSession:
    settings = PlainBrokerSettings.model_validate({**WRITTEN, "reconciliation": reconciliation})
    return make_session(cast("Plan", SimpleNamespace(instruments=INSTRUMENTS)), settings, [])


def read(session: VenueSession, cash: str, at: int) -> None:
    """The venue answers whatever it is asked, with so much cash."""
    now_ns, more = at * SECOND, {"complete": True, "venue_ns": at * SECOND}
    session.on_time(now_ns)
    while waiting := [one.request for one in session.requests]:
        for request in waiting:
            named: Any = {"message_id": f"{at}-{request.number}", "request": request.number, **more}
            match request.what:
                case ListOpenOrders():
                    session.on_message(OpenOrdersTold(orders=(), **named), now_ns)
                case ListFills(since_ns=since_ns):
                    session.on_message(FillsTold(fills=(), since_ns=since_ns, **named), now_ns)
                case ReadAccount():
                    account = AccountSnapshot(cash={"USD": Decimal(cash)}, positions={})
                    session.on_message(AccountTold(account=account, **named), now_ns)
                case _:
                    session.requests.answered(request.number)


@pytest.mark.parametrize(("tolerance", "trips"), [({}, True), ({"USD": "0.50"}, False), ({"USD": "0.49"}, True)])
def test_cash_may_differ_up_to_its_tolerance_without_trouble(tolerance: dict[str, str], trips: bool) -> None:
    session = a_session(cash_tolerance=tolerance)
    session.belong_to(lambda: AccountSnapshot(cash={}, positions={}), lambda _: None)
    session.begin_life(1, SECOND)
    session.on_message(StreamUp(message_id="s"), SECOND)
    read(session, "0", 2)
    read(session, "0.50", 70)
    read(session, "0.50", 80)
    assert [one.trigger for one in session.agreement.signs.troubles] == [Trigger.RECONCILIATION] * trips
    assert bool(session.agreement.news) is trips


@pytest.mark.parametrize("tolerance", [{"USD": "-1"}, {"usd": "1"}, {"USD": 0.5}, "1"])
def test_a_tolerance_that_is_none_is_refused(tolerance: Any) -> None:
    with pytest.raises(ValidationError):
        a_session(cash_tolerance=tolerance)
