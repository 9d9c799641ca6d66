"""Orders rows and finds them by id, without a Python object for each id."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.arrays import IntArray


def most_first(rows: pd.DataFrame, by: str) -> IntArray:
    """The places of rows (n,): those with the most of a column first, unknown ones last.

    Equal ones are in the order of `customer_id`.
    """
    keys = {
        "by": pa.array(rows[by].astype("float64"), from_pandas=True),
        "customer_id": pa.array(rows["customer_id"], pa.large_string()),
    }
    order = pc.sort_indices(
        pa.table(keys), sort_keys=[("by", "descending"), ("customer_id", "ascending")]
    )
    return np.asarray(order.to_numpy(), np.int64)


def places_among(ids: "pd.Series[str]", others: "pd.Series[str]") -> IntArray:
    """The place (n,) of each id among others, all of which differ; -1 where it is not there."""
    found = pc.index_in(pa.array(ids, pa.large_string()), pa.array(others, pa.large_string()))
    return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
