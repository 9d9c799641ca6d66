"""What is expected of customers, foreseen by models that have not seen them."""

import numpy as np
import pandas as pd

from actions.effects.risk import Foreseen

NAMES = ("orders_rate", "tenure_days", "amount_mean", "visits_30d")


def test_nobody_is_foreseen_by_a_model_that_saw_what_became_of_them():
    """Where chance alone decides, only a model that saw the answers would know them."""
    rng = np.random.default_rng(3)
    people, times = 500, 3
    rows = pd.DataFrame(rng.normal(size=(people, len(NAMES))), columns=list(NAMES))
    rows = rows.assign(customer_id=[f"c{number}" for number in range(people)])
    rows = rows.loc[rows.index.repeat(times)].reset_index(drop=True)
    left = np.repeat(rng.random(people) < 0.5, times).astype(float)
    found = Foreseen.learn(rows, left, seed=1, threads=1, is_rate=True).of(rows)
    assert abs(np.corrcoef(found, left)[0, 1]) < 0.15
    known = Foreseen.learn(rows, (rows["orders_rate"] > 0).to_numpy(float), 1, 1, True).of(rows)
    assert np.corrcoef(known, rows["orders_rate"] > 0)[0, 1] > 0.9
