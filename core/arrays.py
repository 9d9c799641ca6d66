"""Array types that every package shares, and how to go through very many rows."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]  # numbers of few things, for very many customers
BLOCK_ROWS = 100_000


def blocks(count: int) -> Iterator[slice]:
    """The rows of a table, BLOCK_ROWS at a time: copies of all columns are then of few rows."""
    return (slice(start, start + BLOCK_ROWS) for start in range(0, count, BLOCK_ROWS))
