r"""Words that exports write into empty cells: `NULL`, `None`, `nan`, `\N` and the like.

    ended_at  "NULL"   a subscription that runs
    amount    "-"      a purchase of unknown money
    region    "NA"     stays: a free attribute may well mean North America

They are emptied once, before any column gets its type, in every table and column alike.
"""

import pandas as pd

from sources.contract import TIME, Table
from sources.meanings.vocabulary import VOCABULARY

NAMES = {"null", "none", "nan", "nat", "nil", "undefined", "n/a", "#n/a", "н/д", "#н/д", r"\n"}
MISSING_WORDS = frozenset(NAMES | {"<na>", "<null>", "(null)", "[null]"})
# Of a column whose meaning is known only. A free attribute may hold them as values.
ALSO_MISSING = MISSING_WORDS | {"na", "-", "--", "–", "—"}
ZERO_DATES = ("0000-00-00", "0000-00-00 00:00:00")  # how MySQL writes that there is no date


def without_missing_words(raw: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The same rows, with empty cells where a word says that nothing is there."""
    return pd.DataFrame({c: _emptied(raw[c], str(c), table) for c in raw.columns})


def _emptied(column: pd.Series, name: str, table: Table) -> pd.Series:
    if not (pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)):
        return column
    kind = table.columns.get(name)
    words = ALSO_MISSING if kind else MISSING_WORDS
    if kind == TIME:
        words = words.union(ZERO_DATES)
    # The channel `none` is a channel: nobody was contacted.
    words = words.difference(VOCABULARY.get((table.name, name), ()))
    return column.mask(column.astype("str").str.strip().str.lower().isin(words))
