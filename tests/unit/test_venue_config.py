"""What a config must say before anything is sent to a venue."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from brokers.plain.profile import PROFILE
from daemon.check import check
from daemon.config.problems import ConfigProblems
from daemon.killswitch.watching import watching_of
from daemon.processes import SystemProcesses

CONFIG = """
mode: live
account: {currency: USD, cash: "100000"}
feed:
  kind: live
  adapter: "tests.live.adapter:WebsocketFeed"
  options: {url: "ws://127.0.0.1:9/market"}
  symbols: {AAA: {quotes: true}}
broker: {kind: plain, url: "http://127.0.0.1:9", credentials: credentials.json}
instruments:
  AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}
risk: {max_order_notional: "50000", max_exposure_notional: "90000", max_daily_loss_notional: "5000", self_trade: reject}
strategies:
  - id: hold
    class: "strategies.buy_and_hold:BuyAndHold"
    params: {symbol: AAA, quantity: "10"}
    capital: "30000"
    risk: {max_position_quantity: "100", max_order_quantity: "10"}
"""


def problems_of(folder: Path, text: str, *, mode: int = 0o600, credentials: str | None = None) -> list[str]:
    """What is wrong with a config beside whose file the credentials lie."""
    secret = folder / "credentials.json"
    secret.write_text(credentials or json.dumps({"key": "k", "secret": "a-secret-of-some-length"}))
    secret.chmod(mode)
    path = folder / "config.yaml"
    path.write_text(text)
    try:
        check(path, {}, SystemProcesses())
    except ConfigProblems as error:
        return [re.sub(r"^\S*/config.yaml", "config.yaml", line) for line in str(error).splitlines()]
    return []


def test_a_live_account_with_limits_and_credentials_is_accepted(tmp_path: Path) -> None:
    assert problems_of(tmp_path, CONFIG) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            'broker: {kind: plain, url: "http://127.0.0.1:9", credentials: credentials.json}',
            "broker: {kind: simulated}",
            "config.yaml:2: mode: broker simulated reaches no venue and is refused in mode: live; set mode: paper, or"
            " name a venue under broker",
        ),
        (
            "mode: live",
            "mode: paper",
            "config.yaml:9: broker.kind: broker plain reaches a venue, which mode: paper never does; use kind:"
            " simulated, or set mode: live",
        ),
        (
            "account: {currency",
            "account: {kind: margin, leverage: 2, currency",
            "config.yaml:9: broker.kind: plain knows nothing of account.kind: margin; write kind: simulated",
        ),
        (
            "http://127.0.0.1:9",
            "http://venue.example",
            "config.yaml:9: broker.url: 'http://venue.example' is not encrypted; only an address of this machine may be"
            " so",
        ),
        (
            "max_exposure_notional: \"90000\", ",
            "",
            "config.yaml:12: risk: mode: live needs max_exposure_notional or max_exposure_equity_share; no limit is"
            " guessed",
        ),
        (
            ", self_trade: reject",
            "",
            "config.yaml:12: risk: mode: live needs self_trade; no limit is guessed",
        ),
    ],
)  # fmt: skip
def test_what_live_is_not_without_is_told_with_its_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in CONFIG
    assert problems_of(tmp_path, CONFIG.replace(old, new)) == [problem]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('url: "http://127.0.0.1:9", ', "", "config.yaml:9: broker.url: "),
        (", credentials: credentials.json", "", "config.yaml:9: broker.credentials: "),
        ("kind: plain", "kind: plian", "config.yaml:9: broker.kind: "),
        ("kind: plain, ", "", "config.yaml:9: broker"),
        ("broker: {kind: plain", "broker: plain # {", "config.yaml:9: broker: "),
        ("mode: live", "mode: liev", "config.yaml:2: mode: "),
    ],
)
def test_a_mistake_in_broker_or_mode_is_not_taken_for_the_want_of_another(
    tmp_path: Path, old: str, new: str, where: str
) -> None:
    assert old in CONFIG
    (told,) = problems_of(tmp_path, CONFIG.replace(old, new))
    assert told.startswith(where)


def test_without_a_broker_live_is_refused(tmp_path: Path) -> None:
    text = re.sub(r"^broker.*\n", "", CONFIG, flags=re.MULTILINE)
    assert problems_of(tmp_path, text) == [
        "config.yaml:2: mode: broker simulated reaches no venue and is refused in mode: live; set mode: paper, or name"
        " a venue under broker"
    ]


def with_dead_man(timeout: str) -> str:
    return CONFIG.replace("credentials: credentials.json}", f"credentials: credentials.json, dead_man: {timeout}}}")


@pytest.mark.parametrize("timeout", ["30s", "60s", "1d", "null"])
def test_a_dead_man_switch_may_be_asked_for(tmp_path: Path, timeout: str) -> None:
    assert problems_of(tmp_path, with_dead_man(timeout)) == []


@pytest.mark.parametrize("timeout", ["5s", "29s", "25h"])
def test_a_time_that_the_switch_does_not_take_or_that_cannot_be_kept_is_refused(tmp_path: Path, timeout: str) -> None:
    assert problems_of(tmp_path, with_dead_man(timeout)) == [
        f"config.yaml:9: broker.dead_man: {timeout} cannot be kept at plain; write a time from 30s to 1d"
    ]


def test_a_venue_without_a_dead_man_switch_is_asked_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.config.venue_rules.PROFILE", msgspec.structs.replace(PROFILE, dead_man_ns=None))
    assert problems_of(tmp_path, with_dead_man("60s")) == [
        "config.yaml:9: broker.dead_man: plain has no dead-man switch; leave this key out"
    ]
    assert problems_of(tmp_path, CONFIG) == []


def with_on_crash(what: str) -> str:
    return CONFIG.replace("credentials: credentials.json}", f"credentials: credentials.json, on_crash: {what}}}")


@pytest.mark.parametrize(
    ("text", "is_done"), [(CONFIG, "leave"), (with_on_crash("leave"), "leave"), (with_on_crash("cancel"), "cancel")]
)
def test_who_watches_the_daemon_is_told_what_becomes_of_orders_after_a_crash(
    tmp_path: Path, text: str, is_done: str
) -> None:
    assert problems_of(tmp_path, text) == []
    watching = watching_of(check(tmp_path / "config.yaml", {}, SystemProcesses()))
    assert watching is not None
    assert watching.on_crash == is_done
    assert watching.canceller == "brokers.plain.canceller:cancel_everything"
    assert watching.options["credentials"] == str(tmp_path / "credentials.json")


def with_hangs_after(time: str) -> str:
    return CONFIG.replace("credentials.json}", f"credentials.json, hangs_after: {time}}}")


@pytest.mark.parametrize(
    ("text", "seconds"), [(CONFIG, 1.0), (with_hangs_after("500ms"), 0.5), (with_hangs_after("30s"), 30.0)]
)
def test_who_watches_the_daemon_is_told_how_long_it_may_give_no_sign(tmp_path: Path, text: str, seconds: float) -> None:
    assert problems_of(tmp_path, text) == []
    watching = watching_of(check(tmp_path / "config.yaml", {}, SystemProcesses()))
    assert watching is not None
    assert watching.silence_seconds == seconds


@pytest.mark.parametrize("time", ["499ms", "31s"])
def test_a_silence_that_tells_no_hang_from_a_pause_is_refused(tmp_path: Path, time: str) -> None:
    assert problems_of(tmp_path, with_hangs_after(time)) == [
        f"config.yaml:9: broker.hangs_after: {time} tells no hang from a pause; write a time from 500ms to 30s"
    ]


def test_what_nobody_does_after_a_crash_is_refused(tmp_path: Path) -> None:
    assert problems_of(tmp_path, with_on_crash("flatten")) == [
        "config.yaml:9: broker.on_crash: must be one of leave, cancel; got 'flatten'"
    ]


def test_on_paper_there_is_no_such_key(tmp_path: Path) -> None:
    text = CONFIG.replace("mode: live", "mode: paper").replace(
        'broker: {kind: plain, url: "http://127.0.0.1:9", credentials: credentials.json}',
        "broker: {kind: simulated, dead_man: 60s}",
    )
    (told,) = (one for one in problems_of(tmp_path, text) if "dead_man" in one)
    assert told.startswith("config.yaml:9: broker.dead_man: ")


def test_a_feed_that_is_not_of_now_is_no_feed_for_live(tmp_path: Path) -> None:
    feed = 'feed:\n  kind: synthetic\n  symbols: {AAA: {price: "100"}}\nbroker'
    text = re.sub(r"feed:.*?broker", feed, CONFIG, flags=re.DOTALL)

    assert problems_of(tmp_path, text) == [
        "config.yaml:5: feed.kind: a synthetic feed is not of now; mode: live needs kind: live"
    ]


@pytest.mark.parametrize(
    ("mode", "credentials", "problem"),
    [
        (0o644, None, r"has mode 0644: others may use it; chmod 600 it$"),
        (0o600, "not json: s3cret", r'is not of the form \{"key": "\.\.\.", "secret": "\.\.\."\}$'),
        (0o600, '{"key": "k", "secret": ""}', r"has an empty key or secret$"),
    ],
)
def test_credentials_that_others_can_read_or_that_are_none_are_refused_unquoted(
    tmp_path: Path, mode: int, credentials: str | None, problem: str
) -> None:
    (told,) = problems_of(tmp_path, CONFIG, mode=mode, credentials=credentials)

    assert told.startswith("config.yaml:9: broker.credentials: the credentials file ")
    assert re.search(problem, told)
    assert "s3cret" not in told
