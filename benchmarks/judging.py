"""Predictions of several models on the same test rows: figures, and differences to one model.

They are judged at each test date and over all of them together, where a resampled customer brings
the rows of every date.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.tasks import TASKS, better, weights_of
from models.probability.metrics import customer_weights

ALL = "all"  # test dates together
DRAWS = 500

FloatArray = npt.NDArray[np.float64]
ByDate = Mapping[str, pd.DataFrame]
Row = dict[str, Any]


def compare(
    task: str, tests: ByDate, told: Mapping[str, ByDate], reference: str, seed: int
) -> tuple[list[Row], list[Row]]:
    """Figures of every model, and the difference of each to the reference.

    `tests` are the test rows by date, `told` the predictions by model and date. A figure has
    {as_of_date, task, model, metric, value, low, high, n_test}, a difference all but the last; it
    is paired over the same draws of the customers.
    """
    rows: list[Row] = []
    differences: list[Row] = []
    every = {name: _with_all(by_date, tests) for name, by_date in told.items()}
    for date, frame in _with_all(tests, tests).items():
        weights = customer_weights(frame["customer_id"], DRAWS, seed)
        weights = weights_of(frame["customer_id"], weights)
        key = {"as_of_date": date, "task": task}
        figures = {name: TASKS[task](frame, by[date], weights) for name, by in every.items()}
        for name, by_metric in figures.items():
            for metric, draws in by_metric.items():
                one = {**key, "model": name, "metric": metric}
                rows.append({**one, **_interval(draws), "n_test": len(frame)})
                usual = figures[reference].get(metric)
                if name != reference and usual is not None and better(metric) is not None:
                    differences.append({**one, **_interval(draws - usual)})
    return rows, differences


def _with_all(by_date: ByDate, tests: ByDate) -> dict[str, pd.DataFrame]:
    """The tables of the test dates, and all of them as one."""
    found = {date: by_date[date] for date in tests}
    return {**found, ALL: pd.concat(found.values(), ignore_index=True)}


def _interval(draws: FloatArray) -> dict[str, float]:
    low, high = np.percentile(draws[1:], [2.5, 97.5])
    return {"value": float(draws[0]), "low": float(low), "high": float(high)}
