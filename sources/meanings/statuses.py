"""Orders that never became purchases: cancelled, failed, unpaid, returned, tests.

The contract has no column for a status. This module looks at the other columns of an export: words
such as `wc-cancelled` or `Отменён` in any column of few values, columns named like `is_test` or
`Cancelled at`, and columns named like `paid` or `Проведен` that say no.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from sources.contract import ORDERS
from sources.cures import filtered, literal, named, own
from sources.meanings.missing import ALSO_MISSING
from sources.meanings.vocabulary import FALSE_WORDS, TRUE_WORDS
from sources.notes import Note, Said
from sources.params import SourceParams

MOST_WORDS = 50  # different values of a column of statuses; of more it is names or remarks
MOST_SHOWN = 5  # values named in the sentence
MOST_NAMED = 12  # values written into a condition; of more it is dates
LONGEST_WORD = 60
MUCH = 0.05  # share of the rows from which it is an error
MOST_FLAGGED = 0.5  # share of the rows that a flag can be about; of more it means another thing
NO_PURCHASE = re.compile(
    r"(?<![^\W_])(?:cancel\w*|cancelad[oa]|anul\w*|annul\w*|storn\w*|abgebrochen|void\w*|fail\w*|"
    r"declin\w*|reject\w*|refund(?:ed)?|reversed|charge[ _-]?back|abandoned|aborted|expired|"
    r"deleted|trash\w*|draft|fraud\w*|un[ _-]?paid|not[ _-]paid|returned|test|testing|dummy|"
    r"отмен\w*|аннулир\w*|отказ\w*|отклон\w*|возврат|возвращен\w*|не[ _-]?оплач\w*|"
    r"не[ _-]?проведен\w*|не[ _-]?выкуп\w*|не[ _-]?доставл\w*|удален\w*|черновик|сторн\w*|брак|"
    r"просроч\w*|тест|тестов\w*)(?![^\W_])"
)
PART_OF_IT = re.compile(r"partial|part[ _-]|частичн|\bno\b|\bnot (?!paid)|\bбез\b|never|никогда")
CANCEL_NAMES = re.compile(
    r"cancel|anul|annul|storn|void|deleted|(?<![^\W_])test(?![^\W_])|istest|fraud|"
    r"отмен|аннул|сторн|удален|(?<![^\W_])тест|пометкаудал"
)
DONE_NAMES = re.compile(
    r"(?<![^\W_])(?:is[ _]?)?paid(?![^\W_])|(?<![^\W_])posted(?![^\W_])|completed|"
    r"(?<![^\W_])оплачен|(?<![^\W_])проведен|(?<![^\W_])выкуплен"
)
NO_FLAGS = ALSO_MISSING | FALSE_WORDS | {""}
YES_FLAGS = TRUE_WORDS | {"x", "+"}  # a mark in a form


@dataclass(frozen=True)
class _Found:
    """Rows of one column that are no purchases, the condition that keeps the others, the words."""

    column: str
    rows: "pd.Series[bool]"
    keeps: str
    words: str


def unfinished_orders(raw: pd.DataFrame, params: SourceParams) -> tuple[Note, ...]:
    """One note for each column which says that some orders are no purchases."""
    found = [
        unfinished
        for column in raw.columns
        if column not in ORDERS.columns
        for cells, sql in [_on_all_lines(str(column), raw, params)]
        for look in (_by_words, _by_flag, _by_missing_flag)
        if (unfinished := look(str(column), cells, sql)) is not None
    ]
    # One column speaks once, and all of them in one condition.
    once = list({kept.column: kept for kept in reversed(found)}.values())[::-1]
    line = filtered([kept.keeps for kept in once], ORDERS, params)
    return tuple(
        Note(
            "not_a_purchase",
            "error" if kept.rows.mean() >= MUCH else "warning",
            kept.column,
            int(kept.rows.sum()),
            f"{kept.rows.mean():.1%} of the rows count as purchases though {kept.column} says "
            f"{kept.words}",
            f"If such an order brings no money, leave it out; in params.yaml, below source: {line}",
            Said(
                "not_a_purchase",
                share=float(kept.rows.mean()),
                column=kept.column,
                words=kept.words,
                line=line,
            ),
        )
        for kept in once
    )


def _on_all_lines(column: str, raw: pd.DataFrame, params: SourceParams) -> tuple[pd.Series, str]:
    """The cells of a column, and SQL for them.

    Where an export writes them on one line of an order alone, they are those of all its lines:
    the others would stay behind, as lines of nobody.
    """
    cells, name = raw[column], named(column)
    if "order_id" not in raw or cells.notna().all():
        return cells, name
    by_order = cells.groupby(raw["order_id"], sort=False)
    spread = cells.where(cells.notna(), by_order.transform("first"))
    if spread.notna().sum() == cells.notna().sum() or (by_order.nunique() > 1).any():
        return cells, name
    return spread, f"max({name}) OVER (PARTITION BY {own('order_id', ORDERS, params)})"


def _by_words(column: str, cells: pd.Series, sql: str) -> _Found | None:
    """A column of few words, some of which mean that nothing was bought."""
    if not _is_text(cells):
        return None
    words = cells.dropna().unique()
    if len(words) > MOST_WORDS or max(map(len, words), default=0) > LONGEST_WORD:
        return None
    bad = [word for word in words if _means_no_purchase(word)]
    if not bad or len(bad) == len(words) == 1:
        return None
    rows = cells.isin(bad)
    counts = cells[rows].value_counts().head(MOST_SHOWN)
    listed = ", ".join(f"{str(word).strip()} ({n:,})" for word, n in counts.items())
    return _Found(column, rows, _none_of(sql, bad), listed)


def _by_flag(column: str, cells: pd.Series, sql: str) -> _Found | None:
    """A column such as is_test, or Cancelled at, that is filled for some."""
    if not CANCEL_NAMES.search(_plain(column)):
        return None
    is_number = pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells)
    if is_number and cells.dropna().nunique() > 2:
        return None  # an amount
    rows = ~_is_any(cells, NO_FLAGS.__contains__)
    return _flagged(column, cells, sql, rows, "so")


def _by_missing_flag(column: str, cells: pd.Series, sql: str) -> _Found | None:
    """A column such as paid that says no for some; a date that is missing says nothing."""
    if not DONE_NAMES.search(_plain(column)) or CANCEL_NAMES.search(_plain(column)):
        return None
    if not _is_any(cells.dropna(), (YES_FLAGS | NO_FLAGS).__contains__).all():
        return None
    rows = cells.notna() & _is_any(cells, NO_FLAGS.__contains__)
    return _flagged(column, cells, sql, rows, "no")


def _flagged(
    column: str, cells: pd.Series, sql: str, rows: "pd.Series[bool]", word: str
) -> _Found | None:
    if not 0 < rows.mean() <= MOST_FLAGGED:
        return None
    flags = cells[rows].dropna().unique()
    if not _is_text(cells) and len(flags) == 1 and len(cells.dropna().unique()) <= 2:
        value = str(flags[0]).lower() if pd.api.types.is_bool_dtype(cells) else f"{flags[0]:g}"
        return _Found(column, rows, f"{sql} IS DISTINCT FROM {value}", word)
    if _is_text(cells) and len(flags) <= MOST_NAMED:
        return _Found(column, rows, _none_of(sql, list(flags)), word)
    return _Found(column, rows, f"{sql} IS NULL", word)


def _none_of(sql: str, words: list[str]) -> str:
    listed = ", ".join(literal(word) for word in sorted(words))
    return f"coalesce({sql}, '') NOT IN ({listed})"


def _means_no_purchase(word: str) -> bool:
    plain = _plain(word)
    return bool(NO_PURCHASE.search(plain)) and not PART_OF_IT.search(plain)


def _plain(text: str) -> str:
    return text.strip().lower().replace("ё", "е")


def _is_text(cells: pd.Series) -> bool:
    return bool(
        (pd.api.types.is_object_dtype(cells) or pd.api.types.is_string_dtype(cells))
        and cells.dropna().map(lambda cell: isinstance(cell, str)).all()
    )


def _is_any(cells: pd.Series, is_one: Callable[[str], bool]) -> "pd.Series[bool]":
    """Which cells are one of the words; an empty cell is the word of no letters."""
    text = cells.astype("str").where(cells.notna(), "").str.strip().str.lower()
    return text.map({word: is_one(word) for word in text.unique()}).astype(bool)
