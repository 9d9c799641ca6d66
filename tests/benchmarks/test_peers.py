"""Peers that have what the pins hold are asked here; the others in environments of their own."""

import numpy as np
import pandas as pd

from benchmarks.peers.hist_gradient_boosting import MOST_VALUES, churn


def test_boosting_of_scikit_learn_takes_a_category_of_many_values():
    rng = np.random.default_rng(0)
    value = rng.integers(0, 400, 4_000)
    rows = pd.DataFrame(
        {
            "shop": pd.Series(value).astype(str),
            "noise": rng.normal(size=4_000),
            "churned": (rng.random(4_000) < np.where(value % 2, 0.8, 0.2)).astype(int),
        }
    )
    assert rows["shop"].nunique() > MOST_VALUES
    task = {"features": ["shop", "noise"], "text": ["shop"], "seed": 1}
    told = churn(rows, rows.drop(columns="churned"), task)["hist_gradient_boosting"]["churn_risk"]
    odd = value % 2 == 1
    assert told[odd].mean() > told[~odd].mean() + 0.1
