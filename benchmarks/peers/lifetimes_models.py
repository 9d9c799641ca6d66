"""MBG/NBD and Pareto/NBD as Lifetimes fits them, on the histories of the last training date."""

from typing import Any

import numpy as np
import pandas as pd
from lifetimes import ModifiedBetaGeoFitter, ParetoNBDFitter

PACKAGES = ("lifetimes",)


def churn(train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]) -> pd.DataFrame:
    """P(no purchase within the horizon) by model; both hold given alive as for BG/NBD.

    While alive, λ is Gamma(r + x, α + T) after the history, and in the world of MBG/NBD nobody
    drops out before the next purchase. Lifetimes has the probability itself for Pareto/NBD.
    """
    last = train[(train["as_of_date"] == train["as_of_date"].max()) & train["T"].notna()]
    unit = last["T"].max() / 100.0  # the optimiser is at home with small numbers
    horizon = task["horizon_days"] / unit
    x, t_x, t = (last[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    mbg = ModifiedBetaGeoFitter(penalizer_coef=0.0).fit(x, t_x / unit, t / unit)
    pareto = ParetoNBDFitter(penalizer_coef=0.0).fit(x, t_x / unit, t / unit)
    x, t_x, t = (test[name].fillna(0.0).to_numpy(float) for name in ("frequency", "recency", "T"))
    t_x, t = t_x / unit, t / unit
    alive = np.asarray(mbg.conditional_probability_alive(x, t_x, t))
    r, alpha = mbg.params_["r"], mbg.params_["alpha"]
    silent = ((alpha + t) / (alpha + t + horizon)) ** (r + x)
    none = pareto.conditional_probability_of_n_purchases_up_to_time(0, horizon, x, t_x, t)
    return pd.DataFrame(
        {
            "mbg_nbd": np.clip(1.0 - alive + alive * silent, 0.0, 1.0),
            "pareto_nbd": np.clip(np.asarray(none, float), 0.0, 1.0),
        }
    )
