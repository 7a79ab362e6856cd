"""A config that says what the account is and what holding things brings or costs, and everything that can be wrong."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from brokers.simulated.entitlements import (
    AccountTerms,
    Dividend,
    FundingRate,
    FundingTerms,
    HoldingTerms,
    InterestTerms,
    SwapTerms,
    SwapUnit,
    UnitSplit,
)
from daemon.assembly import fleet_of, make_feed, make_market
from daemon.check import Plan
from daemon.config.account_settings import AccountSettings, InterestSettings, RolloverSettings
from daemon.config.feed_settings import SyntheticFeedSettings
from daemon.config.holding_rules import KINDS
from daemon.config.instrument_settings import (
    ActionsSettings,
    FundingSettings,
    InstrumentSettings,
    MarginSettings,
    SwapSettings,
)
from daemon.config.schema import schema_text
from daemon.config.source import PlainLoader
from daemon.fleet import Fleet, FleetChange, change
from tests.config_builders import CONFIG, edited, paired, plan_of, problems_of, strategy, top
from trading.instruments import Instrument, InstrumentKind, MarginTerms
from trading.money import KNOWN_QUANTA, Currency
from trading.postings import Accrual, PostingKind
from trading.timestamps import HOUR, from_datetime, iso

ROOT = Path(__file__).resolve().parents[2]
D = Decimal
USD = Currency.known("USD")
ON_MARGIN = "kind: margin, leverage: 4, "


def account(keys: str) -> str:
    """The configuration with keys of the account on line 2."""
    return edited('{currency: USD, cash: "100000"}', f'{{{keys}currency: USD, cash: "100000"}}')


def instrument(kind: str, keys: str = "", *, of: str = "") -> str:
    """The configuration with AAA of a kind, on line 9, and keys of the account."""
    return account(of).replace("{kind: equity,", f"{{kind: {kind}, {keys}")


def made(folder: Path, text: str) -> Instrument:
    return plan_of(folder, text).instruments["AAA"]


def held(plan: Plan) -> HoldingTerms:
    return plan.terms.holdings["AAA"]


def moment(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


# What is right: the account.


def test_an_account_that_is_not_said_to_be_otherwise_is_a_cash_account_on_which_nothing_falls_due(
    tmp_path: Path,
) -> None:
    plan = plan_of(tmp_path)
    assert plan.settings.account.kind == "cash"
    assert plan.instruments["AAA"].margin is None
    assert plan.terms == AccountTerms()


@pytest.mark.parametrize(
    ("cash", "capital", "balances", "given"),
    [
        ('"100000"', '"25000"', {"USD": D(100_000)}, {"USD": D(25_000)}),
        ('{USD: "100000"}', "25000", {"USD": D(100_000)}, {"USD": D(25_000)}),
        (
            '{USD: "100000", BNB: "5"}',
            '{BNB: "0.00000001", USD: "1"}',
            {"USD": D(100_000), "BNB": D(5)},
            {"BNB": D("1E-8"), "USD": D(1)},
        ),
        ('{BNB: "5"}', '{BNB: "5"}', {"BNB": D(5)}, {"BNB": D(5)}),
    ],
)
def test_cash_and_capital_are_of_the_accounts_currency_or_by_currency(
    cash: str, capital: str, balances: dict[str, Decimal], given: dict[str, Decimal], tmp_path: Path
) -> None:
    text = paired(top('currencies: {BNB: "0.00000001"}'), "BNB")
    text = text.replace('cash: "100000"', f"cash: {cash}").replace('capital: "25000"', f"capital: {capital}")
    plan = plan_of(tmp_path, text)
    fleet = fleet_of(plan)
    assert plan.settings.account.balances == fleet.cash == balances
    assert fleet.strategies[0].capital == given


def test_a_currency_that_the_config_makes_known_is_rounded_as_it_says(tmp_path: Path) -> None:
    text = paired(top('currencies: {BNB: "0.0001", XAU: 1}'), "BNB")
    assert plan_of(tmp_path, text).instruments["BNBUSD"].base == Currency(code="BNB", quantum=D("0.0001"))


def test_fees_may_be_in_a_currency_that_leads_to_the_accounts_over_a_third(tmp_path: Path) -> None:
    text = paired(paired(top('currencies: {BNB: "0.0001"}'), "BTC"), "BNB").replace("BNBUSD", "BNBBTC")
    text = text.replace("base: BNB,", "base: BNB, currency: BTC,")
    text = text.replace(
        "{kind: simulated}", "{kind: simulated, commission: {kind: per_trade, amount: 1, currency: BNB}}"
    )
    assert plan_of(tmp_path, text).instruments["BNBBTC"].currency.code == "BTC"


# Margin.


@pytest.mark.parametrize(
    ("of", "keys", "initial", "maintenance", "per_unit"),
    [
        ("leverage: 2", "", "0.5", "0.25", False),
        ("leverage: 1", "", "1", "0.5", False),
        ("leverage: 30", "", "0.033334", "0.016667", False),
        ('leverage: "1.5"', "", "0.666667", "0.3333335", False),
        ('leverage: 4, maintenance_margin: "0.2"', "", "0.25", "0.2", False),
        ('leverage: 4, maintenance_margin: "0.2"', 'margin: {maintenance: "0.1"}', "0.25", "0.1", False),
        ('leverage: 4, maintenance_margin: "0.2"', 'margin: {initial: "0.05"}', "0.05", "0.025", False),
        ("leverage: 4", 'margin: {initial: "0.05", maintenance: "0.03"}', "0.05", "0.03", False),
        ("day_count: 365", 'margin: {initial: "0.05", maintenance: "0.05"}', "0.05", "0.05", False),
        ("leverage: 4", 'margin: {initial_per_unit: "6000", maintenance_per_unit: 5400}', "6000", "5400", True),
        ("day_count: 360", "margin: {initial_per_unit: 6001}", "6001", "3000.5", True),
    ],
)
def test_margin_is_by_the_leverage_or_the_instruments_own(
    of: str, keys: str, initial: str, maintenance: str, per_unit: bool, tmp_path: Path
) -> None:
    text = instrument("equity", f"{keys}," if keys else "", of=f"kind: margin, {of}, ")
    assert made(tmp_path, text).margin == MarginTerms(
        currency=USD, initial=D(initial), maintenance=D(maintenance), per_unit=per_unit
    )


def test_margin_is_in_the_accounts_currency_whatever_the_instruments_is(tmp_path: Path) -> None:
    text = paired(instrument("equity", "currency: EUR,", of=ON_MARGIN), "EUR")
    margins = [one.margin and one.margin.currency for one in plan_of(tmp_path, text).instruments.values()]
    assert margins == [USD, USD]


def test_futures_and_perpetuals_are_held_on_margin_and_may_be_valued_at_anothers_price(tmp_path: Path) -> None:
    text = paired(instrument("perpetual", "margin: {isolated: true}, mark: EURUSD,", of=ON_MARGIN), "EUR")
    perpetual = made(tmp_path, text)
    assert (perpetual.kind, perpetual.mark_symbol) == (InstrumentKind.PERPETUAL, "EURUSD")
    assert perpetual.margin == MarginTerms(currency=USD, initial=D("0.25"), maintenance=D("0.125"), isolated=True)
    assert made(tmp_path, instrument("future", of=ON_MARGIN)).kind is InstrumentKind.FUTURE


# What holding brings and costs.


def test_interest_is_by_currency_and_what_is_not_given_is_none(tmp_path: Path) -> None:
    text = account('day_count: 360, interest: {USD: {credit: "0.01", debit: "0.06"}, EUR: {credit: "-0.005"}}, ')
    assert plan_of(tmp_path, paired(text, "EUR")).terms == AccountTerms(
        interest={"USD": InterestTerms(credit=D("0.01"), debit=D("0.06")), "EUR": InterestTerms(credit=D("-0.005"))},
        day_count=360,
    )


def test_sweeping_is_into_the_accounts_currency(tmp_path: Path) -> None:
    assert plan_of(tmp_path, account("sweep: true, ")).terms == AccountTerms(sweep_into=USD)


@pytest.mark.parametrize(
    ("kind", "keys", "terms"),
    [
        ("equity", 'borrow: "0.03",', HoldingTerms(borrow=D("0.03"))),
        ("crypto", 'borrow: "0.1",', HoldingTerms(borrow=D("0.1"))),
        (
            "fx",
            'base: EUR, swap: {long: "-0.7", short: "0.1"},',
            HoldingTerms(swap=SwapTerms(long=D("-0.7"), short=D("0.1"))),
        ),
        (
            "fx",
            'base: EUR, swap: {long: "-0.02", short: 0, unit: annual_rate},',
            HoldingTerms(swap=SwapTerms(long=D("-0.02"), short=D(0), unit=SwapUnit.ANNUAL_RATE)),
        ),
        (
            "perpetual",
            'funding: {rate: "0.0001"},',
            HoldingTerms(funding=FundingTerms(interval_ns=8 * HOUR, rate=D("0.0001"))),
        ),
        (
            "perpetual",
            "funding: {interval: 1h, file: funding.csv},",
            HoldingTerms(
                funding=FundingTerms(
                    interval_ns=HOUR, history=(FundingRate(ts_ns=moment("2026-01-06"), rate=D("-0.0002")),)
                )
            ),
        ),
        ("future", "settles: daily,", HoldingTerms(settles_daily=True)),
        (
            "future",
            'expires: "2026-03-20T14:30:00+01:00",',
            HoldingTerms(expires_ns=moment("2026-03-20 13:30")),
        ),
    ],
)
def test_what_holding_brings_and_costs_is_read_from_the_instrument(
    kind: str, keys: str, terms: HoldingTerms, tmp_path: Path
) -> None:
    (tmp_path / "funding.csv").write_text("time,rate\n2026-01-06T00:00:00Z,-0.0002\n")
    assert held(plan_of(tmp_path, instrument(kind, keys, of=ON_MARGIN))) == terms


@pytest.mark.parametrize(
    ("keys", "midnight"),
    [
        ("actions: folder/aapl.csv,", "04:00"),
        ("actions: {path: folder/aapl.csv},", "04:00"),
        ("actions: {path: folder/aapl.csv, zone: UTC},", "00:00"),
    ],
)
def test_actions_are_read_from_a_file_that_counts_from_the_configs_folder(
    keys: str, midnight: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    text = "\ufeffdate,kind,value\n2020-08-07,dividend,0.82\n2020-08-31,split,4:1\n"
    (tmp_path / "folder" / "aapl.csv").write_text(text, encoding="utf-8")
    assert held(plan_of(tmp_path, instrument("equity", keys))) == HoldingTerms(
        dividends=(Dividend(ex_ns=moment(f"2020-08-07 {midnight}"), per_unit=D("0.82")),),
        splits=(UnitSplit(ex_ns=moment(f"2020-08-31 {midnight}"), new=D(4), old=D(1)),),
    )


# When days end.


@pytest.mark.parametrize(
    ("rollover", "at", "nights"),
    [
        ("", "22:00", [1, 1, 3, 1, 1, 0, 0]),
        ("rollover: {triple: fri}, ", "22:00", [1, 1, 1, 1, 3, 0, 0]),
        ("rollover: {triple: none}, ", "22:00", [1, 1, 1, 1, 1, 1, 1]),
        ('rollover: {at: "00:00", zone: UTC, triple: mon}, ', "00:00", [3, 1, 1, 1, 1, 0, 0]),
    ],
)
def test_days_end_as_the_account_says(rollover: str, at: str, nights: list[int], tmp_path: Path) -> None:
    plan = plan_of(tmp_path, account(rollover))
    found, ts_ns = [], moment("2026-01-04 23:00")
    for _ in range(7):
        one = plan.rollovers.next_after(ts_ns)
        found.append((iso(one.ts_ns)[11:16], one.nights))
        ts_ns = one.ts_ns
    assert found == [(at, count) for count in nights]


def test_the_market_of_a_plan_pays_interest_at_the_accounts_rollovers(tmp_path: Path) -> None:
    text = account('interest: {USD: {credit: "0.0365"}}, ').replace("kind: synthetic", "kind: synthetic\n  every: 1h")
    plan = plan_of(tmp_path, text)
    feed = make_feed(plan)
    market = make_market(plan, feed)
    booked: list[Accrual] = []
    for event in feed.events():
        booked += [one for one in market.on_event(event) if isinstance(one, Accrual)]
        if len(booked) == 3:
            break
    assert [(iso(one.due_ns), one.kind, str(one.amount)) for one in booked] == [
        ("2026-01-05T22:00:00Z", PostingKind.INTEREST, "10.00"),
        ("2026-01-06T22:00:00Z", PostingKind.INTEREST, "10.00"),
        ("2026-01-07T22:00:00Z", PostingKind.INTEREST, "10.00"),
    ]


# What is wrong.

KNOWN = f"{', '.join(KNOWN_QUANTA)}; write that of another under currencies"
CASH_ONLY = "only an account on margin has it; leave it out, or write account.kind: margin"
PAIR = "add the pair to instruments: base: EUR with currency: USD, or the other way round"

SHAPE = [
    (account("kind: hedged, "), "2: account.kind: must be one of cash, margin; got 'hedged'"),
    (account('kind: Margin, leverage: 4, maintenance_margin: "0.1", '),
     "2: account.kind: must be one of cash, margin; got 'Margin'"),
    (instrument("future", 'margin: {initial: "0.1"}, settles: daily,', of="kind: Margin, "),
     "2: account.kind: must be one of cash, margin; got 'Margin'"),
    (instrument("crypto", 'borrow: "0.1",', of="kind: {}, "),
     "2: account.kind: must be one of cash, margin; got a mapping"),
    (edited('cash: "100000"', "cash: {}"), "2: account.cash: must not be empty"),
    (edited('cash: "100000"', "cash: {usd: 1}"),
     "2: account.cash.usd: must be a currency's code such as USD; got 'usd'"),
    (edited('cash: "100000"', "cash: {USD: 0}"), "2: account.cash.USD: must be above 0; got 0"),
    (edited('cash: "100000"', "cash: {USD: 0.5}"),
     '2: account.cash.USD: put it in quotes, "0.5": an unquoted number with a point is not exact'),
    (edited('capital: "25000"', "capital: {USD: -1}"), "14: strategies[0].capital.USD: must be above 0; got -1"),
    (edited('capital: "25000"', "capital: []"),
     "14: strategies[0].capital: must be a number, in quotes when it has a point; got a list"),
    (top("currencies: {BNB: 8}"),
     '2: currencies.BNB: must be 1 with zeros before it at most, such as "0.00000001"; got 8'),
    (top('currencies: {BNB: "0.10"}'),
     "2: currencies.BNB: must be 1 with zeros before it at most, such as \"0.00000001\"; got '0.10'"),
    (top("currencies: {bnb: 1}"), "2: currencies.bnb: must be a currency's code such as USD; got 'bnb'"),
    (account('kind: margin, leverage: "0.5", '), "2: account.leverage: must be 1 or more; got '0.5'"),
    (account("kind: margin, leverage: -1, "), "2: account.leverage: must be 1 or more; got -1"),
    (account("kind: margin, leverage: 0, "), "2: account.leverage: must be 1 or more; got 0"),
    (account("day_count: 366, "), "2: account.day_count: must be one of 360, 365; got 366"),
    (account("interest: {USD: {credits: 1}}, "),
     "2: account.interest.USD.credits: unknown key; did you mean 'credit'?"),
    (account("rollover: {at: 17:00}, "),
     '2: account.rollover.at: put it in quotes, "17:00": without them YAML reads a number; got 1020'),
    (account("rollover: {triple: sat}, "),
     "2: account.rollover.triple: must be one of mon, tue, wed, thu, fri, none; got 'sat'"),
    (account("sweep: USD, "), "2: account.sweep: must be true or false; got 'USD'"),
    (instrument("equity", "margin: 2,", of=ON_MARGIN),
     "9: instruments.AAA.margin: must be a mapping of keys to values; got 2"),
    (instrument("fx", "swap: {long: 1},", of=ON_MARGIN),
     "9: instruments.AAA.swap.short: is missing (of a position that is short)"),
    (instrument("fx", "swap: {long: 1, short: 1, unit: pips},", of=ON_MARGIN),
     "9: instruments.AAA.swap.unit: must be one of points, annual_rate; got 'pips'"),
    (instrument("equity", "borrow: -1,", of=ON_MARGIN), "9: instruments.AAA.borrow: must be 0 or more; got -1"),
    (instrument("future", "settles: weekly,", of=ON_MARGIN),
     "9: instruments.AAA.settles: must be one of daily; got 'weekly'"),
    (instrument("future", "expires: 2026-03-20,", of=ON_MARGIN),
     "9: instruments.AAA.expires: has no time zone; append Z for UTC; got '2026-03-20'"),
    (instrument("equity", "actions: 7,"), "9: instruments.AAA.actions: must be a mapping of keys to values; got 7"),
    (instrument("equity", "actions: {file: a.csv, path: good.csv},"), "9: instruments.AAA.actions.file: unknown key"),
]  # fmt: skip

SENSE = [
    # currencies
    (top("currencies: {USD: 1}"),
     "2: currencies.USD: is known here, with a smallest unit of 0.01; leave it out"),
    (account("interest: {XAU: {credit: 0}}, "),
     f"2: account.interest.XAU: the smallest unit of XAU is not known; did you mean 'AUD'?; known: {KNOWN}"),
    (edited('cash: "100000"', 'cash: {USD: "100000", BNB: 5}'),
     f"2: account.cash.BNB: the smallest unit of BNB is not known; known: {KNOWN}"),
    (edited('cash: "100000"', 'cash: {USD: "100000", EUR: 5}'),
     f"2: account.cash.EUR: nothing converts EUR into the account's USD; {PAIR}"),
    (edited('cash: "100000"', 'cash: {USD: "100000.001"}'),
     "2: account.cash.USD: 100000.001 is no whole number of the smallest unit of USD, 0.01"),
    (edited('capital: "25000"', 'capital: {USD: "25000.005"}'),
     "14: strategies[0].capital.USD: 25000.005 is no whole number of the smallest unit of USD, 0.01"),
    (instrument("equity", "currency: EUR,"),
     f"9: instruments.AAA.currency: nothing converts EUR into the account's USD; {PAIR}"),
    (edited("{kind: simulated}", "{kind: simulated, commission: {kind: per_trade, amount: 1, currency: EUR}}"),
     f"7: broker.commission.currency: nothing converts EUR into the account's USD; {PAIR}"),
    (edited("{kind: simulated}", "{kind: simulated, commission: [{kind: per_trade, amount: 1, currency: EUR},"
            " {kind: per_trade, amount: 2, currency: EUR}]}"),
     f"7: broker.commission[0].currency: nothing converts EUR into the account's USD; {PAIR}"),
    (account("interest: {EUR: {credit: 0}}, "),
     f"2: account.interest.EUR: nothing converts EUR into the account's USD; {PAIR}"),
    # capital
    (paired(CONFIG, "EUR").replace('capital: "25000"', 'capital: {EUR: "10.50"}'),
     "12: strategies: their capital adds up to 10.50 EUR, 10.50 above the account's cash of 0; lower it there"),
    (paired(CONFIG, "EUR").replace('cash: "100000"', 'cash: {USD: "100000", EUR: 7}').replace(
        'capital: "25000"', 'capital: {EUR: 5, USD: 1}') + strategy("two").replace('"1000"', "{EUR: 5}"),
     "12: strategies: their capital adds up to 10 EUR, 3 above the account's cash of 7; lower it there"),
    # margin
    (account("leverage: 2, "), f"2: account.leverage: {CASH_ONLY}"),
    (account('maintenance_margin: "0.2", '), f"2: account.maintenance_margin: {CASH_ONLY}"),
    (instrument("equity", 'margin: {initial: "0.5"},'), f"9: instruments.AAA.margin: {CASH_ONLY}"),
    (instrument("equity", 'borrow: "0.5",'), f"9: instruments.AAA.borrow: {CASH_ONLY}"),
    (instrument("future", 'margin: {initial: "0.5"},'),
     "9: instruments.AAA.kind: a future is held on margin; write account.kind: margin, and its leverage"),
    (instrument("perpetual"),
     "9: instruments.AAA.kind: a perpetual is held on margin; write account.kind: margin, and its leverage"),
    (account("kind: margin, "),
     "2: account.leverage: is missing; AAA: no margin is given; write the leverage, such as 2, or"
     " instruments.AAA.margin"),
    (account('kind: margin, leverage: 4, maintenance_margin: "0.26", '),
     "2: account.maintenance_margin: 0.26 is above what opens a position, 0.250000 by the leverage; lower it"),
    (instrument("equity", 'margin: {initial: "0.2", maintenance: "0.3"},', of=ON_MARGIN),
     "9: instruments.AAA.margin.maintenance: 0.3 is above initial, 0.2; lower it or raise that"),
    (instrument("equity", 'margin: {maintenance: "0.3"},', of=ON_MARGIN),
     "9: instruments.AAA.margin.maintenance: 0.3 is above what opens a position, 0.250000 by the leverage; lower it"),
    (instrument("equity", "margin: {initial_per_unit: 5, maintenance_per_unit: 6},", of=ON_MARGIN),
     "9: instruments.AAA.margin.maintenance_per_unit: 6 is above initial_per_unit, 5; lower it or raise that"),
    (instrument("equity", 'margin: {initial: "0.5", maintenance_per_unit: 6},', of=ON_MARGIN),
     "9: instruments.AAA.margin.maintenance_per_unit: stands beside initial; write shares of the worth, or amounts per"
     " unit"),
    (instrument("equity", "margin: {maintenance_per_unit: 6},", of=ON_MARGIN),
     "9: instruments.AAA.margin.initial_per_unit: is missing (amount for each unit that opens it)"),
    (instrument("future", "margin: {isolated: true},", of=ON_MARGIN),
     "9: instruments.AAA.margin.isolated: only kind: perpetual has it, and this one is future; leave it out"),
    (account(ON_MARGIN).replace("{kind: simulated}", "{kind: passthrough}"),
     "7: broker.kind: passthrough knows nothing of account.kind: margin; write kind: simulated"),
    (instrument("equity", "actions: good.csv,", of="interest: {USD: {credit: 1}}, ").replace(
        "{kind: simulated}", "{kind: passthrough}"),
     "7: broker.kind: passthrough knows nothing of account.interest, instruments.AAA.actions; write kind: simulated"),
    # what holding brings and costs
    (instrument("crypto", "swap: {long: 1, short: 1},", of=ON_MARGIN),
     "9: instruments.AAA.swap: only kind: fx has it, and this one is crypto; leave it out"),
    (instrument("equity", "swap: {long: 1},", of=ON_MARGIN),
     "9: instruments.AAA.swap: only kind: fx has it, and this one is equity; leave it out"),
    (instrument("equity", "funding: {interval: 8x, rate: 7},"),
     "9: instruments.AAA.funding: only kind: perpetual has it, and this one is equity; leave it out"),
    (instrument("equity", "funding: {},"),
     "9: instruments.AAA.funding: only kind: perpetual has it, and this one is equity; leave it out"),
    (instrument("fx", "actions: {path: a.csv, zone: Utopia},"),
     "9: instruments.AAA.actions: only kind: equity has it, and this one is fx; leave it out"),
    (instrument("perpetual", "funding: {rate: 1},", of=ON_MARGIN),
     "9: instruments.AAA.funding.rate: 1 is all that a position is worth, or more, at each funding; write a share:"
     ' "0.0001" is 0.01 %'),
    (instrument("future", 'borrow: "0.1",', of=ON_MARGIN),
     "9: instruments.AAA.borrow: only kind: equity or crypto has it, and this one is future; leave it out"),
    (instrument("future", "funding: {rate: 1},", of=ON_MARGIN),
     "9: instruments.AAA.funding: only kind: perpetual has it, and this one is future; leave it out"),
    (instrument("perpetual", "funding: {interval: 8h},", of=ON_MARGIN),
     "9: instruments.AAA.funding: says no rate; write rate, file, or both"),
    (instrument("perpetual", "settles: daily,", of=ON_MARGIN),
     "9: instruments.AAA.settles: only kind: future has it, and this one is perpetual; leave it out"),
    (instrument("equity", "expires: 2027-01-01T00:00:00Z,"),
     "9: instruments.AAA.expires: only kind: future has it, and this one is equity; leave it out"),
    (instrument("crypto", "actions: a.csv,"),
     "9: instruments.AAA.actions: only kind: equity has it, and this one is crypto; leave it out"),
    (instrument("future", "expires: 2026-01-05T14:30:00Z,", of=ON_MARGIN),
     "9: instruments.AAA.expires: 2026-01-05T14:30:00Z is not after the start, 2026-01-05T14:30:00Z; correct it, or"
     " start earlier"),
    (instrument("equity", "mark: AAA,"),
     "9: instruments.AAA.mark: is the instrument itself, whose price counts anyway; leave it out"),
    (instrument("equity", "mark: AAB,"),
     "9: instruments.AAA.mark: 'AAB' is no instrument; add it to instruments; did you mean 'AAA'?"),
    (paired(instrument("perpetual", "margin: {isolated: true}, currency: EUR, mark: EURUSD,", of=ON_MARGIN), "EUR"),
     "10: instruments.AAA.mark: EURUSD is priced in USD, AAA in EUR; a mark has the same currency"),
    # zones and files
    (account("rollover: {zone: America/NewYork}, "),
     "2: account.rollover.zone: 'America/NewYork' is no time zone; did you mean 'America/New_York'?"),
    (instrument("equity", "actions: {path: a.csv, zone: Utopia},"),
     "9: instruments.AAA.actions.zone: 'Utopia' is no time zone"),
    (instrument("equity", "actions: missing.csv,"),
     "9: instruments.AAA.actions: missing.csv: no such file;"
     " correct the path; in a config it counts from its folder"),
    (instrument("perpetual", "funding: {file: .},", of=ON_MARGIN),
     "9: instruments.AAA.funding.file: .: cannot be read: Is a directory; name a file that the daemon's user can read"),
    (instrument("equity", "actions: broken.csv,"),
     "9: instruments.AAA.actions: broken.csv: line 2: 'spilt' is no kind of action; write dividend or split"),
    (instrument("perpetual", "funding: {file: broken.csv},", of=ON_MARGIN),
     "9: instruments.AAA.funding.file: broken.csv: line 1: is not the header time,rate; begin the file with it"),
    (instrument("equity", "actions: header.csv,"),
     "9: instruments.AAA.actions: header.csv: has no rows; leave `actions` out"),
    (instrument("equity", "actions: latin.csv,"),
     "9: instruments.AAA.actions: latin.csv: is not UTF-8 text (byte 1); save it as UTF-8"),
]  # fmt: skip

ROWS = [*SHAPE, *SENSE]


@pytest.mark.parametrize(("text", "message"), ROWS, ids=[message for _, message in ROWS])
def test_one_thing_wrong_is_one_message_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_text("date,kind,value\n2020-08-31,spilt,4:1\n")
    (tmp_path / "good.csv").write_text("date,kind,value\n2020-08-07,dividend,0.82\n")
    (tmp_path / "header.csv").write_text("date,kind,value\n")
    (tmp_path / "latin.csv").write_bytes(b"\xe9")
    assert problems_of(tmp_path, text) == [f"config.yaml:{message}"]


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = instrument(
        "perpetual", "margin: {initial: 1, maintenance: 2}, settles: daily, mark: AAA, actions: gone.csv,"
    )
    assert problems_of(tmp_path, text.replace("{currency: USD,", "{leverage: 2, currency: USD,")) == [
        f"config.yaml:2: account.leverage: {CASH_ONLY}",
        "config.yaml:9: instruments.AAA.kind: a perpetual is held on margin; write account.kind: margin, and its"
        " leverage",
        "config.yaml:9: instruments.AAA.settles: only kind: future has it, and this one is perpetual; leave it out",
        "config.yaml:9: instruments.AAA.actions: only kind: equity has it, and this one is perpetual; leave it out",
        "config.yaml:9: instruments.AAA.margin.maintenance: 2 is above initial, 1; lower it or raise that",
        "config.yaml:9: instruments.AAA.mark: is the instrument itself, whose price counts anyway; leave it out",
    ]


def test_each_row_of_a_file_that_cannot_be_is_a_message_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("date,kind,value\n" + "2020-08-31,split,4\n" * 7)
    found = problems_of(tmp_path, instrument("equity", "actions: a.csv,"))
    assert [one.removeprefix("config.yaml:9: instruments.AAA.actions: a.csv: ")[:7] for one in found] == [
        *("line 2:", "line 3:", "line 4:", "line 5:", "line 6:", "2 more "),
    ]


# The environment.


def test_the_text_of_a_variable_is_exact_without_quotes_in_it(tmp_path: Path) -> None:
    environ = {
        "BULKHEAD_ACCOUNT__LEVERAGE": "1.10",
        "BULKHEAD_ACCOUNT__ROLLOVER": "{at: 16:30, zone: UTC}",
        "BULKHEAD_ACCOUNT__INTEREST": "{USD: {credit: 0.1}}",
        "BULKHEAD_FEED__SPEED": "2.5",
        "BULKHEAD_STRATEGIES__0__PARAMS": "{symbol: AAA, fast: 10, quantity: '1.0'}",
    }
    settings = plan_of(tmp_path, account("kind: margin, "), environ).settings
    assert str(settings.account.leverage) == "1.10"
    assert settings.account.interest["USD"].credit == D("0.1")
    assert f"{settings.account.rollover.at:%H:%M}" == "16:30"
    assert isinstance(settings.feed, SyntheticFeedSettings)
    assert settings.feed.speed == 2.5


def test_a_number_of_a_variable_that_is_no_exact_one_is_a_plain_float(tmp_path: Path) -> None:
    text = edited("AAA: {price", "AAA: {volatility_ticks: 1, price")
    environ = {"BULKHEAD_FEED__SYMBOLS__AAA__VOLATILITY_TICKS": "1.5", "BULKHEAD_STRATEGIES__0__PARAMS__FAST": "1.5"}
    assert problems_of(tmp_path, text, environ) == [
        "BULKHEAD_STRATEGIES__0__PARAMS__FAST: strategies[0].params.fast: Expected int, got float (1.5)"
    ]
    del environ["BULKHEAD_STRATEGIES__0__PARAMS__FAST"]
    feed = plan_of(tmp_path, text, environ).settings.feed
    assert isinstance(feed, SyntheticFeedSettings)
    assert type(feed.symbols["AAA"].volatility_ticks) is float


def test_a_variable_below_what_can_be_is_refused_by_its_name(tmp_path: Path) -> None:
    assert problems_of(tmp_path, account("kind: margin, "), {"BULKHEAD_ACCOUNT__LEVERAGE": "0.5"}) == [
        "BULKHEAD_ACCOUNT__LEVERAGE: account.leverage: must be 1 or more; got 0.5"
    ]


# What is told and not refused.


def cautions(folder: Path, text: str) -> list[str]:
    return [caution.text(Path("config.yaml")) for caution in plan_of(folder, text).cautions]


def test_a_split_to_come_on_a_feed_that_knows_none_is_told_but_dividends_and_past_ones_are_not(tmp_path: Path) -> None:
    text = instrument("equity", "actions: a.csv,")
    (tmp_path / "a.csv").write_text("date,kind,value\n2020-08-31,split,4:1\n2026-02-01,dividend,1\n")
    assert cautions(tmp_path, text) == []
    (tmp_path / "a.csv").write_text("date,kind,value\n2026-02-01,split,4:1\n2026-02-03,split,2:1\n")
    assert cautions(tmp_path, text) == [
        "config.yaml:9: instruments.AAA.actions: a synthetic feed knows no splits: from 2026-02-01T05:00:00Z on there"
        " are 4 units for 1, each at the price of before; leave splits out, or trade on stored prices"
    ]


@pytest.mark.parametrize(("rate", "told"), [("0.1", 0), ("-0.1", 0), ("0.11", 1), ("-0.11", 1)])
def test_funding_of_more_than_a_tenth_is_told(rate: str, told: int, tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(f"time,rate\n2026-01-06T00:00:00Z,{rate}\n2026-01-06T08:00:00Z,0\n")
    by_rate = instrument("perpetual", f'funding: {{rate: "{rate}"}},', of=ON_MARGIN)
    by_file = instrument("perpetual", "funding: {file: f.csv},", of=ON_MARGIN)
    assert (len(cautions(tmp_path, by_rate)), len(cautions(tmp_path, by_file))) == (told, told)


# What the journal keeps of it.


def changed(folder: Path, before: str, after: str) -> FleetChange:
    first, second = (fleet_of(plan_of(folder, text)) for text in (before, after))
    return change(msgspec.msgpack.decode(msgspec.msgpack.encode(first), type=Fleet), second)


FUTURE = 'margin: {initial: "0.1"}, expires: "2027-03-15T13:30:00Z",'


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (
            instrument("future", FUTURE, of=ON_MARGIN),
            instrument("future", FUTURE.replace("2027", "2026"), of=ON_MARGIN),
            "instruments.AAA.expires was 2027-03-15T13:30:00Z and would be 2026-03-15T13:30:00Z",
        ),
        (
            instrument("future", FUTURE, of=ON_MARGIN),
            instrument("future", FUTURE.partition(" expires")[0], of=ON_MARGIN),
            "instruments.AAA.expires was 2027-03-15T13:30:00Z and would be not given",
        ),
        (account(ON_MARGIN), account("kind: margin, leverage: 2, "), "account.leverage was 4 and would be 2"),
        (
            account(ON_MARGIN),
            account(f'{ON_MARGIN}maintenance_margin: "0.2", '),
            "account.maintenance_margin was not given and would be 0.2",
        ),
        (account(""), account(ON_MARGIN), "account.kind was cash and would be margin"),
        (
            instrument("future", FUTURE, of=ON_MARGIN),
            instrument("future", FUTURE.replace('"0.1"', '"0.1", maintenance: "0.02"'), of=ON_MARGIN),
            "instruments.AAA.margin was {initial: 0.1} and would be {initial: 0.1, maintenance: 0.02}",
        ),
        (
            instrument("perpetual", "margin: {isolated: true},", of=ON_MARGIN),
            instrument("perpetual", of=ON_MARGIN),
            "instruments.AAA.margin was {isolated: true} and would be not given",
        ),
    ],
)
def test_money_margin_and_expiries_stay_as_they_were(before: str, after: str, refused: str, tmp_path: Path) -> None:
    assert changed(tmp_path, before, after) == FleetChange(refused=[refused])


def test_a_leverage_that_no_position_is_held_by_may_change(tmp_path: Path) -> None:
    before, after = (instrument("future", FUTURE, of=f"kind: margin, leverage: {n}, ") for n in (4, 2))
    assert changed(tmp_path, before, after) == FleetChange()


def test_what_holding_brings_may_change_and_is_told_with_what_it_was(tmp_path: Path) -> None:
    of = 'interest: {USD: {debit: "0.07"}}, '
    before = instrument("equity", 'borrow: "0.03",', of=ON_MARGIN + of)
    of = of.replace("0.07", "0.06") + "day_count: 360, sweep: true, rollover: {at: 16:00, triple: none}, "
    after = instrument("equity", 'borrow: "0.04",', of=(ON_MARGIN + of).replace("16:00", '"16:00"'))
    assert changed(tmp_path, before, after) == FleetChange(
        altered=[
            "account.interest.USD.debit: 0.06, was 0.07",
            "account.day_count: 360, was 365",
            "account.rollover.at: 16:00, was 17:00",
            "account.rollover.triple: none, was wed",
            "account.sweep: true, was false",
            "instruments.AAA.borrow: 0.04, was 0.03",
        ]
    )


def test_other_contents_of_a_file_are_a_change_too(tmp_path: Path) -> None:
    actions, funding = tmp_path / "a.csv", tmp_path / "f.csv"
    told = []
    for text, file in (
        (instrument("equity", "actions: a.csv,"), actions),
        (instrument("perpetual", "funding: {file: f.csv},", of=ON_MARGIN), funding),
    ):
        actions.write_text("date,kind,value\n2026-08-07,dividend,0.82\n")
        funding.write_text("time,rate\n2026-01-06T08:00:00Z,0.1\n")
        before = fleet_of(plan_of(tmp_path, text))
        file.write_text(file.read_text().replace("0.82", "0.83").replace("0.1", "0.01"))
        told += change(before, fleet_of(plan_of(tmp_path, text))).altered
    numbers = r"\(\w{8}\)"
    assert len(told) == 2
    one = "1 dividend, 0 splits"
    assert re.fullmatch(rf"instruments.AAA.actions.contents: {one} {numbers}, was {one} {numbers}", told[0])
    assert re.fullmatch(rf"instruments.AAA.funding.file.contents: 1 rate {numbers}, was 1 rate {numbers}", told[1])


def test_a_funding_is_told_by_its_keys(tmp_path: Path) -> None:
    after = instrument("perpetual", 'funding: {rate: "0.0001", interval: 1h},', of=ON_MARGIN)
    assert changed(tmp_path, instrument("perpetual", of=ON_MARGIN), after).altered == [
        "instruments.AAA.funding.interval: 1h, was not given",
        "instruments.AAA.funding.rate: 0.0001, was not given",
    ]


def test_a_pair_that_is_wrong_itself_makes_no_currency_look_lost(tmp_path: Path) -> None:
    text = paired(instrument("equity", "currency: EUR,"), "EUR").replace('tick_size: "0.0001"', "tick_size: 0.0001")
    (problem,) = problems_of(tmp_path, text)
    assert problem.startswith("config.yaml:11: instruments.EURUSD.tick_size: put it in quotes")


@pytest.mark.parametrize(("key", "kind"), [(key, kind) for key, kinds in KINDS.items() for kind in kinds])
def test_each_key_is_taken_by_the_kinds_that_have_it(key: str, kind: str, tmp_path: Path) -> None:
    written = {
        "swap": "{long: 1, short: 1}",
        "borrow": '"0.1"',
        "funding": '{rate: "0.99"}',
        "settles": "daily",
        "expires": "2027-01-01T00:00:00Z",
        "actions": "actions.csv",
    }
    (tmp_path / "actions.csv").write_text("date,kind,value\n2020-08-31,split,4:1\n")
    assert held(plan_of(tmp_path, instrument(kind, f"{key}: {written[key]},", of=ON_MARGIN))) != HoldingTerms()


# What it says of itself.

SECTIONS = (
    AccountSettings,
    ActionsSettings,
    FundingSettings,
    InstrumentSettings,
    InterestSettings,
    MarginSettings,
    RolloverSettings,
    SwapSettings,
)


def test_every_key_is_described_in_schema_config_and_documents() -> None:
    schema = json.loads(schema_text())["$defs"]
    document = (ROOT / "docs" / "account-settings.md").read_text()
    example = (ROOT / "config.yaml").read_text()
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            key = field.alias or name
            assert schema[section.__name__]["properties"][key]["description"]
            assert key in document or section is InstrumentSettings, key
            assert f"{key}" in example, key


def test_the_example_of_the_document_is_a_configuration(tmp_path: Path) -> None:
    example: dict[str, Any] = yaml.load(
        (ROOT / "docs" / "account-settings.md").read_text().split("```yaml\n")[1].split("```")[0], PlainLoader
    )
    plain = yaml.load(CONFIG, PlainLoader)
    example["instruments"] |= plain["instruments"]
    prices = {symbol: {"price": "100"} for symbol in example["instruments"]}
    text = yaml.safe_dump({**plain, **example, "feed": {"kind": "synthetic", "symbols": prices}})
    plan = plan_of(tmp_path, text)
    assert sorted(plan.terms.holdings) == ["BNBPERP", "ES", "EURUSD", "SPY"]
    assert all(one.margin is not None for one in plan.instruments.values())
