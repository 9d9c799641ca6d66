"""Phone and e-mail in the store: of the current release, read for one customer at a time.

They are on no card, so that no list, export or other release holds them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, select

from core.files import CONTACT_DETAILS as FILE
from core.rows import batches
from serving.store.database import writing
from serving.store.kept_out import without_those_out
from serving.store.tables import CONTACT_DETAILS, release_parts
from serving.store.versions import write_part

PART = 8_192  # rows


def load_contact_details(engine: Engine, number: int, folder: Path) -> None:
    """Keep those of a release folder; nothing where it tells none.

    To be called after `load_histories`, which removes what an earlier call has kept. Who is kept
    out of releases is left out.
    """
    file = folder / FILE
    if not file.exists():
        return
    for part, rows in enumerate(batches(file, PART)):
        with writing(engine) as connection:
            texts = [rows[name].cast(pa.string()) for name in rows.column_names]
            rows = pa.table(texts, names=rows.column_names)
            rows = without_those_out(connection, rows)
            if len(rows):
                write_part(connection, number, CONTACT_DETAILS, part, rows)


def contact_details_of(connection: Connection, number: int, customer_id: str) -> Mapping[str, Any]:
    """`phone` and `email` of one customer, as far as the release tells them."""
    query = select(release_parts.c.content).where(
        release_parts.c.number == number,
        release_parts.c.kind == CONTACT_DETAILS,
        release_parts.c.first_id <= customer_id,
        release_parts.c.last_id >= customer_id,
    )
    for content in connection.scalars(query).all():
        table = pa.ipc.open_file(pa.BufferReader(content)).read_all()
        found = table.filter(pc.equal(table["customer_id"], customer_id)).to_pylist()
        if found:
            return {name: cell for name, cell in found[0].items() if name != "customer_id"}
    return {}
