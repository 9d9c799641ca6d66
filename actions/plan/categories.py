"""Texts of very many customers as categories: one byte for each, and every text once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

NONE = -1  # the code of no text


def named(
    number: npt.NDArray[np.integer[Any]], names: Sequence[str], nothing: str | None = None
) -> "pd.Categorical[str]":
    """The name of each number, (customers,), as sorted categories; -1 is called `nothing`."""
    known = sorted({*names, *([] if nothing is None else [nothing])})
    places = [known.index(name) for name in names]
    places.append(NONE if nothing is None else known.index(nothing))
    codes = np.array(places, dtype=np.int8)[number]
    return pd.Categorical.from_codes(codes, categories=pd.Index(known, dtype="str"))


def texts(values: "pd.Series[Any]") -> npt.NDArray[np.object_]:
    """A column of categories as texts, None where there is none."""
    return np.array([*values.cat.categories, None], dtype=object)[values.cat.codes]
