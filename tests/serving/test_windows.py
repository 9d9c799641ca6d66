"""When something is likely, in parts of months."""

import datetime as dt

import pytest

from serving.wording.windows import window

AS_OF = dt.date(2018, 1, 2)


def day(text):
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("low", "high", "english", "russian"),
    [
        ("2018-01-12", "2018-03-03", "Mid-January to early March",
         "С середины января до начала марта"),
        ("2018-01-10", "2018-01-11", "Early to mid-January", "С начала до середины января"),
        ("2018-01-20", "2018-01-21", "Mid to late January", "С середины до конца января"),
        ("2018-01-01", "2018-01-10", "Early January", "В начале января"),
        ("2018-01-21", "2018-01-31", "Late January", "В конце января"),
        ("2018-05-12", None, "From mid-May on", "С середины мая"),
    ],
)  # fmt: skip
def test_days_are_told_as_parts_of_months(low, high, english, russian):
    end = high and day(high)
    assert window(day(low), end, AS_OF, "en") == english
    assert window(day(low), end, AS_OF, "ru") == russian


@pytest.mark.parametrize(
    ("low", "high", "english", "russian"),
    [
        ("2018-12-12", "2019-01-03", "Mid-December to early January",
         "С середины декабря до начала января"),
        ("2019-12-12", "2020-01-03", "Mid-December to early January 2020",
         "С середины декабря до начала января 2020\xa0г."),
        ("2020-02-12", "2020-03-03", "Mid-February to early March 2020",
         "С середины февраля до начала марта 2020\xa0г."),
        ("2020-02-12", "2020-02-28", "Mid to late February 2020",
         "С середины до конца февраля 2020\xa0г."),
        ("2017-12-31", "2018-01-03", "Late December 2017 to early January",
         "С конца декабря 2017\xa0г. до начала января"),
        ("2020-02-12", None, "From mid-February 2020 on",
         "С середины февраля 2020\xa0г."),
    ],
)  # fmt: skip
def test_the_year_is_told_where_it_is_neither_this_nor_the_next(low, high, english, russian):
    end = high and day(high)
    assert window(day(low), end, AS_OF, "en") == english
    assert window(day(low), end, AS_OF, "ru") == russian


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_day_of_a_year_lies_in_the_window_that_is_told_of_it(language):
    """The same words exactly for days of the same part of the same month."""
    days = [dt.date(2018, 1, 1) + dt.timedelta(n) for n in range(365)]
    told = {}
    for one in days:
        told.setdefault(window(one, one, AS_OF, language), []).append(one)
    assert len(told) == 36
    assert all(len(same) <= 11 and len({one.month for one in same}) == 1 for same in told.values())
