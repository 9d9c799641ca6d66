"""What a file became for DuckDB: a plain CSV or a Parquet file that it can scan."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sources.cures import literal
from sources.formats.signatures import Format
from sources.formats.trimming import NOTHING, Trimmed

TYPES = "auto_type_candidates=['BOOLEAN', 'BIGINT', 'DOUBLE', 'VARCHAR']"


@dataclass(frozen=True)
class Opened:
    """One table of one file. `place` is read by DuckDB; `name` is what messages call it.

    `format` is what the user's file is, `scanned` what lies at `place`. Of CSV: `encoding` and
    `separator` (None where there is one column).
    """

    place: Path
    name: str
    format: Format
    scanned: Literal["csv", "parquet"]
    encoding: str | None = None
    separator: str | None = None
    trimmed: Trimmed = NOTHING
    columns: tuple[str, ...] = ()

    def relation(self, as_text: list[str]) -> str:
        """What DuckDB reads FROM; these columns of a CSV are taken as text."""
        place = literal(self.place)
        if self.scanned == "parquet":
            return f"read_parquet({place})"
        # sample_size=-1 reads the whole file before deciding on types: a late odd value is not an
        # error but makes the column text, and the check then names the rows.
        # Dates stay text: which of 3/4/2017 is the month is for source.derive to say.
        columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in as_text)
        types = f", types={{{columns}}}" if columns else ""
        by = f", delim={literal(self.separator)}" if self.separator else ""
        if self.columns and set(self.columns) <= set(as_text):
            types = ", all_varchar=true"  # no type is looked for, so the file is read once
        # comment='': of orders #1001, #1002 and one without a number all but the last would be
        # taken for remarks.
        options = f"header=true, comment='', sample_size=-1{by}"
        return f"read_csv({place}, {options}, {TYPES}{types})"
