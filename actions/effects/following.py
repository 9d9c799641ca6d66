"""What followed the contacts, and what had to be expected of their customers."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from actions.effects.report import Followed
from actions.effects.risk import TRAITS, Foreseen
from actions.effects.window import Window
from core.arrays import FloatArray, IntArray
from features.history.outcomes import bought_after, cancelled_after
from features.timeline import whole_days
from models.leaving import CANCELLATION

Tables = Mapping[str, pd.DataFrame]


class Outcomes:
    """Outcomes over a window: who stays, and what they spend.

    `purchases` are the purchase timelines, `subscriptions` the checked table, needed where leaving
    is a cancellation.
    """

    def __init__(
        self,
        purchases: pd.DataFrame,
        subscriptions: pd.DataFrame | None,
        churn: str,
        window: Window,
    ) -> None:
        self.purchases, self.subscriptions = purchases, subscriptions
        self.churn, self.window = churn, window

    def of(self, customers: list[str], days: IntArray) -> tuple[FloatArray, FloatArray | None]:
        """1 for who stays and 0 for who leaves (n,), and the spend (n,), None without amounts."""
        span = (self.window.first, self.window.last)
        bought = bought_after(self.purchases, customers, days, span)
        if self.churn == CANCELLATION and self.subscriptions is not None:
            left = cancelled_after(self.subscriptions, customers, days, self.window.last)
            return 1 - left.astype(np.float64), bought.get("spend")
        return (bought["orders"] > 0).astype(np.float64), bought.get("spend")


def foreseen(
    snapshots: pd.DataFrame, outcomes: Outcomes, data_until: int, seed: int, threads: int
) -> tuple[Foreseen, Foreseen | None]:
    """Models of who leaves over the window, and of what is spent, from all snapshots that closed.

    Not of contacted customers alone: many more tell what is to be expected.
    """
    days = whole_days(snapshots["as_of_date"])
    closed = outcomes.window.closed(days, data_until)
    rows = snapshots[closed].reset_index(drop=True)
    kept, spend = outcomes.of(rows["customer_id"].tolist(), days[closed])
    leaving = Foreseen.learn(rows, 1 - kept, seed, threads, is_rate=True)
    if spend is None:
        return leaving, None
    return leaving, Foreseen.learn(rows, spend, seed, threads, is_rate=False)


def followed(
    rows: pd.DataFrame,
    outcomes: Outcomes,
    models: tuple[Foreseen, Foreseen | None],
    data_until: int,
) -> Followed:
    """Contacts drawn by chance with what followed; outcomes of open windows are not to be used."""
    days = rows["day"].to_numpy(np.int64)
    kept, spend = outcomes.of(rows["customer_id"].tolist(), days)
    leaving, spending = models
    expected = [1 - leaving.of(rows)] + ([] if spending is None else [spending.of(rows)])
    closed = outcomes.window.closed(days, data_until)
    traits = rows[[name for name in TRAITS if name in rows]].astype("float64")
    filled = traits.fillna(traits.median()).fillna(0.0).to_numpy(np.float64)
    return Followed(rows, closed, kept, spend, np.column_stack(expected), filled)
