"""What is added up over the parts of a table, so that never more than one part is in memory."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.rows import Rows

Numbers = npt.NDArray[np.float64]


def added_up(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The sums by label of tables of numbers, sorted by label; there is at least one table.

    Those that wait are added once they are as many as the labels known so far: each label is then
    added a few times only, and memory holds about two rows a label, however many parts there are.
    """
    total, waiting, rows = pd.DataFrame(), [], 0
    for part in parts:
        waiting.append(part)
        rows += len(part)
        if rows > len(total):
            total, waiting, rows = _sums([total, *waiting]), [], 0
    return _sums([total, *waiting]).sort_index(kind="stable")


def in_one_array(
    rows: Rows, columns: Sequence[str], numbers: Callable[[pd.DataFrame], pd.Series]
) -> Numbers:
    """The numbers that are made of each part, at most one a row: 8 bytes each, for quantiles."""
    found, end = np.empty(len(rows)), 0
    for part in rows.parts(columns):
        made = numbers(part)
        found[end : end + len(made)] = made
        end += len(made)
    return found[:end]


def _sums(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    rows = pd.concat([table for table in tables if len(table)] or tables[-1:])
    return rows.groupby(level=0, sort=False).sum()
