"""Says before anything is read when memory will not do, and which setting makes it fit."""

import pyarrow.parquet as pq

from core.errors import EnvironmentProblem
from core.memory import GB, free_memory
from features.sample import rows_of
from models.params import ModelParams
from pipelines import stage

# What models take besides, and for each cell of the rows that they learn from: a line through the
# peaks of stage `train` of a simulated shop (benchmarks/scale.py) with 50,000 and 400,000 rows.
BASE, PER_CELL = 0.6 * GB, 95.0
ROUND, FEWEST = 1_000, 5_000  # rows: settings are told in thousands, and fewer teach too little


def check_memory_to_learn(params: ModelParams) -> None:
    """Raise EnvironmentProblem where training would take more memory than is free.

    Estimated from the number of rows and columns alone, which are known without reading them.
    """
    files = sorted(stage.SNAPSHOTS.glob("*.parquet"))
    free = free_memory()
    if free is None or not files:
        return
    rows = min(rows_of(files), params.max_rows)
    per_row = PER_CELL * len(pq.read_schema(files[0]).names)
    needed = BASE + rows * per_row
    if needed <= free:
        return
    fits = int((free - BASE) / per_row) // ROUND * ROUND
    cure = (
        f"Set model.max_rows: {fits} in params.yaml (the model card then says what more rows would "
        "bring), or close other programs, or take a machine with more memory."
        if fits >= FEWEST
        else "Close other programs, or take a machine with more memory."
    )
    raise EnvironmentProblem(
        f"To learn from {rows:,} rows takes about {needed / GB:.1f} GB of memory, and "
        f"{free / GB:.1f} GB are free. Nothing was read, and the last release stays in force. "
        f"{cure}"
    )
