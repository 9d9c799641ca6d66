"""A sample of the customers, drawn by a hash of their ids, for data that does not fit in memory.

All rows of a customer are in the sample, at every as-of date and in every table, or none: so what
is learned from it is as if the company had fewer customers. The hash depends on the id alone, so a
customer who is in a sample is in every larger one too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.arrays import BoolArray
from sources.duck import connect

DIGITS = 8  # of the md5 of an id, as hex: a share is exact to one in four thousand million
HASHES: int = 16**DIGITS


@dataclass(frozen=True)
class Sample:
    """Customers whose hash is among the first `share` of all hashes: 1 is everybody."""

    share: float = 1.0

    @classmethod
    def of_rows(cls, rows: int, most_rows: int) -> "Sample":
        """The sample of as many customers as have about `most_rows` of all `rows`."""
        return cls(min(1.0, most_rows / rows) if rows else 1.0)

    @property
    def is_everybody(self) -> bool:
        """Whether nobody is left out."""
        return self._drawn >= HASHES

    @property
    def _drawn(self) -> int:
        return round(self.share * HASHES)

    def read(self, path: Path, **how: Any) -> pa.Table:
        """The rows of a Parquet file whose `customer_id` is in the sample, in their order.

        `how` are arguments of `pyarrow.parquet.read_table`.
        """
        rows = pq.read_table(path, **how)
        if self.is_everybody:
            return rows
        return rows.filter(self._kept(pq.read_table(path, columns=["customer_id"])))

    def has(self, customers: "pd.Series[str]") -> BoolArray:
        """Whether each customer (n,) is in the sample."""
        if self.is_everybody:
            return np.ones(len(customers), np.bool_)
        ids = pa.table({"customer_id": pa.array(customers, pa.string())})
        return np.asarray(self._kept(ids).to_numpy())

    def _kept(self, ids: pa.Table) -> pa.ChunkedArray:
        below = f"{self._drawn:0{DIGITS}x}"
        duck = connect()
        duck.register("ids", ids)
        kept = duck.sql(
            f"SELECT substr(md5(customer_id), 1, {DIGITS}) < '{below}' AS kept FROM ids"
        )
        return kept.to_arrow_table()["kept"]


EVERYBODY = Sample()


def rows_of(paths: Iterable[Path]) -> int:
    """How many rows Parquet files hold, without reading them."""
    return sum(pq.read_metadata(path).num_rows for path in paths)
