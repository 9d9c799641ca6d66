"""The label of a ready table: which words say that a customer left, and which that one stayed.

    Churn   Yes, 1, true, да, churned, ушёл       left
            No, 0, false, нет, stayed, остался    stayed
            an empty cell                         not known yet: such rows are scored

Any other word is refused, with the lines that say what it means.
"""

import re

import numpy as np
import pandas as pd

from core.errors import TableError
from sources.contract import Table
from sources.cures import literal, own, pasted
from sources.meanings.vocabulary import FALSE_WORDS, TRUE_WORDS
from sources.params import SourceParams
from sources.written.reading import filled

LEFT, STAYED = "left", "stayed"
LEFT_WORDS = TRUE_WORDS | {
    *(LEFT, "churn", "churned", "lost", "gone", "cancelled", "canceled", "exited", "attrited"),
    *("attrited customer", "churned customer", "lapsed", "inactive", "closed", "терминирован"),
    *("ушел", "ушла", "ушли", "отток", "потерян", "потеряна", "расторг", "отключен", "отключился"),
}
STAYED_WORDS = FALSE_WORDS | {
    *(STAYED, "retained", "active", "current", "existing", "existing customer", "kept", "loyal"),
    *("not churned", "no churn", "remained", "joined", "open"),
    *("остался", "осталась", "остались", "активен", "активна", "активный", "действующий"),
}
# Of a label called so, yes is a customer who stayed.
MEANS_STAYING = re.compile(
    r"(?<!in)active|retain|stay|remain|loyal|renew|(?<!не)актив|остал|продл|лоял", re.IGNORECASE
)
MAX_WORDS_NAMED = 6


def read_label(cells: pd.Series, table: Table, params: SourceParams) -> "pd.Series[float]":
    """1 for a customer who left, 0 for one who stayed, NaN where the cell is empty.

    Raises TableError for a word that says neither, for a yes that may mean staying, and where no
    cell says anything, or all say the same.
    """
    label = str(params.label)
    words = _plain(cells)
    known = words.map(dict.fromkeys(LEFT_WORDS, 1.0) | dict.fromkeys(STAYED_WORDS, 0.0))
    values = known.astype("float64")
    if not filled(cells).any():
        raise TableError(
            f"{label}, which source.label names, is empty in all {len(cells):,} rows: without rows "
            "of which it is known who left there is nothing to learn from."
        )
    unread = cells[filled(cells) & values.isna()].astype("str").str.strip()
    if len(unread):
        raise _unreadable(unread, cells, table, params)
    _refuse_staying(words, label, table, params)
    said = values.dropna().unique()
    if len(said) == 1:
        who = LEFT if said[0] else STAYED
        raise TableError(
            f"{label}, which source.label names, says of all {values.notna().sum():,} customers "
            f"that they {who}: a model learns from both, those who left and those who stayed. "
            f"Bring "
            "the others too; if an empty cell means the other, say so below source: in "
            "params.yaml: "
            f"{_empty_means(STAYED if said[0] else LEFT, table, params)}"
        )
    return values


def _plain(cells: pd.Series) -> "pd.Series[str]":
    text = cells.astype("str").str.strip().str.lower().str.replace("ё", "е")
    return text.str.replace(r"[_\s]+", " ", regex=True).str.strip(" .!\"'").where(filled(cells))


def _unreadable(
    unread: pd.Series, cells: pd.Series, table: Table, params: SourceParams
) -> TableError:
    counts = unread.value_counts()
    named = ", ".join(f"{word} ({n:,})" for word, n in counts.head(MAX_WORDS_NAMED).items())
    more = len(counts) - MAX_WORDS_NAMED
    several = f"{named} and {more:,} more" if more > 0 else named
    every = cells[filled(cells)].astype("str").str.strip().value_counts().index
    known = _plain(pd.Series(every)).isin(LEFT_WORDS)
    if len(every) == 2 and len(counts) == 1:  # the other word says it: this one is its opposite
        word = str(counts.index[0])
        left = set() if known.any() else {word}
        cure = (
            f"If {word} means that the customer {LEFT if left else STAYED}, say so below source: "
            f"in params.yaml: {_means(left, every, table, params)}."
        )
    elif len(every) == 2:
        lines = "; ".join(
            f"where {word} means that the customer left: "
            f"{_means({str(word)}, every, table, params)}"
            for word in every
        )
        cure = f"Say which is which below source: in params.yaml, {lines}."
    elif more > 0:
        cure = (
            "If it is a number or a date, say from where on a customer counts as left, for example "
            f"{_above(unread, table, params)} below source: in params.yaml."
        )
    else:
        cure = (
            "Say which is which below source: in params.yaml, with 'left' for those who left and "
            f"'stayed' for the others: {_means(set(counts.index), every, table, params)}."
        )
    return TableError(
        f"{params.label}, which source.label names, holds in {len(unread):,} of {len(cells):,} "
        f"rows "
        f"words that do not say who left: {several}. {cure}"
    )


def _name(table: Table, params: SourceParams) -> str:
    return f"trim(CAST({own(str(params.label), table, params)} AS VARCHAR))"


def _pasted(expression: str, table: Table, params: SourceParams) -> str:
    return pasted("derive", {table.name: {str(params.label): expression}}, params)


def _means(left: set[str], every: "pd.Index[str]", table: Table, params: SourceParams) -> str:
    """The line by which some words mean that a customer left, beside those that say so."""
    plain = _plain(pd.Series(every, index=every))
    left = left | {str(word) for word in every if plain[word] in LEFT_WORDS}
    cases = " ".join(
        f"WHEN {literal(word)} THEN '{LEFT if word in left else STAYED}'" for word in every
    )
    return _pasted(f"CASE {_name(table, params)} {cases} END", table, params)


def _above(unread: pd.Series, table: Table, params: SourceParams) -> str:
    numbers = pd.to_numeric(unread, errors="coerce")
    own_name = own(str(params.label), table, params)
    middle = np.nanmedian(numbers) if numbers.notna().any() else None
    condition = f"{own_name} IS NOT NULL" if middle is None else f"{own_name} > {middle:g}"
    if middle is not None:
        condition = f"TRY_CAST({own_name} AS DOUBLE) > {middle:g}"
    return _pasted(f"CASE WHEN {condition} THEN '{LEFT}' ELSE '{STAYED}' END", table, params)


def _empty_means(who: str, table: Table, params: SourceParams) -> str:
    name = own(str(params.label), table, params)
    text = f"CAST({name} AS VARCHAR)"
    return _pasted(f"coalesce(nullif(trim({text}), ''), '{who}')", table, params)


def _refuse_staying(
    words: "pd.Series[str]", label: str, table: Table, params: SourceParams
) -> None:
    """A yes under a name such as `active` may mean that the customer stayed: nothing is guessed."""
    if label in params.derive.get(table.name, {}) or not MEANS_STAYING.search(label):
        return
    if not words.dropna().isin(TRUE_WORDS | FALSE_WORDS).all():
        return
    every = pd.Index(sorted(TRUE_WORDS & set(words)) + sorted(FALSE_WORDS & set(words)))
    name = f"lower({_name(table, params)})"
    cases = {
        who: " ".join(
            f"WHEN {literal(word)} THEN '{who if word in TRUE_WORDS else other}'" for word in every
        )
        for who, other in ((STAYED, LEFT), (LEFT, STAYED))
    }
    lines = "; ".join(
        f"where yes means that the customer {who}: "
        f"{_pasted(f'CASE {name} {cases[who]} END', table, params)}"
        for who in cases
    )
    raise TableError(
        f"{label}, which source.label names, sounds as if yes meant a customer who stayed, and the "
        f"label has to say who left. Say which it is below source: in params.yaml, {lines}."
    )
