"""The user's folder, as a test writes it."""

from sources.kinds.files import load
from sources.params import SourceParams
from sources.tables.check_tables import check_tables

HEADER = "customer_id,order_id,event_time,amount\n"


def write(folder, **tables):
    """One file a table: text and bytes as CSV, frames as Parquet; returns the folder's params."""
    for name, content in tables.items():
        if isinstance(content, str):
            content = content.encode()
        if isinstance(content, bytes):
            (folder / f"{name}.csv").write_bytes(content)
        else:
            content.to_parquet(folder / f"{name}.parquet")
    return params(folder)


def params(folder, **changes):
    """Parameters of a source of kind `files`."""
    return SourceParams(kind="files", path=str(folder), **changes)


def checked(of_params):
    """What the check makes of the folder."""
    return check_tables(load(of_params), of_params)
