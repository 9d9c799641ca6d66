"""A Cox regression and a Weibull accelerated failure time model, as lifelines fits them.

They use our numeric features, standardised, with unknown values at the mean, and the ridge penalty
that so many correlated columns need. Follow-up that ended before a purchase is censored.
"""

from typing import Any

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, WeibullAFTFitter

PACKAGES = ("lifelines",)
RIDGE = 0.01
MAX_ROWS = 10_000  # with more, both take minutes
FURTHEST = 4.0  # standard deviations: a few extreme values would distort a linear score


def when(train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """P(a purchase before each day) by model."""
    if len(train) > MAX_ROWS:
        train = train.sample(MAX_ROWS, random_state=task["seed"])
    numeric = [name for name in task["features"] if name not in task["text"]]
    known = train[numeric].to_numpy(float)
    varied = np.nanstd(np.where(np.isfinite(known), known, np.nan), axis=0) > 0
    names = [name for name, varies in zip(numeric, varied, strict=True) if varies]
    mean, spread = train[names].mean(), train[names].std()
    learned, asked = (
        ((rows[names] - mean) / spread).clip(-FURTHEST, FURTHEST).fillna(0.0)
        for rows in (train, test)
    )
    bought = train["days_to_next_purchase"].notna()
    # A purchase on day 0 came some time during it.
    days = train["days_to_next_purchase"].fillna(train["followup_days"]) + 0.5
    learned = learned.assign(days=days, bought=bought.astype(int))
    fitted = {
        "cox": CoxPHFitter(penalizer=RIDGE),
        "weibull_aft": WeibullAFTFitter(penalizer=RIDGE),
    }
    told = {}
    for name, model in fitted.items():
        model.fit(learned, duration_col="days", event_col="bought")
        curves = model.predict_survival_function(asked, times=[float(day) for day in task["days"]])
        before = 1.0 - curves.to_numpy().T
        told[name] = pd.DataFrame(before, columns=[f"before_{day}" for day in task["days"]])
    return told
