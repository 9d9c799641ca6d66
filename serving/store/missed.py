"""Who turned out otherwise than told, kept beside a release: figures, and the customers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Connection, Engine, delete, select

from serving.cards.missed import KeptMissed
from serving.store.database import writing
from serving.store.kept_out import without_those_out
from serving.store.published import find_release, write_info
from serving.store.reading import with_part
from serving.store.tables import MISSED, release_parts, releases
from serving.store.versions import read_parts, write_part

PART = 8_192  # rows
_TEXT = pa.string()
SCHEMA = pa.schema(
    [
        ("customer_id", _TEXT),
        ("list_id", _TEXT),
        ("kind", _TEXT),
        ("as_of_date", pa.date32()),
        ("churn_risk", pa.float64()),
        ("reason", _TEXT),
        ("reason_direction", _TEXT),
        ("rfm_segment", _TEXT),
        ("abc_class", _TEXT),
        ("lost", pa.float64()),
    ]
)


def keep_missed(
    engine: Engine, release_id: str, report: Mapping[str, Any], customers: Path
) -> None:
    """Keep them with a release that is published, in place of what was kept before.

    `customers` is a Parquet file with the columns of SCHEMA; who is kept out is left out. Raises
    ValueError for a report or a file that breaks its schema, StoreError when the store does not
    work.
    """
    checked = KeptMissed.model_validate(report).model_dump(mode="json")
    found = pq.read_table(customers).replace_schema_metadata(None)
    rows = pa.table([found[name].cast(kind) for name, kind in _columns()], schema=SCHEMA)
    its = releases.c.release_id == release_id
    with writing(engine) as connection:
        kept = without_those_out(connection, rows)
        for number, info in connection.execute(
            select(releases.c.number, releases.c.info).where(its)
        ):
            write_info(connection, number, {**info, MISSED: checked})
            old = (release_parts.c.number == number, release_parts.c.kind == MISSED)
            connection.execute(delete(release_parts).where(*old))
            for part, start in enumerate(range(0, len(kept), PART)):
                write_part(connection, number, MISSED, part, kept.slice(start, PART))


def keeps_missed(engine: Engine, release: str | None = None) -> bool:
    """Whether a list is kept with a release. Raises as `current`."""
    found = with_part(engine, MISSED, release)[1]
    return bool(found and found["lists"])


def missed_rows(connection: Connection, release: str | None, wanted: Mapping[str, str]) -> pa.Table:
    """The customers kept with a release, of these values only, the dearest first."""
    found = find_release(connection, release)
    rows = read_parts(connection, found.number, MISSED)
    if "list_id" not in rows.column_names:
        return SCHEMA.empty_table()
    for name, value in wanted.items():
        rows = rows.filter(pc.equal(rows[name], value))
    order = [("lost", "descending"), ("churn_risk", "descending"), ("customer_id", "ascending")]
    return rows.sort_by(order)


def _columns() -> list[tuple[str, pa.DataType]]:
    return [(field.name, field.type) for field in SCHEMA]
