"""Past releases whose horizon has closed: what was predicted, and what the customers did."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from actions.plan.gates import objectors
from core.arrays import BoolArray
from features.history.outcomes import cancelled, contacted, lapsed
from features.planning.timeplan import Timeline
from features.reading import Customers
from features.timeline import date_of, day_of, is_closed
from models.judging.realised import realised
from models.leaving import LAPSE
from models.params import ModelParams, MonitorParams
from sources.meanings.vocabulary import DO_NOTHING, HOLDOUT

# The store may hold releases made from another company's data.
FEWEST_KNOWN = 0.5  # share of a release's customers whom the data must know


PURCHASE_COLUMNS = ("customer_id", "event_day", "orders")
TABLE_COLUMNS = {
    "contacts": ("customer_id", "event_time", "action_id", "channel", "arm"),
    "subscriptions": ("customer_id", "started_at", "ended_at"),
    "consents": ("customer_id", "event_time", "channel", "purpose", "granted"),
}


class Judge:
    """Judges past releases by what the data now shows of their customers.

    `parts` are ranges of customers that together hold all, `purchases_of` gives PURCHASE_COLUMNS of
    the purchase timelines of one of them, and `tables` are the checked tables contacts,
    subscriptions and consents, as far as they exist, with TABLE_COLUMNS.
    """

    def __init__(
        self,
        purchases: tuple[Sequence[Customers], Callable[[Customers], pd.DataFrame]],
        tables: Mapping[str, pd.DataFrame],
        timeline: Timeline,
        params: tuple[ModelParams, MonitorParams],
    ) -> None:
        self.parts, self.purchases_of = purchases
        self.tables, self.timeline, self.params = tables, timeline, params
        subscriptions = tables.get("subscriptions")
        self.subscribers = set() if subscriptions is None else set(subscriptions["customer_id"])
        self.objectors = objectors(tables.get("consents"))

    def release(
        self, facts: dict[str, Any], path: Path
    ) -> tuple[dict[str, Any], pd.DataFrame | None]:
        """The facts of a release with `closes`, `closed` and, once it has closed, its figures.

        And its scores with `left` and `untreated`; None where it has not closed, or the data cannot
        say who left. `path` is the Parquet file of the scores, read only where the horizon has
        closed.
        """
        as_of, horizon = day_of(date.fromisoformat(facts["as_of_date"])), facts["horizon_days"]
        closed = is_closed(as_of, horizon, self.timeline.data_until)
        judged = {**facts, "closes": date_of(as_of + horizon).isoformat(), "closed": closed}
        if not closed:
            return judged, None
        scores, unknown = self._outcomes(facts, path)
        judged |= {"unknown": unknown}
        if scores is None:
            return judged | {"groups": {}}, None
        return judged | {
            "holdout": int((scores["arm"] == HOLDOUT).sum()),
            "untreated_by": "plan" if self.tables.get("contacts") is None else "contacts",
            "groups": realised(scores, *self.params),
        }, scores

    def _outcomes(self, facts: dict[str, Any], path: Path) -> tuple[pd.DataFrame | None, int]:
        """The scores of a closed release with `left` and `untreated`, and how many are unknown.

        None where the data cannot say who left: it may be another company's.
        """
        as_of, horizon = day_of(date.fromisoformat(facts["as_of_date"])), facts["horizon_days"]
        scores = pd.read_parquet(path)
        if facts["churn_definition"] != LAPSE and "subscriptions" not in self.tables:
            # The data no longer shows whose subscription is running.
            return None, len(scores)
        there, left = self._looked_up(scores["customer_id"], as_of, horizon)
        unknown = int((~there).sum())
        if there.mean() < FEWEST_KNOWN:
            return None, unknown
        scores, left = scores[there].reset_index(drop=True), left[there]
        customers = list(scores["customer_id"])
        if facts["churn_definition"] != LAPSE:
            left = cancelled(self.tables["subscriptions"], customers, as_of, horizon)
        contacts = self.tables.get("contacts")
        if contacts is not None:
            untreated = ~contacted(contacts, customers, as_of, horizon)
        else:
            # There is no record of what was carried out: customers for whom the plan had no action,
            # or withheld it, count as untreated.
            kept = (scores["arm"] == HOLDOUT) | (scores["intended_action"] == DO_NOTHING)
            untreated = kept.to_numpy()
        return scores.assign(left=left, untreated=untreated), unknown

    def _looked_up(
        self, customers: "pd.Series[str]", as_of: int, horizon: int
    ) -> tuple[BoolArray, BoolArray]:
        """Whether each customer is known, and whether each bought nothing in the horizon; (n,)."""
        ids = customers.sort_values(kind="stable")
        asked = pd.DataFrame({"customer_id": ids.array, "place": ids.index})
        known = customers.isin(self.subscribers).to_numpy(dtype=bool, copy=True)
        left = np.ones(len(customers), dtype=bool)
        for part in self.parts:
            theirs, purchases = part.of(asked), self.purchases_of(part)
            if theirs.empty or purchases.empty:
                continue
            place = theirs["place"].to_numpy()
            known[place] |= theirs["customer_id"].isin(purchases["customer_id"]).to_numpy()
            left[place] = lapsed(purchases, theirs["customer_id"].tolist(), as_of, horizon)
        return known & ~customers.isin(self.objectors).to_numpy(dtype=bool), left
