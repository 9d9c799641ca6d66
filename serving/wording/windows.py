"""When something is likely, as people say it: mid-January to early March.

An interval in days looks more certain than it is: a month and its part say as much as is known.
"""

from datetime import date

from babel import Locale

from serving.wording.languages import Language
from serving.wording.sentences import sentence, upper_first

EARLY_UNTIL, MID_UNTIL = 10, 20  # last days of these parts of a month


def window(low: date, high: date | None, as_of: date, language: Language) -> str:
    """From `low` to `high`, both included, in parts of months; without `high` the end is open.

    The year is told where it is neither that of `as_of` nor the next.
    """
    years = {as_of.year, as_of.year + 1}
    start = (_part(low), low.month, low.year)
    if high is None:
        return _said("from", language, start=_told(start, years, language, "start"))
    end = (_part(high), high.month, high.year)
    if start == end:
        return _said("in", language, whole=_told(start, years, language, "in"))
    if start[1:] == end[1:]:
        first = sentence(f"window.start_of_month.{start[0]}", language)
    elif start[2] == end[2]:  # the year stands once, at the end
        first = _told(start, {*years, start[2]}, language, "start")
    else:
        first = _told(start, years, language, "start")
    return _said("between", language, start=first, end=_told(end, years, language, "end"))


def _part(day: date) -> str:
    if day.day <= EARLY_UNTIL:
        return "early"
    return "mid" if day.day <= MID_UNTIL else "late"


def _told(when: tuple[str, int, int], known_years: set[int], language: Language, case: str) -> str:
    """A part of a month; `case`: as what begins the window, ends it, or is all of it."""
    part, month, year = when
    name = Locale.parse(language).months["format"]["wide"][month]
    key = "month" if year in known_years else "month_of_year"
    named = sentence(f"window.{key}", language, month=name, year=str(year))
    return sentence(f"window.{case}.{part}", language, month=named)


def _said(form: str, language: Language, **values: str) -> str:
    return upper_first(sentence(f"window.form.{form}", language, **values))
