"""The other models: each gets the history before the cut and predicts P(no purchase in horizon).

    recency_rule   how long ago the last purchase was; as a share of who left, where one can be had
    rfm_logistic   logistic regression on recency, frequency, money and tenure
    bg_nbd         fitted on everybody in the history
    pareto_nbd     the same

The first two learn from the last outcome window that closed before the cut, where there is one with
both outcomes in it; else the rule only ranks and the regression predicts nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.ladder.nbd import History, LogLikelihood, bg_nbd, fit, pareto_nbd

FloatArray = npt.NDArray[np.float64]
PEERS = ("recency_rule", "rfm_logistic", "bg_nbd", "pareto_nbd")
FEWEST_ROWS = 10  # rows that a regression needs to learn from
RFM = ["recency", "frequency", "money", "tenure"]


@dataclass(frozen=True)
class Told:
    """A model's predictions for the cohort: an order, and probabilities if it has any."""

    rank: FloatArray
    probability: FloatArray | None


@dataclass(frozen=True)
class Asked:
    """The cohort to predict, the date and the days ahead; and who counts as active."""

    at: pd.Timestamp
    cohort: "pd.Index[str]"
    horizon_days: int
    active_within_days: int


def answers(history: pd.DataFrame, asked: Asked) -> dict[str, Told]:
    """The predictions of each peer that can make any."""
    now = rfm(history, asked.at).loc[asked.cohort]
    found = _learned(history, asked, now)
    everybody = rfm(history, asked.at)
    for name, model in (("bg_nbd", bg_nbd), ("pareto_nbd", pareto_nbd)):
        told = _nbd(model, everybody, now, asked.horizon_days)
        if told is not None:
            found[name] = told
    return found


def rfm(history: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """For each customer: days since the last purchase, purchase days, money a day, and tenure."""
    before = history[history["event_time"] < at]
    days = before.assign(day=before["event_time"].dt.normalize())
    by_day = days.groupby(["customer_id", "day"], as_index=False)["amount"].sum()
    by_customer = by_day.groupby("customer_id")
    last, first = by_customer["day"].max(), by_customer["day"].min()
    return pd.DataFrame(
        {
            "recency": (at - last).dt.days.astype(float),
            "frequency": by_customer.size().astype(float),
            "money": by_customer["amount"].mean(),
            "tenure": (at - first).dt.days.astype(float),
        }
    )


def _learned(history: pd.DataFrame, asked: Asked, now: pd.DataFrame) -> dict[str, Told]:
    recency = now["recency"].to_numpy()
    before = asked.at - pd.Timedelta(asked.horizon_days, "D")
    then = rfm(history, before)
    then = then[then["recency"] <= asked.active_within_days]
    came_back = history.loc[history["event_time"] >= before, "customer_id"]
    left = (~then.index.isin(came_back)).astype(float)
    if len(then) < FEWEST_ROWS or left.min() == left.max():
        return {"recency_rule": Told(recency, None)}
    found = {}
    for name, columns in (("recency_rule", RFM[:1]), ("rfm_logistic", RFM)):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        model.fit(np.log1p(then[columns].to_numpy()), left)
        p = model.predict_proba(np.log1p(now[columns].to_numpy()))[:, 1]
        found[name] = Told(recency if name == "recency_rule" else p, p)
    return found


def _nbd(
    model: LogLikelihood, everybody: pd.DataFrame, now: pd.DataFrame, horizon_days: int
) -> Told | None:
    fitted = fit(model, _history(everybody))
    if fitted is None:
        return None
    p = fitted.p_no_purchase(horizon_days, _history(now))
    return Told(p, p)


def _history(table: pd.DataFrame) -> History:
    recency, frequency, tenure = (table[name].to_numpy() for name in (RFM[0], RFM[1], RFM[3]))
    return History(frequency - 1.0, tenure - recency, tenure)
