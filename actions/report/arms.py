"""The arms of a test by name, which of them is the control, and who was in several."""

import re

import numpy as np
import pandas as pd

from actions.report.reading import Asked
from actions.report.said import Said
from core.arrays import IntArray
from core.errors import TrialError, did_you_mean
from sources.tables.cells import texts

MOST_ARMS = 20
MAX_NAMED = 10
FEW_IN_BOTH = 0.05  # share of customers in several arms up to which they are left out as mistakes
SOUNDS_LIKE_CONTROL = re.compile(
    r"control|hold.?out|placebo|^(?:none?|no|not|nobody|false|0)\b|withheld|untreated|baseline"
    r"|контрол|без\b|^нет|^не\b|плацебо",
    re.IGNORECASE,
)


def read_arms(cells: pd.Series, asked: Asked) -> tuple[pd.Series, tuple[str, ...], list[Said]]:
    """The arm of each row by name (missing where empty), the arms, the control first, and notes.

    Raises TrialError for a column with one value, or with too many to be arms, and where the
    control that was asked for is none of them.
    """
    said: list[Said] = []
    named = texts(cells)
    named = named.where(named.notna())
    spellings = named.dropna().drop_duplicates()
    by_plain: dict[str, str] = {}
    for name in named.value_counts().index:  # the most common spelling first
        by_plain.setdefault(" ".join(str(name).casefold().split()), str(name))
    if len(by_plain) < len(spellings):
        plain = named.str.casefold().str.split().str.join(" ")
        named = plain.map(by_plain)
        said.append(Said("spellings", {"column": asked.treatment}))
    names = sorted(by_plain.values())
    _check(names, named, asked)
    control = _control(names, asked)
    other = [name for name in names if name != control and SOUNDS_LIKE_CONTROL.search(name)]
    if asked.control is None and other and not SOUNDS_LIKE_CONTROL.search(control):
        said.append(Said("control_by_name", {"control": control, "other": other[0]}))
    empty = int(named.isna().sum())
    if empty:
        said.append(Said("no_arm", {"rows": empty, "column": asked.treatment}))
    return named, (control, *(name for name in names if name != control)), said


def _check(names: list[str], named: pd.Series, asked: Asked) -> None:
    column, rows = asked.treatment, int(named.notna().sum())
    if not names:
        raise TrialError(f"{column} is empty in all rows: it has to say which arm each is in.")
    if len(names) == 1:
        raise TrialError(
            f"{column} is {names[0]} in all {rows:,} rows. An effect is the difference between "
            "arms: bring the customers of the other arm, too, such as those who were left out."
        )
    if len(names) > MOST_ARMS:
        listed = ", ".join(names[:MAX_NAMED])
        raise TrialError(
            f"{column} has {len(names):,} different values ({listed}, …), and a test has at most "
            f"{MOST_ARMS} arms. Name the column that says which arm a customer was in with "
            "--treatment."
        )


def _control(names: list[str], asked: Asked) -> str:
    if asked.control is None:
        return names[0]
    wanted = " ".join(asked.control.casefold().split())
    for name in names:
        if " ".join(name.casefold().split()) == wanted:
            return name
    raise TrialError(
        f"--control {asked.control} is no arm of {asked.treatment}."
        f"{did_you_mean(asked.control, names)} It has: {', '.join(names)}."
    )


def in_one_arm(arm: pd.Series, customer: pd.Series) -> tuple["pd.Series[bool]", list[Said]]:
    """Which rows to keep, where customers are in several arms, and what was done about it.

    A few are mistakes, and are left out. Where there are many, arms were drawn for each row, and
    all rows stay.
    """
    pairs = pd.DataFrame({"customer": customer, "arm": arm}).drop_duplicates()
    times = pairs["customer"].value_counts()
    several = times.index[times > 1]
    everything = pd.Series(data=True, index=arm.index)
    if len(several) == 0:
        return everything, []
    values = {"customers": len(several), "all": len(times)}
    if len(several) > FEW_IN_BOTH * len(times):
        return everything, [Said("many_in_both", values)]
    return ~customer.isin(several), [Said("few_in_both", values)]


def codes(arm: pd.Series, arms: tuple[str, ...]) -> IntArray:
    """Indices (n,) into the arms."""
    places = {name: place for place, name in enumerate(arms)}
    return np.asarray(arm.map(places), dtype=np.int64)
