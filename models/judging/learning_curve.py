"""What more rows would bring: churn learned from parts of a sample of the customers, side by side.

Each part is a sample inside the next larger one (features/sample.py); models of it are made as the
evaluated one was, and judged on the same test rows. What the last doubling of the customers brought
is a guide to the next one: curves of learning flatten (Perlich, Provost & Simonoff 2003, Journal of
Machine Learning Research 4).
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from features.sample import Sample
from models.churn.model import ChurnModel
from models.params import ModelParams
from models.probability.metrics import METRICS, customer_weights, interval, paired_difference
from models.training.fitting import choose_churn, refit_churn_until, weight_of_trees
from models.training.until import Until

PARTS = (0.25, 0.5)  # of the sample
TOLD = ("log_loss", "auc")


def learning_curve(
    until: Until, evaluated: ChurnModel, sample: Sample, params: ModelParams
) -> dict[str, Any]:
    """`points`, by falling number of customers left out, and `last_doubling`.

    A point has `customers` and `rows` learned from, and figures with 95 % intervals on the test
    rows of the whole sample; parts below the data gates, where no trees are, are left out.
    `last_doubling` is the figure of all customers less that of half of them, paired; empty without
    the half.
    """
    test = until.test
    left = test["churned"].to_numpy(np.float64)
    weights = customer_weights(test["customer_id"], params.bootstrap_draws, params.seed)
    points, risk, half = [], evaluated.predict(test), None
    for part in PARTS:
        smaller = _part(until, replace(sample, share=sample.share * part))
        if not weight_of_trees(smaller, params):
            continue
        found = _churn_of(smaller, evaluated, params).predict(test)
        points.append(_point(smaller, left, found, weights))
        half = found if part == PARTS[-1] else None
    points.append(_point(until, left, risk, weights))
    doubling = {}
    if half is not None:
        doubling = {
            name: paired_difference(METRICS[name], left, risk, half, weights) for name in TOLD
        }
    return {"points": points, "last_doubling": doubling}


def _part(until: Until, sample: Sample) -> Until:
    def of(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[sample.has(rows["customer_id"])].reset_index(drop=True)

    bought = None if until.purchases is None else of(until.purchases)
    return Until(of(until.snapshots), until.timeline, bought, until.folds, until.known_days)


def _churn_of(until: Until, evaluated: ChurnModel, params: ModelParams) -> ChurnModel:
    """A churn model as it would stand at the first test date, with the same inputs and class."""
    own = None if evaluated.own is None else evaluated.own.of
    chosen = choose_churn(until, evaluated.features, params, own)
    return refit_churn_until(chosen, until, until.timeline.test[0], params)


def _point(until: Until, left: FloatArray, risk: FloatArray, weights: FloatArray) -> dict[str, Any]:
    rows = until.closed(until.timeline.test[0])
    return {
        "customers": int(rows["customer_id"].nunique()),
        "rows": len(rows),
        **{name: interval(METRICS[name], left, risk, weights) for name in TOLD},
    }
