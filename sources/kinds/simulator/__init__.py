"""A simulated company of any size whose truth is known, written below `simulated/` on first use.

`simulated/<company>/tables` holds the tables of the contract; the truth that was planted lies
beside it in `truth`, where no stage reads.
"""

from pathlib import Path

import pandas as pd

from sources.contract import TABLES
from sources.kinds.simulator.writing import TABLES as FOLDER
from sources.kinds.simulator.writing import simulate
from sources.params import SimulatorParams, SourceParams

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
