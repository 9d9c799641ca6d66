"""Rows whose time lies so far from all others that it must be a typing error.

    2012-03-05 among orders from 2022-01-01 on      set aside: it would stretch the history
    2026-05-01 after orders up to 2023-12-31        set aside: everybody would seem to have left
    3 test orders half a year before the opening    stay, and so does all on both sides of a closure

This is the only place that decides it: a row set aside here stretches no span, history or score
date later.
"""

import numpy as np
import pandas as pd

from sources.contract import Table
from sources.written.reading import no_reasons

FAR = "is far from all others"
LEAST = 50  # orders or rows, of which one far from the others says nothing
ONE_IN = 1_000  # so few of them at most are a slip, and one in any case
MAX_STRAY_DAYS = 20
TIMES = 3  # as long as the longest pause among the others, or longer, is far
# Days of pause that are never far. Tests before the opening come months before it; after the last
# days of the data hardly anything is to be expected.
BEFORE, AFTER = 365, 30
# What stands alone elsewhere does so for good reasons, and counts: an old contract that still runs,
# an objection, a complaint that is still open, a first contact after a pause.
WITHOUT = ("orders", "events")


def stray_times(rows: pd.DataFrame, table: Table, of: "pd.Series[bool]") -> "pd.Series[str]":
    """Why a row is not part of its table's history (else empty), of the rows `of`.

    Lines of one order count as one. A few orders are set aside where the pause between them and the
    others is TIMES the longest pause among these; more than a few never are.
    """
    reasons = no_reasons(rows)
    if table.name not in WITHOUT:
        return reasons
    there = rows[of & rows[table.time].notna()]
    times = there[table.time]
    single = [column for column in table.key if column != "line_id" and column in there]
    once = times[~there.duplicated([*single, table.time])].sort_values(kind="stable")
    if len(once) < LEAST:
        return reasons
    days = once.to_numpy("datetime64[s]").astype(np.int64) / 86_400
    few = min(max(len(days) // ONE_IN, 1), MAX_STRAY_DAYS)
    pauses = np.diff(days)
    usual = TIMES * pauses[few : len(pauses) - few].max()
    early = np.flatnonzero(pauses[:few] > max(usual, BEFORE))
    late = np.flatnonzero(pauses[len(pauses) - few :] > max(usual, AFTER))
    if len(early):
        reasons[there.index[times <= once.iloc[early[-1]]]] = _far(table, once.iloc[early[-1] + 1])
    if len(late):
        first = len(pauses) - few + late[0] + 1
        reasons[there.index[times >= once.iloc[first]]] = _far(table, once.iloc[first - 1])
    return reasons


def _far(table: Table, nearest: pd.Timestamp) -> str:
    return f"{table.time} {FAR}: the nearest is of {nearest:%Y-%m-%d}"
