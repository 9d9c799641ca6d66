"""Purchases of each row as numbers for a recurrent model: one step a purchase day, and its end."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

MAX_STEPS = 64  # of a longer history the latest purchase days are read
YEAR = 365.25

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sequences:
    """Steps (n, length, inputs), zero after the last; lengths (n,); what stands at the end (n, k).

    A step has the log of the days since the purchase before, whether there was none before, the log
    of the days to the as-of date, the season of the day, and where the data has amounts the log of
    the amount and whether it is known. At the end stand the silence since the last purchase, the
    days since the first and the number of purchase days, in logs, and the season of the as-of date.
    """

    steps: FloatArray
    lengths: npt.NDArray[np.int32]
    ends: FloatArray


def sequences(rows: pd.DataFrame) -> Sequences:
    """The sequences of rows that benchmarks.timelines has given their purchases."""
    counts = rows["purchase_ages"].map(len).to_numpy(np.int64)
    place = np.repeat(np.arange(len(rows)), counts)
    which = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    ages = _flat(rows["purchase_ages"])
    as_of = rows["as_of_date"].dt.day_of_year.to_numpy(np.float64)
    gaps = np.where(which == 0, 0.0, -np.diff(ages, prepend=0.0))
    columns = [np.log1p(gaps), which == 0, np.log1p(ages), *_season(as_of[place] - ages)]
    if "purchase_amounts" in rows:
        amounts = _flat(rows["purchase_amounts"])
        told = np.isfinite(amounts)
        columns += [np.log1p(np.where(told, amounts, 0.0).clip(0.0)), told]
    # Of a long history the first are left out.
    step = which - np.maximum(counts - MAX_STEPS, 0)[place]
    read = step >= 0
    steps = np.zeros((len(rows), MAX_STEPS, len(columns)), np.float32)
    steps[place[read], step[read]] = np.column_stack(columns)[read]
    first, last = np.zeros(len(rows)), np.zeros(len(rows))
    first[place[which == 0]] = ages[which == 0]
    last[place] = ages  # the last one written stays
    ends = np.column_stack([*np.log1p([last, first, counts]), *_season(as_of)])
    lengths = np.minimum(counts, MAX_STEPS).astype(np.int32)
    return Sequences(steps, lengths, ends.astype(np.float32))


def _flat(lists: "pd.Series[Any]") -> npt.NDArray[np.float64]:
    return np.concatenate([np.asarray(one, np.float64) for one in lists])


def _season(day: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    """The place in the year of a day (n,), as sine and cosine."""
    turn = 2.0 * np.pi * day / YEAR
    return np.sin(turn), np.cos(turn)
