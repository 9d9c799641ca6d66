"""A ready table: one file whose rows hold features and a label already made.

source: {kind: table, path: telco.csv, label: Churn, customer: customerID}
path: book.xlsx#Sheet1 or all.zip#customers.csv     where a file holds several tables
"""

from pathlib import Path

import pandas as pd

from core.errors import SourceError
from sources.contract import READY
from sources.formats.opening import MARK, Address, tables_in
from sources.formats.signatures import OF_SUFFIX
from sources.kinds.files import read_address
from sources.params import SourceParams
from sources.ready.layout import WRITTEN_ON, layout
from sources.written.encodings import AUTO, encoding_of

MOST_NAMED = 12  # files of a folder that a message names


def files(params: SourceParams) -> dict[str, Path]:
    """The file that is read. Raises SourceError where it is missing or a folder."""
    address = _address(params)
    return {address.file: address.path}


def describe(params: SourceParams) -> str:
    """The file that is read, and its encoding where that is not UTF-8."""
    address = _address(params)
    told = f"table {params.path}"
    is_csv = not address.inner and OF_SUFFIX.get(address.path.suffix.lower()) == "csv"
    if not is_csv or params.encoding != AUTO:
        return told
    found = encoding_of(address.path)
    return told if found in ("utf-8", None) else f"{told} read as {found}"


def load(params: SourceParams) -> dict[str, pd.DataFrame]:
    """The table under the name `table`, filtered and derived; its attribute says when it was saved.

    Raises SourceError for a file that is empty or unreadable, and for an expression that fails.
    """
    address = _only_table(_address(params), params)
    frame = read_address(address, layout(params), params)
    day = pd.Timestamp(address.path.stat().st_mtime, unit="s").normalize()
    frame.attrs[WRITTEN_ON] = f"{day:%Y-%m-%d}"
    return {READY: frame}


def _only_table(address: Address, params: SourceParams) -> Address:
    """The address; of a workbook or zip with one table, that table."""
    tables = tables_in(address)
    if len(tables) > 1:
        path = str(params.path).split(MARK)[0]
        lines = ", ".join(f'"{MARK.join((path, *one.inner))}"' for one in tables[:MOST_NAMED])
        raise SourceError(
            f"{address.name} holds {len(tables)} tables. Name one of them, below source: in "
            f"params.yaml, as path: {lines}."
        )
    return tables[0]


def _address(params: SourceParams) -> Address:
    """The file, and the sheet or member in it that params.yaml names behind a #."""
    path, *inner = (params.path or "").split(MARK)
    file = Path(path).expanduser()
    if file.is_dir():
        names = sorted(one.name for one in file.iterdir())
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        raise SourceError(
            f"source.path in params.yaml names the folder {file}: with kind: table it names one "
            f"file. The folder holds {', '.join(names[:MOST_NAMED]) or 'nothing'}{more}."
        )
    if not file.is_file():
        raise SourceError(
            f"source.path in params.yaml names {file}, which is not there. Paths are relative to "
            "the project's folder."
        )
    return Address(file.parent, file.name, tuple(inner))
