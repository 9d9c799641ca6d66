"""By when something is to be done with each customer: what is overdue, due today, or to come."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from serving.store.list_index import NO_DAY, ListIndex, since_1970
from serving.store.published import Found
from serving.work.overrides import kept_from_contact
from serving.work.task_reading import task_states
from sources.meanings.vocabulary import HOLDOUT


def left_alone(connection: Connection, index: ListIndex) -> np.ndarray:
    """The rows of those whom nobody is to contact today, also where a task of theirs is taken.

    They are held back to compare, or somebody asks that nobody contacts them.
    """
    rows: np.ndarray = index.has("arm", [HOLDOUT]) | index.rows_of(kept_from_contact(connection))
    return rows


def due_days(connection: Connection, found: Found, index: ListIndex) -> np.ndarray:
    """By row of the index the day (days since 1970) by which its task is to be done.

    NO_DAY where nobody is to be contacted, by the plan or by a person's word, the task is closed or
    put off, or has no day. A task that nobody has begun counts from the card on.
    """
    is_planned = index.to_contact()
    days = np.where(is_planned, index.numbers("due_date"), NO_DAY)
    states = task_states(connection, found)
    days[index.rows_of(states.state)] = NO_DAY
    is_begun = index.rows_of(states.by_state.get("taken", ()))
    dated = {who: day for who, day in states.due_on.items() if day is not None}
    rows, own = _by_row(index, dated)
    days[rows] = np.where((is_planned | is_begun)[rows], own, NO_DAY)
    days[left_alone(connection, index)] = NO_DAY
    return days


def _by_row(index: ListIndex, days: Mapping[str, dt.date]) -> tuple[np.ndarray, np.ndarray]:
    """The rows of those who are there, and the day of each."""
    place = pc.fill_null(pc.index_in(pa.array(list(days), pa.string()), index.ids), -1).to_numpy()
    own = np.array([since_1970(day) for day in days.values()], np.int64)
    return place[place >= 0], own[place >= 0]
