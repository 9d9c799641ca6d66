"""The outcome of a test as numbers: money as people write it, yes and no, bought and not bought."""

import re

import numpy as np
import pandas as pd

from actions.report.said import Said
from core.errors import TrialError
from core.params import TOO_LARGE
from sources.meanings.missing import ALSO_MISSING
from sources.meanings.vocabulary import FALSE_WORDS, TRUE_WORDS
from sources.written.numbers import NOT_A_NUMBER, marks, read_numbers
from sources.written.reading import filled

NUMBERS = 0.5  # share of the known cells that are numbers where others are mistakes
MAX_NAMED = 5
NEGATION = re.compile(r"^(?:not?|non|never|did not|didn't|не|нет)[\s_-]*|^(?:un|in)(?=\w{4})")
YES = TRUE_WORDS | {
    *(
        "converted",
        "conversion",
        "bought",
        "purchased",
        "buyer",
        "success",
        "responded",
        "retained",
    ),
    *("stayed", "clicked", "visited", "купил", "купила", "куплено", "успех", "остался", "осталась"),
    *("ответил", "ответила", "пришел", "пришла"),
}
NO = FALSE_WORDS | {
    *("none", "nothing", "failure", "failed", "ignored", "lost", "left", "churned", "lapsed"),
    *("ничего", "ушел", "ушла", "отказ", "потерян", "потеряна"),
}


def read_outcome(
    cells: pd.Series, name: str, others: pd.DataFrame, numbers: str | None, success: str | None
) -> tuple["pd.Series[float]", list[Said]]:
    """Outcomes (n,) as numbers, NaN where there is none, and what was made of odd cells.

    `success` is the word that counts as 1, where there is one; `numbers` a number as this file
    writes it, where its decimal mark cannot be seen; `others` are columns that may show the mark.
    Raises TrialError for words of which nothing says which is the success, for numbers whose mark
    nothing shows, and for some that are too large to be true.
    """
    values, said = _read(cells, name, others, numbers, success)
    huge = values.abs() >= TOO_LARGE
    if huge.any():
        raise TrialError(
            f"{name} is too large to be true in {int(huge.sum()):,} of {len(cells):,} rows, such "
            f"as {cells[huge].iloc[0]}: mend these cells, or empty them if nothing is known."
        )
    return values, said


def _read(
    cells: pd.Series, name: str, others: pd.DataFrame, numbers: str | None, success: str | None
) -> tuple["pd.Series[float]", list[Said]]:
    if success is not None:
        return _by_word(cells, name, success), []
    if pd.api.types.is_bool_dtype(cells) or pd.api.types.is_numeric_dtype(cells):
        values = pd.to_numeric(cells, errors="coerce").astype("float64")
        return values.mask(np.isinf(values)), []
    if pd.api.types.is_datetime64_any_dtype(cells):
        raise TrialError(
            f"{name} holds dates. An outcome is a number or a yes and no: add a column such as "
            "1 where the customer bought by a date, else 0."
        )
    words = cells.astype("str").str.strip().str.lower().str.replace("ё", "е").where(filled(cells))
    words = words.mask(words.isin(ALSO_MISSING))
    distinct = [str(word) for word in words.dropna().unique()[: MAX_NAMED + 20]]
    if not distinct:
        raise TrialError(f"{name} is empty in all {len(cells):,} rows: nothing was measured yet.")
    told = _yes_and_no(distinct) if len(distinct) <= MAX_NAMED else None
    if told is not None:
        return words.map(told).astype("float64"), []
    return _numbers(cells.mask(words.isna()), name, others, numbers)


def _by_word(cells: pd.Series, name: str, success: str) -> "pd.Series[float]":
    words = cells.astype("str").str.strip().str.casefold()
    found = (words == success.strip().casefold()).astype("float64")
    if not found.any():
        seen = ", ".join(map(str, cells.dropna().unique()[:MAX_NAMED]))
        raise TrialError(f"--success {success}: no cell of {name} holds it. It holds: {seen}.")
    return found.where(filled(cells))


def _yes_and_no(words: list[str]) -> dict[str, float] | None:
    """What a few words mean, 1 or 0; None where they do not say it."""
    found = {word: 1.0 if word in YES else 0.0 for word in words if word in YES | NO}
    for word in words:
        bare = NEGATION.sub("", word)
        # "not bought" beside "bought"
        if word not in found and bare != word and (bare in words or bare in YES):
            found[word] = 0.0
            if bare in words:
                found.setdefault(bare, 1.0)
    numeric = all(re.fullmatch(r"[\d.,\s-]+", word) for word in words)
    return found if len(found) == len(words) and not numeric else None


def _numbers(
    cells: pd.Series, name: str, others: pd.DataFrame, numbers: str | None
) -> tuple["pd.Series[float]", list[Said]]:
    texts = {str(column): others[column] for column in others.columns}
    declared = {name: numbers} if numbers else {}
    reading = read_numbers(cells, marks({name: cells, **texts}, declared).get(name))
    odd = reading.reasons != ""
    unmarked = odd & (reading.reasons != NOT_A_NUMBER)
    if unmarked.any():
        raise TrialError(
            f"{name} {reading.reasons[unmarked].iloc[0]} ({int(unmarked.sum()):,} cells, such as "
            f'{cells[unmarked].iloc[0]}). Say it with --numbers "1,234.56" or --numbers "1.234,56".'
        )
    known = int(filled(cells).sum())
    seen = ", ".join(map(str, cells[odd].astype("str").str.strip().unique()[:MAX_NAMED]))
    if odd.sum() > (1 - NUMBERS) * known:
        raise TrialError(
            f"{name} holds words that do not say what is a success: {seen}. Name the one that is "
            f'with --success "{cells[odd].iloc[0]}".'
        )
    values = reading.values.mask(np.isinf(reading.values))
    if not odd.any():
        return values, []
    return values, [Said("odd_outcomes", {"count": int(odd.sum()), "column": name, "cells": seen})]
