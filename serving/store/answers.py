"""What customers answered on profiling: told to the service, and in the folder of a release."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import Connection, select

from core.files import AGREEMENTS, OBJECTIONS
from features.history.consent import PROFILING
from serving.store.work_tables import outcomes
from sources.contract import CONSENTS
from sources.meanings.vocabulary import purpose_word

AT_ONCE = 500  # ids in one statement


@dataclass(frozen=True, order=True)
class Answer:
    """A yes or no, and when it was given (UTC); the greatest counts: at the same time the no."""

    at: dt.datetime
    objects: bool


def told_answers(connection: Connection, customers: Sequence[str]) -> dict[str, Answer]:
    """The answer that counts of those that were told, by customer; who gave none is left out."""
    found: dict[str, Answer] = {}
    for start in range(0, len(customers), AT_ONCE):
        some = customers[start : start + AT_ONCE]
        query = select(outcomes.c.customer_id, outcomes.c.row).where(
            outcomes.c.table_name == CONSENTS.name, outcomes.c.customer_id.in_(some)
        )
        for who, text in connection.execute(query):
            row = json.loads(text)
            if purpose_word(row.get("purpose") or "") != PROFILING:
                continue
            at = dt.datetime.fromisoformat(row["event_time"]).replace(tzinfo=None)
            answer = Answer(at, not row["granted"])
            found[who] = max(found.get(who, answer), answer)
    return found


def agreed_in(folder: Path) -> dict[str, dt.datetime]:
    """Who agrees by the release in `folder`, and since when; nobody where it does not tell."""
    return _read(folder / AGREEMENTS, "agreed_at")


def objected_in(folder: Path) -> dict[str, dt.datetime]:
    """Who objects by the release in `folder`, and since when; nobody where it does not tell."""
    return _read(folder / OBJECTIONS, "objected_at")


def _read(file: Path, time: str) -> dict[str, dt.datetime]:
    if not file.exists():
        return {}
    table = pq.read_table(file, columns=["customer_id", time])
    ids, times = table["customer_id"].to_pylist(), table[time].to_pylist()
    return dict(zip(ids, times, strict=True))
