"""Past releases whose horizon has closed: what was predicted, and what the customers did."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from actions.plan.gates import objectors
from features.history.outcomes import cancelled, contacted, lapsed
from features.planning.timeplan import Timeline
from features.timeline import date_of, day_of, is_closed
from models.judging.realised import realised
from models.leaving import LAPSE
from models.params import ModelParams, MonitorParams
from sources.meanings.vocabulary import DO_NOTHING, HOLDOUT

# The store may hold releases made from another company's data.
FEWEST_KNOWN = 0.5  # share of a release's customers whom the data must know


class Judge:
    """Judges past releases by what the data now shows of their customers.

    `purchases` are the purchase timelines, `tables` the checked tables contacts, subscriptions and
    consents, as far as they exist.
    """

    def __init__(
        self,
        purchases: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        timeline: Timeline,
        params: tuple[ModelParams, MonitorParams],
    ) -> None:
        self.purchases, self.tables = purchases, tables
        self.timeline, self.params = timeline, params
        known = set(purchases["customer_id"])
        if "subscriptions" in tables:
            known |= set(tables["subscriptions"]["customer_id"])
        self.known = known - objectors(tables.get("consents"))

    def release(self, facts: dict[str, Any], path: Path) -> dict[str, Any]:
        """The facts of a release with `closes`, `closed` and, once it has closed, its figures.

        `path` is the Parquet file of its scores, read only where the horizon has closed.
        """
        as_of, horizon = day_of(date.fromisoformat(facts["as_of_date"])), facts["horizon_days"]
        closed = is_closed(as_of, horizon, self.timeline.data_until)
        judged = {**facts, "closes": date_of(as_of + horizon).isoformat(), "closed": closed}
        if not closed:
            return judged
        scores, unknown = self.outcomes(facts, path)
        judged |= {"unknown": unknown}
        if scores is None:
            return judged | {"groups": {}}
        return judged | {
            "holdout": int((scores["arm"] == HOLDOUT).sum()),
            "untreated_by": "plan" if self.tables.get("contacts") is None else "contacts",
            "groups": realised(scores, *self.params),
        }

    def outcomes(self, facts: dict[str, Any], path: Path) -> tuple[pd.DataFrame | None, int]:
        """The scores of a closed release with `left` and `untreated`, and how many are unknown.

        None where the data cannot say who left: it may be another company's.
        """
        as_of, horizon = day_of(date.fromisoformat(facts["as_of_date"])), facts["horizon_days"]
        scores = pd.read_parquet(path)
        if facts["churn_definition"] != LAPSE and "subscriptions" not in self.tables:
            # The data no longer shows whose subscription is running.
            return None, len(scores)
        there = scores["customer_id"].isin(self.known)
        unknown = int((~there).sum())
        if there.mean() < FEWEST_KNOWN:
            return None, unknown
        scores = scores[there].reset_index(drop=True)
        customers = list(scores["customer_id"])
        if facts["churn_definition"] == LAPSE:
            left = lapsed(self.purchases, customers, as_of, horizon)
        else:
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
