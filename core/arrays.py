"""Array types that every package shares, and how to go through very many rows."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]  # numbers of few things, for very many customers
BLOCK_ROWS = 100_000


def blocks(count: int, size: int | None = None) -> Iterator[slice]:
    """The rows of a table, `size` or BLOCK_ROWS at a time: copies of all columns are of few rows.

    There is at least one block, which may be empty.
    """
    size = BLOCK_ROWS if size is None else size
    return (slice(start, start + size) for start in range(0, max(count, 1), size))
