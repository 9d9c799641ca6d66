"""Ids damaged by an export: meaningless characters are taken off, lost digits are reported.

    "K1000\u200b"   K1000     zero-width characters, no-break spaces, letters in two halves
    "17850.0"       17850     a whole number that went through a float
    "7.91231E+10"   refused   a spreadsheet kept six of eleven digits: many people, one id

The same is done in every table, so that ids meet.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from sources.contract import TEXT, Table
from sources.notes import Note, Said

NOT_IDS = ("action_id",)  # names of actions, as the catalogue writes them
BEYOND_PLAIN = re.compile(r"[^\x20-\x7e]")
# Spaces of any width are one space; what has no width at all is nothing.
SPACES = re.compile(r"[\t\r\n\v\f\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0f\ufeff]"
)
DECIMAL = re.compile(r"[+-]?\d+[.,]\d+")
WHOLE = re.compile(r"([+-]?\d+)(?:[.,]0{1,2}|[.,]0{4,})")  # 17.000 may be seventeen thousand
SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+[eE]\+?|[eE]\+)\d{1,3}")
LOST_DIGITS = "is in scientific notation, so its last digits are lost"
EXPORT_AS_TEXT = (
    "A spreadsheet did that, and no expression brings digits back: export the ids again as text. "
    "In a spreadsheet give the column the format Text, or Number without decimals, before saving "
    "as CSV, and import a CSV file instead of opening it."
)


@dataclass(frozen=True)
class Ids:
    """The rows with their ids made whole, why a row's ids cannot be (else empty), what was done."""

    rows: pd.DataFrame
    reasons: "pd.Series[str]"
    notes: tuple[Note, ...]


def id_columns(table: Table) -> list[str]:
    """The columns of a table that tell people and things apart."""
    return [
        column
        for column, kind in table.columns.items()
        if kind == TEXT and column.endswith("_id") and column not in NOT_IDS
    ]


def whole_ids(rows: pd.DataFrame, table: Table) -> Ids:
    """Take off characters without a meaning, and name the ids whose digits are lost."""
    reasons = pd.Series("", index=rows.index, dtype="str")
    notes: list[Note] = []
    mended_columns = {}
    for column in id_columns(table):
        if column not in rows:
            continue
        ids = rows[column]
        for mend, note_of in ((_visible, _told_invisible), (_without_zeros, _told_zeros)):
            mended = mend(ids)
            changed = ids.notna() & (mended.isna() | (mended != ids))
            if changed.any():
                notes.append(note_of(column, int(changed.sum()), ids[changed].iloc[0]))
            ids = mended
        mended_columns[column] = ids
        lost = _by_id(ids, lambda text: SCIENTIFIC.fullmatch(text) is not None)
        reasons[lost.eq(True) & (reasons == "")] = f"{column} {LOST_DIGITS}"
    return Ids(rows.assign(**mended_columns), reasons, tuple(notes))


def _by_id(ids: pd.Series, function: Callable[[str], object]) -> pd.Series:
    """A function of every id, called once for each."""
    known = ids.dropna().unique()
    return ids.map({text: function(text) for text in known})


def _visible(ids: pd.Series) -> pd.Series:
    known = pd.Series(ids.dropna().unique())
    odd = known[known.str.contains(BEYOND_PLAIN)]
    if odd.empty:
        return ids
    plain = {text: _plain(text) for text in odd}
    mended = ids.where(~ids.isin(odd), ids.map(plain))
    return mended.mask(mended == "").astype("str")


def _plain(text: str) -> str:
    # Spaces first: a tab is one, and a zero-width space is not.
    return unicodedata.normalize("NFC", INVISIBLE.sub("", SPACES.sub(" ", text))).strip()


def _without_zeros(ids: pd.Series) -> pd.Series:
    """Without `.0` at the end, where all that has decimals has no others: 1.1 and 1.0 are left."""
    known = [text for text in ids.dropna().unique() if DECIMAL.fullmatch(text)]
    whole = {text: match[1] for text in known if (match := WHOLE.fullmatch(text))}
    if not whole or len(whole) < len(known):
        return ids
    return ids.where(~ids.isin(list(whole)), ids.map(whole)).astype("str")


def _told_invisible(column: str, cells: int, example: str) -> Note:
    return Note(
        "invisible_characters",
        "advice",
        column,
        cells,
        f"cells with characters that cannot be seen ({example!a}, for example): zero-width "
        "characters, no-break spaces or letters in two halves. They were taken off",
        "look at how the source is exported; nothing needs to be done here",
        Said("invisible_characters", example=ascii(example)),
    )


def _told_zeros(column: str, cells: int, example: str) -> Note:
    return Note(
        "trailing_zeros",
        "advice",
        column,
        cells,
        f"ids that end in zeros behind a point ({example}, for example), because the column was a "
        "number on the way. They were taken off",
        "export ids as text; nothing needs to be done here",
        Said("trailing_zeros", example=example),
    )
