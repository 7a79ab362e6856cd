"""A config that names calendars: the sessions that become of it, and everything that can be wrong with it."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import reset_tzpath

import msgspec
import pytest
import yaml

from daemon.calendars.exchange import HELPER, Answer, Listed, UnknownCode
from daemon.check import check
from daemon.config import extras
from daemon.config.calendar_settings import ROUND_THE_CLOCK
from daemon.config.problems import ConfigProblems
from daemon.config.settings import Settings
from daemon.config.source import PlainLoader
from daemon.processes import Finished
from tests.config_builders import CONFIG, INSTRUMENT, described, plan_of, problems_of
from tests.simulation.processes import SimulatedProcesses
from trading.sessions import Session
from trading.timestamps import DAY, HOUR, from_datetime

ROOT = Path(__file__).resolve().parents[2]
NYSE = 'kind: weekly, zone: America/New_York, open: "09:30", close: "16:00"'


def config(calendar: str = NYSE, *, name: str = "nyse", used: str = "nyse") -> str:
    """A configuration whose only calendar stands on line 3, and whose instrument uses one on line 11."""
    text = CONFIG.replace('lot_size: "1"}', f'lot_size: "1", calendar: {used}}}')
    return text.replace("mode: paper\n", f"mode: paper\ncalendars:\n  {name}: {{{calendar}}}\n")


def moment(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text))


# What is right.


def test_an_instrument_without_a_calendar_trades_round_the_clock(tmp_path: Path) -> None:
    now = moment("2026-01-05T14:30:00Z")
    midnight = now - now % DAY
    for text in (CONFIG, config(used=f'"{ROUND_THE_CLOCK}"')):
        assert plan_of(tmp_path, text).sessions["AAA"].at_or_after(now) == Session(midnight, midnight + DAY)


def test_a_weekly_calendar_becomes_the_sessions_of_the_instruments_that_name_it(tmp_path: Path) -> None:
    rules = f'{NYSE}, days: [mon, fri], holidays: [2026-11-23], early_closes: {{2026-11-27: "13:00"}}'
    text = config(rules).replace('    AAA: {price: "100"}\n', '    AAA: {price: "100"}\n    BBB: {price: "100"}\n')
    text = text.replace("strategies:\n", f"{INSTRUMENT.replace('AAA', 'BBB')}strategies:\n")
    sessions = plan_of(tmp_path, text).sessions
    assert list(sessions) == ["AAA", "BBB"]
    friday = moment("2026-11-20T21:00:00Z")
    assert sessions["AAA"].at_or_after(friday) == Session(
        moment("2026-11-27T09:30:00-05:00"), moment("2026-11-27T13:00:00-05:00")
    )
    assert sessions["BBB"].at_or_after(friday).open_ns <= friday


@pytest.mark.parametrize(
    ("opens", "closes", "early", "hours"),
    [("18:00", "17:00", "23:00", 5), ("18:00", "17:00", "16:59", 23), ("17:00", "17:00", "16:59", 24)],
)
def test_a_session_over_midnight_may_close_early_on_either_side_of_it(
    opens: str, closes: str, early: str, hours: int, tmp_path: Path
) -> None:
    rules = f'kind: weekly, zone: UTC, open: "{opens}", close: "{closes}", early_closes: {{2026-11-25: "{early}"}}'
    session = plan_of(tmp_path, config(rules)).sessions["AAA"].at_or_after(moment(f"2026-11-25T{opens}Z"))
    assert round((session.close_ns - session.open_ns) / HOUR) == hours


def test_without_days_a_week_is_from_monday_to_friday(tmp_path: Path) -> None:
    sessions = plan_of(tmp_path, config()).sessions["AAA"]
    friday = sessions.at_or_after(moment("2026-11-20T15:00:00Z"))
    assert sessions.at_or_after(friday.close_ns).open_ns == friday.open_ns + 3 * DAY


# One thing wrong, one message.

ROWS = [
    (config(NYSE.replace("New_York", "New_Yrok")),
     "3: calendars.nyse.zone: 'America/New_Yrok' is no time zone; did you mean 'America/New_York'?"),
    (config(NYSE.replace("America/New_York", '""')), "3: calendars.nyse.zone: '' is no time zone"),
    (config(used="nyes"), "11: instruments.AAA.calendar: 'nyes' is no calendar; add it to calendars; did you mean"
     " 'nyse'?"),
    (config(used="24-7"), "11: instruments.AAA.calendar: '24-7' is no calendar; add it to calendars; did you mean"
     " '24/7'?"),
    (config(name='"24/7"', used='"24/7"'),
     "3: calendars.24/7: is always there, for what never closes; take another name"),
    (config(f"{NYSE}, holidays: [2026-12-25, 2026-02-30]"),
     "3: calendars.nyse.holidays[1]: '2026-02-30' is no date: day is out of range for month"),
    (config(f"{NYSE}, holidays: [christmas]"),
     "3: calendars.nyse.holidays[0]: must be a date such as 2026-12-25; got 'christmas'"),
    (config(f"{NYSE}, holidays: [20261225]"),
     "3: calendars.nyse.holidays[0]: must be a date such as 2026-12-25; got 20261225"),
    (config(f'{NYSE}, early_closes: {{2026-11-31: "13:00"}}'),
     "3: calendars.nyse.early_closes.2026-11-31: '2026-11-31' is no date: day is out of range for month"),
    (config(f"{NYSE}, early_closes: {{2026-11-27: 13:00}}"),
     "3: calendars.nyse.early_closes.2026-11-27: put it in quotes, \"13:00\": without them YAML reads a number; got"
     " 780"),
    (config(NYSE.replace('"16:00"', "16:00")),
     '3: calendars.nyse.close: put it in quotes, "16:00": without them YAML reads a number; got 960'),
    (config(NYSE.replace('"09:30"', "9")),
     '3: calendars.nyse.open: put it in quotes, "00:09": without them YAML reads a number; got 9'),
    (config(NYSE.replace('"16:00"', '"24:00"')),
     "3: calendars.nyse.close: must be a time of day in quotes, from \"00:00\" to \"23:59\"; got '24:00'"),
    (config(NYSE.replace('"16:00"', "true")),
     '3: calendars.nyse.close: must be a time of day in quotes, from "00:00" to "23:59"; got true'),
    (config(NYSE.replace('open: "09:30", ', "")),
     '3: calendars.nyse.open: is missing (when a session opens, such as "09:30")'),
    (config(f"{NYSE}, days: [mon, tues]"),
     "3: calendars.nyse.days[1]: must be one of mon, tue, wed, thu, fri, sat, sun; got 'tues'"),
    (config(f"{NYSE}, days: []"), "3: calendars.nyse.days: must not be empty"),
    (config(f"{NYSE}, holiday: [2026-12-25]"),
     "3: calendars.nyse.holiday: unknown key; did you mean 'holidays'?"),
    (config(NYSE.replace("weekly", "daily")), "3: calendars.nyse.kind: must be one of weekly, exchange; got 'daily'"),
    (config("kind: exchange"), "3: calendars.nyse.code: is missing (code of the exchange, such as XNYS)"),
    *(
        (config(f'{hours}, days: [mon, tue, wed, thu, fri], holidays: [2026-11-26], early_closes: {{{early}}}'),
         f"3: calendars.nyse.early_closes.{early[:10]}: {message}")
        for hours, early, message in [
            (NYSE, '2026-11-28: "13:00"', "no session opens on this day, a sat"),
            (NYSE, '2026-11-26: "13:00"', "no session opens on this day, one of its holidays"),
            (NYSE, '2026-11-27: "16:00"', "16:00 is not within the session, 09:30 to 16:00"),
            (NYSE, '2026-11-27: "09:30"', "09:30 is not within the session, 09:30 to 16:00"),
            (NYSE, '2026-11-27: "08:00"', "08:00 is not within the session, 09:30 to 16:00"),
            (NYSE.replace("09:30", "18:00").replace("16:00", "17:00"), '2026-11-27: "17:30"',
             "17:30 is not within the session, 18:00 to 17:00"),
            (NYSE.replace("09:30", "17:00").replace("16:00", "17:00"), '2026-11-27: "17:00"',
             "17:00 is not within the session, 17:00 to 17:00"),
        ]
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), ROWS, ids=[message for _, message in ROWS])
def test_one_thing_wrong_is_one_message_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    assert problems_of(tmp_path, text) == [f"config.yaml:{message}"]


def test_a_calendar_of_wrong_shape_is_still_known_by_its_name(tmp_path: Path) -> None:
    assert problems_of(tmp_path, config("kind: weekly, zone: UTC, open: noon, close: noon, hours: 8")) == [
        'config.yaml:3: calendars.nyse.open: must be a time of day in quotes, from "00:00" to "23:59"; got \'noon\'',
        'config.yaml:3: calendars.nyse.close: must be a time of day in quotes, from "00:00" to "23:59"; got \'noon\'',
        "config.yaml:3: calendars.nyse.hours: unknown key",
    ]
    assert problems_of(tmp_path, config().replace(f"\n  nyse: {{{NYSE}}}", " nyse")) == [
        "config.yaml:2: calendars: must be a mapping of keys to values; got 'nyse'"
    ]


def test_a_machine_without_time_zones_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tzdata", None)
    reset_tzpath(to=[])
    try:
        told = problems_of(tmp_path, config(NYSE.replace("New_York", "Nowhere")))
    finally:
        reset_tzpath()
    assert told == [
        "config.yaml:3: calendars.nyse.zone: 'America/Nowhere' is no time zone; this machine has no time zones:"
        " install tzdata"
    ]


# Exchanges, whose helper is told what to answer.


class Helper:
    """Strategies are described as ever; who asks for an exchange has a scripted answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._others = SimulatedProcesses({"daemon.describe": described})
        self.asked: list[Sequence[str]] = []

    def run(
        self, arguments: Sequence[str], *, given: bytes, environment: Mapping[str, str], deadline_seconds: float
    ) -> Finished:
        if HELPER not in arguments:
            return self._others.run(arguments, given=given, environment=environment, deadline_seconds=deadline_seconds)
        self.asked.append(arguments[arguments.index(HELPER) + 1 :])
        return Finished(exit_code=0, output=msgspec.json.encode(self._answer), errors=b"")


EXCHANGE = "kind: exchange, code: XNYS"
FAR = moment("2049-12-31T21:00:00Z")


def with_helper(folder: Path, helper: Helper, text: str) -> list[str]:
    (folder / "config.yaml").write_text(text)
    with pytest.raises(ConfigProblems) as caught:
        check(folder / "config.yaml", {}, helper)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_an_exchanges_calendar_is_asked_for_over_the_same_days_at_every_start(tmp_path: Path) -> None:
    helper = Helper(Listed(opens=[FAR - HOUR], closes=[FAR]))
    (tmp_path / "config.yaml").write_text(config(EXCHANGE))
    sessions = check(tmp_path / "config.yaml", {}, helper).sessions["AAA"]
    assert helper.asked == [("XNYS", "1970-01-01", "2049-12-31")]
    assert sessions.at_or_after(0) == Session(FAR - HOUR, FAR)


def test_an_exchange_that_is_not_known_is_a_problem_of_its_code(tmp_path: Path) -> None:
    helper = Helper(UnknownCode(codes=["XLON", "XNYS"]))
    assert with_helper(tmp_path, helper, config("kind: exchange, code: XNYX")) == [
        "config.yaml:3: calendars.nyse.code: exchange-calendars has no 'XNYX'; did you mean 'XNYS'?"
    ]


def test_a_calendar_that_ends_before_trading_begins_is_a_problem(tmp_path: Path) -> None:
    helper = Helper(Listed(opens=[DAY], closes=[DAY + HOUR]))
    assert with_helper(tmp_path, helper, config(EXCHANGE)) == [
        "config.yaml:3: calendars.nyse.code: calendar nyse has no session after 2026-01-05T14:30:00Z: its last one"
        " closed at 1970-01-02T01:00:00Z; the installed exchange-calendars knows XNYS no further: install a newer one,"
        " or write a weekly calendar"
    ]


def test_a_helper_that_cannot_be_started_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, config(EXCHANGE))
    assert problem.startswith("config.yaml:3: calendars.nyse.code: cannot start ")


def test_exchanges_without_their_extra_are_refused_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "exchange_calendars" else object())
    (problem,) = problems_of(tmp_path, config(EXCHANGE))
    assert problem.startswith(
        "config.yaml:3: calendars.nyse.kind: exchange needs exchange_calendars; install it with: "
    )
    assert problem.endswith(" -m pip install exchange-calendars")


def test_the_examples_of_the_docs_are_configs() -> None:
    blocks = (ROOT / "docs" / "calendars.md").read_text().split("```yaml\n")[1:]
    calendars = [yaml.load(block.partition("```")[0], PlainLoader)["calendars"] for block in blocks]
    assert calendars
    plain = yaml.load(CONFIG, PlainLoader)
    for written in calendars:
        assert set(Settings(**plain, calendars=written).calendars) == set(written)
