"""A simulated company of any size whose truth is known, written below `simulated/` on first use.

`simulated/<company>/tables` holds the tables of the contract; the truth that was planted lies
beside it in `truth`, where no stage reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd

from sources.contract import TABLES
from sources.cures import literal
from sources.duck import connect
from sources.kinds.simulator.writing import TABLES as FOLDER
from sources.kinds.simulator.writing import simulate
from sources.params import SimulatorParams, SourceParams
from sources.tables.cutting import RawParts, Scan, cut
from sources.tables.mapping import kinds_of

SIMULATED = Path("simulated")


def company_folder(params: SimulatorParams) -> Path:
    """Where the company of these parameters lies, whether or not it was simulated yet."""
    parts = (params.world, params.customers, params.days, params.seed)
    return SIMULATED / "-".join(map(str, parts))


def files(params: SourceParams) -> dict[str, Path]:
    """The tables the contract knows, by file name; simulates the company where it is missing."""
    company = params.simulator
    folder = company_folder(company)
    if not folder.exists():
        SIMULATED.mkdir(exist_ok=True)
        simulate(folder, company.world, company.customers, company.days, company.seed)
    found = {name: folder / FOLDER / f"{name}.parquet" for name in TABLES}
    return {path.name: path for path in found.values() if path.exists()}


def describe(params: SourceParams) -> str:
    """What was simulated."""
    company = params.simulator
    return (
        f"simulated {company.world}: {company.customers:,} customers, {company.days} days, "
        f"seed {company.seed}"
    )


def load(params: SourceParams) -> dict[str, pd.DataFrame]:
    """The tables, as the contract names them."""
    return {path.stem: pd.read_parquet(path) for path in files(params).values()}


def load_in_parts(params: SourceParams, room: Path) -> dict[str, pd.DataFrame | RawParts]:
    """The same, with large tables in parts below `room`."""
    found: dict[str, pd.DataFrame | RawParts] = {}
    for path in files(params).values():
        whole = partial(pd.read_parquet, path)
        table = TABLES[path.stem]
        found[path.stem] = cut([partial(_scan, path)], table, [path], room / table.name, whole)
    return found


@contextmanager
def _scan(path: Path) -> Iterator[Scan]:
    with connect() as connection:
        select = f"SELECT * FROM read_parquet({literal(path)})"
        yield Scan(connection, select, list(kinds_of(connection, select)))
