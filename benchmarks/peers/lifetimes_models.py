"""MBG/NBD and Pareto/NBD as Lifetimes fits them, on the histories of the last training date."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from lifetimes import ModifiedBetaGeoFitter, ParetoNBDFitter
from lifetimes.utils import ConvergenceError

PACKAGES = ("lifetimes",)
# the first is taken with which it converges, as its message advises
PENALTIES = (0.0, 0.001, 0.01, 0.1)


class Fitted(NamedTuple):
    """Both models, and frequency, recency and T of the test rows in the unit they were fitted in.

    The optimiser works best with small numbers: `unit` days are a hundredth of the longest history.
    """

    mbg: Any
    pareto: Any
    triple: tuple[Any, Any, Any]
    unit: float


def fitted(train: pd.DataFrame, test: pd.DataFrame) -> Fitted:
    """Both models and their inputs; a customer who never bought has 0 for all of these."""
    last = train[(train["as_of_date"] == train["as_of_date"].max()) & train["T"].notna()]
    unit = last["T"].max() / 100.0
    x, t_x, t = (last[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    mbg, pareto = (
        _fit(one, x, t_x / unit, t / unit) for one in (ModifiedBetaGeoFitter, ParetoNBDFitter)
    )
    x, t_x, t = (test[name].fillna(0.0).to_numpy(float) for name in ("frequency", "recency", "T"))
    return Fitted(mbg, pareto, (x, t_x / unit, t / unit), unit)


def _fit(model: Any, x: Any, t_x: Any, t: Any) -> Any:
    for penalty in PENALTIES[:-1]:
        try:
            return model(penalizer_coef=penalty).fit(x, t_x, t)
        except ConvergenceError:
            continue
    return model(penalizer_coef=PENALTIES[-1]).fit(x, t_x, t)


def churn(train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """P(no purchase within the horizon); both formulas hold given alive, as for BG/NBD.

    While alive, λ is Gamma(r + x, α + T) after the history, and in MBG/NBD nobody drops out before
    the next purchase. Lifetimes has the probability itself for Pareto/NBD; where it overflows (very
    many purchases) e to the minus expected purchases is used.
    """
    mbg, pareto, (x, t_x, t), unit = fitted(train, test)
    horizon = task["horizon_days"] / unit
    alive = np.asarray(mbg.conditional_probability_alive(x, t_x, t))
    r, alpha = mbg.params_["r"], mbg.params_["alpha"]
    silent = ((alpha + t) / (alpha + t + horizon)) ** (r + x)
    none = pareto.conditional_probability_of_n_purchases_up_to_time(0, horizon, x, t_x, t)
    none = np.asarray(none, float)
    expected = pareto.conditional_expected_number_of_purchases_up_to_time(horizon, x, t_x, t)
    none = np.where(np.isnan(none), np.exp(-np.asarray(expected, float)), none)
    told = {"mbg_nbd": 1.0 - alive + alive * silent, "pareto_nbd": none}
    return {n: pd.DataFrame({"churn_risk": np.clip(p, 0.0, 1.0)}) for n, p in told.items()}


def how_much(
    train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]
) -> dict[str, pd.DataFrame]:
    """Expected purchases within the horizon, times the orders per purchase day so far."""
    mbg, pareto, triple, unit = fitted(train, test)
    last = train[(train["as_of_date"] == train["as_of_date"].max()) & train["T"].notna()]
    orders = last["orders_total"].sum() / (last["frequency"] + 1.0).sum()
    told = {}
    for name, model in {"mbg_nbd": mbg, "pareto_nbd": pareto}.items():
        expected = model.conditional_expected_number_of_purchases_up_to_time(
            task["horizon_days"] / unit, *triple
        )
        told[name] = pd.DataFrame({"orders": np.asarray(expected, float) * orders})
    return told
