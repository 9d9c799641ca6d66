"""The days that a company knows beforehand: its own table, and public holidays."""

import datetime as dt
import re

import pandas as pd
import pytest

from core.errors import SourceError, TableError
from sources.known_days import calendar_file, known_days
from sources.params import SourceParams
from sources.registry import fingerprint


def source(**given):
    return SourceParams(kind="cdnow", **given)


def day(year, month, number):
    return (dt.date(year, month, number) - dt.date(1970, 1, 1)).days


def written(folder, text):
    path = folder / "calendar.csv"
    path.write_text(text, encoding="utf-8")
    return source(calendar=str(path))


def test_nothing_is_known_unless_it_is_named():
    assert known_days(source(), (2020, 2021)).empty


def test_holidays_of_a_country_reach_beyond_the_data():
    rows = known_days(source(country="gb"), (2010, 2011))
    assert set(rows["kind"]) == {"holiday"}
    days = set(rows["day"])
    assert {day(2010, 12, 27), day(2011, 4, 29), day(2014, 12, 25)} <= days
    assert rows["expected"].isna().all()


@pytest.mark.parametrize("name", ["Britain", "XX", ""])
def test_an_unknown_country_is_refused(name):
    with pytest.raises(ValueError, match=r"two letters, ISO 3166-1"):
        source(country=name)


def test_the_table_is_read_as_it_is_written(tmp_path):
    params = written(
        tmp_path,
        "date;kind;expected;known_at\n24.12.2024;Closure;0;01.11.2024\n29.11.2024;promotion;2,5;\n"
        "25.12.2024;closure;;\n",
    )
    rows = known_days(params, ())
    assert rows["day"].tolist() == [day(2024, 11, 29), day(2024, 12, 24), day(2024, 12, 25)]
    assert rows["kind"].tolist() == ["promotion", "closure", "closure"]
    assert rows["expected"].iloc[:2].tolist() == [2.5, 0.0]
    assert rows["known_day"].tolist() == [0, day(2024, 11, 1), 0]


def test_a_table_in_russian_is_read_and_its_words_mean_what_they_say(tmp_path):
    params = written(
        tmp_path,
        "Дата;Вид;Ожидание\n01.08.2024;Закрыто;\n02.08.2024;Не работаем;\n"
        "29.11.2024;Акция;2,5\n08.03.2024;праздник;\n30.11.2024;Чёрная пятница;\n",
    )
    rows = known_days(params, ()).set_index("day")
    assert rows["kind"].to_dict() == {
        day(2024, 3, 8): "holiday",
        day(2024, 8, 1): "closure",
        day(2024, 8, 2): "closure",
        day(2024, 11, 29): "promotion",
        day(2024, 11, 30): "чёрная_пятница",
    }
    assert rows["expected"].loc[day(2024, 11, 29)] == 2.5


def test_columns_of_any_name_are_told_as_those_of_every_table(tmp_path):
    params = written(tmp_path, "when,what\n03/04/2024,closed\n14/04/2024,closed\n")
    with pytest.raises(TableError, match=re.escape("columns: {calendar: {date: Day, kind: What}}")):
        known_days(params, ())
    named = {"calendar": {"date": "when", "kind": "what"}}
    rows = known_days(source(calendar=params.calendar, columns=named), ())
    assert rows["day"].tolist() == [day(2024, 4, 3), day(2024, 4, 14)]
    assert set(rows["kind"]) == {"closure"}
    with pytest.raises(ValueError, match="not a table of the contract"):
        source(files={"calendar": "days.csv"})


def test_known_gaps_are_closures_and_the_companys_own_row_counts(tmp_path):
    params = written(tmp_path, "date,kind,expected\n2024-12-24,closure,0.5\n")
    params = params.model_copy(
        update={"known_gaps": ((dt.date(2024, 12, 23), dt.date(2024, 12, 25)),)}
    )
    rows = known_days(params, ()).set_index("day")
    assert rows["expected"].to_dict() == {
        day(2024, 12, 23): 0.0,
        day(2024, 12, 24): 0.5,
        day(2024, 12, 25): 0.0,
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("when,kind\n2024-12-24,closure\n", "date not among its columns"),
        ("date,kind\n2024-12-24,closure\n32.13.2024,closure\n", "row 3, date"),
        ("date,kind\n2024-12-24,\n2024-12-25,closure\n", "row 2, kind is missing"),
        ("date,kind,expected\n2024-12-24,sale,-1\n2024-12-25,sale,2\n", "between 0 and 100"),
    ],
)
def test_a_table_that_does_not_say_what_it_should_is_refused(tmp_path, text, why):
    with pytest.raises(TableError, match=why):
        known_days(written(tmp_path, text), ())


def test_two_figures_for_one_day_are_refused_and_the_same_row_twice_counts_once(tmp_path):
    rows = "date,kind,expected\n2011-05-01,promotion,2\n2011-05-01,promotion,{}\n"
    with pytest.raises(TableError, match=r"on 1 days two rows .*first: 2011-05-01, promotion"):
        known_days(written(tmp_path, rows.format(3)), ())
    told = known_days(written(tmp_path, rows.format(2)), ())
    assert told[["day", "expected"]].to_numpy().tolist() == [[day(2011, 5, 1), 2.0]]
    own = "date,kind,expected\n2011-05-01,promotion,2\n2011-05-01,sports day,3\n"
    assert known_days(written(tmp_path, own), ())["expected"].tolist() == [2.0, 3.0]
    late = "date,kind,known_at\n2011-05-01,promotion,2011-04-01\n2011-05-01,promotion,2011-02-01\n"
    assert known_days(written(tmp_path, late), ())["known_day"].tolist() == [day(2011, 2, 1)]


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SourceError, match="is not a file"):
        calendar_file(source(calendar=str(tmp_path / "none.csv")))


def test_a_changed_calendar_is_a_changed_source(tmp_path):
    params = written(tmp_path, "date,kind\n2024-12-24,closure\n")
    before = fingerprint(params)["files"]
    written(tmp_path, "date,kind\n2024-12-25,closure\n")
    assert fingerprint(params)["files"] != before
    assert set(before) > set(fingerprint(source())["files"])


def test_what_was_planned_later_was_not_known(tmp_path):
    from models.calendar.special import SpecialDays

    params = written(tmp_path, "date,kind,known_at\n2024-12-24,sale,2024-11-01\n")
    rows = known_days(params, ())
    assert isinstance(rows, pd.DataFrame)
    assert not SpecialDays.of(rows, day(2024, 11, 1)).kinds
    assert SpecialDays.of(rows, day(2024, 11, 2)).kinds == ("sale",)
    assert not SpecialDays.of(None, 0).kinds
