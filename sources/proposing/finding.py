"""Finds the tables below a path, as `look` sees them, ready to be recognised."""

from pathlib import Path

import pandas as pd

from core.errors import SourceError
from sources.formats.looking import MAX_FILES, Looked, candidates, look
from sources.formats.opening import MARK, Address, opened
from sources.proposing.contents import MOST_READ
from sources.proposing.seen import Seen


def tables_below(path: Path) -> tuple[list[Seen], list[tuple[str, str]]]:
    """The tables of a file or folder, and what could not be read there, each with the reason.

    Raises SourceError where nothing can be read, or there are too many files to look at.
    """
    if path.is_dir():
        files = candidates(path)
        if len(files) > MAX_FILES:
            raise SourceError(
                f"{path} holds {len(files):,} files that may be tables, more than the {MAX_FILES} "
                "that are looked at: put those of one company's orders and customers into a folder "
                "of their own, or name one file."
            )
    found = look(path)
    folder = path if path.is_dir() else path.parent
    tables = [_seen(folder, looked) for looked in found if not looked.refusal and looked.rows]
    empty = [looked for looked in found if looked.refusal or not looked.rows]
    refused = [(o.address, o.refusal or f"{o.address} has a header but no rows.") for o in empty]
    if not tables:
        told = " ".join(why for _, why in refused[:3])
        raise SourceError(
            told or f"{path} holds no table: bring CSV, Excel, Parquet or JSON lines."
        )
    return tables, refused


def _seen(folder: Path, looked: Looked) -> Seen:
    def first_rows() -> pd.DataFrame:
        file, *inner = looked.address.split(MARK)
        with opened(Address(folder, file, tuple(inner))) as (connection, table):
            relation = table.relation(list(looked.columns))
            return connection.sql(
                f"SELECT COLUMNS(*)::VARCHAR FROM {relation} LIMIT {MOST_READ}"
            ).df()

    return Seen(looked.address, looked.sample, looked.rows, first_rows)
