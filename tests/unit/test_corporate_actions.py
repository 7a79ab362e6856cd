"""Files of dividends, splits and funding rates: what is read of them, and everything that can be wrong there."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.entitlements import Dividend, FundingRate, UnitSplit
from daemon.config.actions import HEADER, CorporateActions, corporate_actions
from daemon.config.funding_history import funding_history
from daemon.config.plain_rows import BadRows
from daemon.errors import BadData
from trading.timestamps import HOUR, iso

NEW_YORK = ZoneInfo("America/New_York")


def read(text: str, zone: ZoneInfo = NEW_YORK) -> CorporateActions:
    return corporate_actions(text, file="aapl.csv", zone=zone)


def told(actions: CorporateActions) -> list[str]:
    """Every action in the order of time, as `2020-08-31T04:00:00Z 4:1`."""
    dividends = [(one.ex_ns, str(one.per_unit)) for one in actions.dividends]
    splits = [(one.ex_ns, f"{one.new}:{one.old}") for one in actions.splits]
    return [f"{iso(ex_ns)} {what}" for ex_ns, what in sorted(dividends + splits)]


def refused(text: str) -> str:
    with pytest.raises(BadData) as caught:
        read(text)
    return f"{caught.value}; {caught.value.mend}"


# The plain form.


def test_actions_begin_at_midnight_of_their_day_in_the_zone() -> None:
    actions = read("date,kind,value\n2020-02-07,dividend,0.77\n2020-08-31,split,4:1\n2020-11-06,dividend,0.205\n")
    assert told(actions) == ["2020-02-07T05:00:00Z 0.77", "2020-08-31T04:00:00Z 4:1", "2020-11-06T05:00:00Z 0.205"]
    tokyo = read("date,kind,value\n2020-08-31,split,1:10\n", ZoneInfo("Asia/Tokyo"))
    assert told(tokyo) == ["2020-08-30T15:00:00Z 1:10"]


def test_a_day_may_have_one_of_each_and_spaces_and_empty_lines_count_for_nothing() -> None:
    text = "date,kind,value\r\n\r\n2020-08-31, dividend , 1\r\n2020-08-31,split,3:2\r\n\r\n"
    assert read(text) == CorporateActions(
        dividends=(Dividend(ex_ns=1_598_846_400_000_000_000, per_unit=Decimal(1)),),
        splits=(UnitSplit(ex_ns=1_598_846_400_000_000_000, new=Decimal(3), old=Decimal(2)),),
    )


def test_a_file_without_rows_is_refused() -> None:
    assert refused("date,kind,value\n\n") == "aapl.csv: has no rows; leave `actions` out"


def bad_rows(text: str) -> list[str]:
    with pytest.raises(BadRows) as caught:
        read(text)
    return caught.value.told


def test_every_row_that_cannot_be_is_told_and_makes_no_other_look_wrong() -> None:
    rows = ["2020-01-02,split,4", "2020-01-0x,split,2:1", "2020-01-03,split,2:1", "2020-01-03,split,2:1", "2020-01-04"]
    assert bad_rows("\n".join([HEADER, *rows, "2020-01-05,dividend,1"])) == [
        "aapl.csv: line 2: '4' is no split; write new units and old ones, such as 4:1",
        "aapl.csv: line 3: '2020-01-0x' is no date; write dates as 2020-08-31",
        "aapl.csv: line 5: is a second split of 2020-01-03; write one row for both",
        "aapl.csv: line 6: has 1 cells; write three: date,kind,value",
    ]


def test_a_date_far_ahead_makes_one_row_look_late_not_all_that_follow() -> None:
    rows = [f"{day},dividend,1" for day in ("2020-01-02", "2030-01-03", "2020-01-04", "2020-01-05")]
    assert bad_rows("\n".join([HEADER, *rows])) == [
        "aapl.csv: line 4: is before 2030-01-03 of the row before; sort the rows by date"
    ]


@pytest.mark.parametrize(("bad", "more"), [(5, []), (6, ["aapl.csv: 1 more lines cannot be"])])
def test_five_rows_are_told_and_how_many_more_there_are(bad: int, more: list[str]) -> None:
    why = "'x' is no date; write dates as 2020-08-31"
    told = [f"aapl.csv: line {line}: {why}" for line in range(2, 7)]
    assert bad_rows("\n".join([HEADER, *["x,split,1:2"] * bad])) == [*told, *more]


def test_several_rows_of_a_factor_file_are_told_in_their_order() -> None:
    rows = ["20200806,0.99,1,455", "20200807,0.98,1,1", "20200808,x,1,1", "20200809,1,0,1", "20200809,1,1,1"]
    assert bad_rows("\n".join(rows)) == [
        "aapl.csv: line 1: the price factor falls, from 0.99 to 0.98; get the file anew",
        "aapl.csv: line 3: 'x' is no number; write it as 0.82",
        "aapl.csv: line 4: 0 is not above zero; correct it, or leave the line out",
    ]


PLAIN = [
    ("", "line 1: is neither the header date,kind,value nor a row date,price_factor,split_factor,reference_price;"
     " begin the file with one of them"),
    ("day,what\n", "line 1: is neither the header date,kind,value nor a row"
     " date,price_factor,split_factor,reference_price; begin the file with one of them"),
    ("date,kind,value\n2020-08-31,split\n", "line 2: has 2 cells; write three: date,kind,value"),
    ("date,kind,value\n31.08.2020,split,4:1\n", "line 2: '31.08.2020' is no date; write dates as 2020-08-31"),
    ("date,kind,value\n2020-02-30,split,4:1\n", "line 2: '2020-02-30' is no date; write dates as 2020-08-31"),
    ("date,kind,value\n2020-08-31,spilt,4:1\n", "line 2: 'spilt' is no kind of action; write dividend or split"),
    ("date,kind,value\n2020-08-31,split,4\n",
     "line 2: '4' is no split; write new units and old ones, such as 4:1"),
    ("date,kind,value\n2020-08-31,split,2:2\n",
     "line 2: 2:2 splits nothing; correct it, or leave the line out"),
    ("date,kind,value\n2020-08-31,split,4:0\n",
     "line 2: 0 is not above zero; correct it, or leave the line out"),
    ("date,kind,value\n2020-08-07,dividend,much\n", "line 2: 'much' is no number; write it as 0.82"),
    ("date,kind,value\n2020-08-07,dividend,inf\n", "line 2: 'inf' is no number of at most 18 places; write it as 0.82"),
    ("date,kind,value\n2020-08-07,split,1e999999999:1\n",
     "line 2: '1e999999999' is no number of at most 18 places; write it as 0.82"),
    ("date,kind,value\n2020-8-7,dividend,1\n", "line 2: '2020-8-7' is no date; write dates as 2020-08-31"),
    ("date,kind,value\n2020-08-07,dividend,-1\n",
     "line 2: -1 is not above zero; correct it, or leave the line out"),
    ("date,kind,value\n2020-08-31,split,4:1\n\n2020-08-07,dividend,0.82\n",
     "line 4: is before 2020-08-31 of the row before; sort the rows by date"),
    ("date,kind,value\n2020-08-07,dividend,0.82\n2020-08-07,dividend,0.82\n",
     "line 3: is a second dividend of 2020-08-07; write one row for both"),
    ("date,kind,value\n2020-08-07,dividend,0.82\n2020-08-07,split,2:1\n2020-08-07,dividend,0.82\n",
     "line 4: is a second dividend of 2020-08-07; write one row for both"),
]  # fmt: skip

FACTORS = [
    ("20200806,0.99,1\n", "line 1: is neither the header date,kind,value nor a row"
     " date,price_factor,split_factor,reference_price; begin the file with one of them"),
    ("20200806,0.99,1,455\n20200807,1,1\n",
     "line 2: has 3 cells; write four: date,price_factor,split_factor,reference_price"),
    ("20200806,0.99,1,455\n2020-08-07,1,1,0\n", "line 2: '2020-08-07' is no date; write dates as 20200831"),
    ("2020086,0.99,1,455\n20200807,1,1,0\n", "line 1: '2020086' is no date; write dates as 20200831"),
    ("20200806,0.99,1,455\n20200806,1,1,0\n",
     "line 2: 2020-08-06 is not after 2020-08-06 of the row before; sort the rows, each date once"),
    ("20200806,0.99,1,455\n20200805,1,1,0\n",
     "line 2: 2020-08-05 is not after 2020-08-06 of the row before; sort the rows, each date once"),
    ("20200806,0,1,455\n20200807,1,1,0\n", "line 1: 0 is not above zero; correct it, or leave the line out"),
    ("20200806,0.99,1,0\n20200807,1,1,0\n", "line 1: 0 is not above zero; correct it, or leave the line out"),
    ("20200806,0.99,1,455\n20200807,0.98,1,0\n",
     "line 1: the price factor falls, from 0.99 to 0.98; get the file anew"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), [*PLAIN, *FACTORS])
def test_a_row_that_cannot_be_is_refused_with_file_and_line(text: str, message: str) -> None:
    assert refused(text) == f"aapl.csv: {message}"


@given(st.text(alphabet="date,kinvlus:0123456789-. \n", max_size=200))
def test_no_text_is_read_otherwise_than_whole_or_refused(text: str) -> None:
    for given_text in (text, f"date,kind,value\n{text}", f"20200806,0.5,1,10\n{text}"):
        try:
            actions = read(given_text)
        except BadData:
            continue
        assert [one.ex_ns for one in actions.dividends] == sorted({one.ex_ns for one in actions.dividends})


# Factor files.


def test_the_factors_of_two_rows_are_the_dividend_and_the_split_of_the_day_after() -> None:
    actions = read(
        "20200507,0.9923080,0.25,303.74\n20200806,0.9949942,0.25,455.61\n20200828,0.9967882,0.25,499.23\n"
        "20201105,0.9967882,1,119.03\n20501231,0.9985079,1,0\n"
    )
    assert told(actions) == [
        "2020-05-08T04:00:00Z 0.82",
        "2020-08-07T04:00:00Z 0.82",
        "2020-08-29T04:00:00Z 4:1",
        "2020-11-06T05:00:00Z 0.21",
    ]


@pytest.mark.parametrize(
    ("factor", "after", "split"),
    [
        ("0.00892857", "0.01785710", "2:1"),
        ("0.03571430", "0.25", "7:1"),
        ("7.11111022", "10.66670000", "3:2"),
        ("10.66670000", "13.333300", "5:4"),
        ("20", "1", "1:20"),
        ("3.0003", "1", "1:3"),
        ("2797.200", "80", "1:35"),
        ("64.102592", "16", "1:4"),
        ("0.997307", "1", "370:369"),
    ],
)
def test_a_split_is_the_simple_one_that_cut_factors_mean(factor: str, after: str, split: str) -> None:
    assert told(read(f"20200828,1,{factor},100\n20501231,1,{after},0\n")) == [f"2020-08-29T04:00:00Z {split}"]


def test_a_dividend_on_the_day_of_a_split_is_told_for_the_new_units() -> None:
    actions = read("20200806,0.99,0.25,400\n20501231,1,1,0\n")
    assert told(actions) == ["2020-08-07T04:00:00Z 1.000000000", "2020-08-07T04:00:00Z 4:1"]


WHOLE = st.integers(2, 100)
SIMPLE = st.tuples(st.integers(1, 12), st.integers(1, 12)).filter(lambda ratio: ratio[0] != ratio[1])


@given(
    ratio=WHOLE.map(lambda new: (new, 1)) | WHOLE.map(lambda old: (1, old)) | SIMPLE,
    after=st.sampled_from(["1", "0.25", "3"]),
)
def test_a_split_comes_back_from_factors_of_eight_places(ratio: tuple[int, int], after: str) -> None:
    new, old = ratio
    factor = f"{float(Fraction(after) * old / new):.8f}"
    (split,) = read(f"20200828,1,{factor},100\n20501231,1,{after},0\n").splits
    assert Fraction(split.new) / Fraction(split.old) == Fraction(new, old)


def test_real_factor_files_are_read_whole(shared: Path) -> None:
    files = sorted((shared / "data" / "lean_equity" / "orig" / "factor_files").glob("*.csv"))
    read_files = {path.stem: corporate_actions(path.read_text(), file=path.name, zone=NEW_YORK) for path in files}
    assert len(read_files) == 22
    splits = {name: [f"{one.new}:{one.old}" for one in read_files[name].splits] for name in ("aapl", "aig", "twx")}
    assert splits == {
        "aapl": ["2:1", "2:1", "7:1", "4:1"],
        "aig": ["3:2", "5:4", "3:2", "1:20"],
        "twx": ["2:1", "2:1", "2:1", "2:1", "1:3"],
    }
    apple = [str(one.per_unit) for one in read_files["aapl"].dividends]
    assert apple[:12] == [*["2.65"] * 3, *["3.05"] * 4, "3.29", *["0.47"] * 3, "0.52"], "as Apple declared them"
    assert apple[-3:] == ["0.82", "0.21", "0.20"], "of 0.205 each, to the cent"


# Funding.


def rates(text: str, interval_ns: int = 8 * HOUR) -> tuple[FundingRate, ...]:
    return funding_history(text, file="funding.csv", interval_ns=interval_ns)


def test_funding_rates_stand_at_multiples_of_the_interval_in_their_order() -> None:
    text = "time,rate\n2024-01-01T00:00:00Z,0.0001\n\n2024-01-01T17:00:00+09:00,-0.000025\n"
    assert [(iso(one.ts_ns), str(one.rate)) for one in rates(text)] == [
        ("2024-01-01T00:00:00Z", "0.0001"),
        ("2024-01-01T08:00:00Z", "-0.000025"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: is not the header time,rate; begin the file with it"),
        ("2024-01-01T00:00:00Z,0.0001\n", "line 1: is not the header time,rate; begin the file with it"),
        ("time,rate\n2024-01-01T00:00:00Z\n", "line 2: has 1 cells; write two: time,rate"),
        ("time,rate\n1704067200,0\n", "line 2: '1704067200' is no time with its zone; write times as"
         " 2024-01-01T08:00:00Z"),
        ("time,rate\n2024-01-01T00:00:00,0\n", "line 2: '2024-01-01T00:00:00' is no time with its zone; write times as"
         " 2024-01-01T08:00:00Z"),
        ("time,rate\n2024-01-01T04:00:00Z,0\n", "line 2: 2024-01-01T04:00:00Z is no multiple of the interval, 8h;"
         " write the time at which the rate fell due, or another interval"),
        ("time,rate\n2024-01-01T00:00:00Z,x\n", "line 2: 'x' is no number; write it as 0.82"),
        ("time,rate\n2024-01-01T00:00:00Z,-1\n", "line 2: -1 is all that a position is worth, or more, at each funding;"
         ' write a share: "0.0001" is 0.01 %'),
        ("time,rate\n", "has no rows; leave `file` out, and write a rate"),
        ("time,rate\n2024-01-01T08:00:00Z,0\n2024-01-01T08:00:00Z,0\n",
         "line 3: is not after 2024-01-01T08:00:00Z of the row before; sort the rows, each time once"),
        ("time,rate\n2024-01-01T08:00:00Z,0\n2024-01-01T00:00:00Z,0\n",
         "line 3: is not after 2024-01-01T08:00:00Z of the row before; sort the rows, each time once"),
    ],
)  # fmt: skip
def test_a_rate_that_cannot_be_is_refused_with_file_and_line(text: str, message: str) -> None:
    with pytest.raises(BadData) as caught:
        rates(text)
    assert f"{caught.value}; {caught.value.mend}" == f"funding.csv: {message}"


def test_every_rate_that_cannot_be_is_told() -> None:
    with pytest.raises(BadRows) as caught:
        rates("time,rate\n2024-01-01T01:00:00Z,0\n2024-01-01T08:00:00Z,0.999\n2024-01-01T16:00:00Z,5\n")
    assert [why.partition(": ")[2].partition(":")[0] for why in caught.value.told] == ["line 2", "line 4"]
