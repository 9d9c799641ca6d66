"""Compares the features of two engines: whole numbers exactly, others to 1e-9.

python -m benchmarks.agreement FOLDER_OF_OURS FOLDER_OF_ANOTHER
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.orders import AS_OF_DATES

TOLERANCE = 1e-9
KEYS = ("customer_id", "as_of_date", "split")


def compare(ours: Path, other: Path) -> list[str]:
    """The columns that both folders have and agree on, at every as-of date.

    Raises ValueError for another cohort, or another value, naming the first of them.
    """
    columns: list[str] = []
    for as_of in AS_OF_DATES:
        left, right = (_read(folder, f"{as_of}") for folder in (ours, other))
        if not left.index.equals(right.index):
            raise ValueError(f"{as_of}: {len(left)} customers of ours, {len(right)} of the other")
        columns = [name for name in right.columns if name in left.columns]
        for name in columns:
            wrong = ~_same(left[name], right[name])
            if wrong.any():
                first = wrong.idxmax()
                raise ValueError(
                    f"{as_of}: {name} of {first} is {left[name][first]} in ours and "
                    f"{right[name][first]} in the other ({wrong.sum()} of {len(wrong)} differ)"
                )
    return columns


def _read(folder: Path, as_of: str) -> pd.DataFrame:
    files = sorted(folder.glob(f"{as_of}*.parquet"))
    table = pd.concat([pd.read_parquet(file) for file in files]).set_index("customer_id")
    return table.drop(columns=[name for name in KEYS if name in table.columns]).sort_index()


def _same(left: pd.Series, right: pd.Series) -> pd.Series:
    if not pd.api.types.is_numeric_dtype(left):
        return (left == right) | (left.isna() & right.isna())
    left, right = left.astype("float64"), right.astype("float64")
    known = left.dropna()
    exact = bool((known == known.round()).all())
    near = np.isclose(left, right, rtol=0 if exact else TOLERANCE, atol=0 if exact else TOLERANCE)
    return pd.Series(near | (left.isna() & right.isna()), index=left.index)


if __name__ == "__main__":
    print(json.dumps({"columns": len(compare(Path(sys.argv[1]), Path(sys.argv[2])))}))
