"""Who turned out otherwise than told: of the test dates, and of past releases that have closed."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from features.planning.timeplan import Timeline
from features.timeline import as_known_on, date_of
from models.bundle import Bundle
from models.churn.model import ChurnModel
from models.churn.reasons import Explainer
from models.customers.segments import risk_band, segments
from models.judging.missed import ALARMS, BANDS, BY, WRONG, judge_told, of_kind, wrong_of
from models.params import ModelParams

TEST_DATES = "test_dates"  # in place of the id of a release
MOST_EXPLAINED = 5_000  # rows of each band: reasons take about a millisecond a row
TOLD = ("reason", "reason_direction", "rfm_segment", "abc_class")
COLUMNS = {
    "list_id": "str",
    "kind": "str",
    "customer_id": "str",
    "as_of_date": "datetime64[us]",
    "churn_risk": "float64",
    **dict.fromkeys(TOLD, "str"),
    "lost": "float64",
}


def no_customers() -> pd.DataFrame:
    """The customers of no list at all."""
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in COLUMNS.items()})


@dataclass
class Found:
    """What was found, list by list: figures as plain data, and the customers as rows."""

    params: ModelParams
    lists: list[dict[str, Any]] = field(default_factory=list)
    _rows: list[pd.DataFrame] = field(default_factory=list)

    def customers(self) -> pd.DataFrame:
        """Everybody who turned out otherwise: a row for each list and as-of date, COLUMNS."""
        if not self._rows:
            return no_customers()
        return pd.concat(self._rows, ignore_index=True).astype(COLUMNS)

    def add_test_dates(
        self,
        snapshots: pd.DataFrame,
        timeline: Timeline,
        models: tuple[ChurnModel, Bundle, Explainer],
        learned_until: str,
    ) -> None:
        """Judge all closed rows of dates that the evaluated model has not seen; there may be none.

        `models` are the evaluated churn model, which tells the risks, and the served bundle and
        explainer, which tell what a leaver takes along, and reasons.
        """
        known = as_known_on(snapshots, pd.Timestamp(date_of(timeline.data_until)), timeline.windows)
        is_later = known["as_of_date"] >= pd.Timestamp(learned_until)
        closed = known[known["outcome_known"] & is_later].reset_index(drop=True)
        if closed.empty:
            return
        churn, bundle, explainer = models
        rows = closed.assign(left=closed["churned"].astype(bool))
        rows["churn_risk"] = churn.predict(rows)
        rows["risk_band"] = risk_band(rows["churn_risk"], self.params.bands)
        if bundle.knows_purchases:
            by_date = [segments(some) for _, some in rows.groupby("as_of_date", sort=False)]
            rows = rows.join(pd.concat(by_date))
            money = bundle.value.predict(rows, rows["churn_risk"].to_numpy(np.float64))
            if "value_if_stays" in money:
                rows["lost"] = money["value_if_stays"] - money["value_if_lapses"]
        rows = self._with_reasons(rows, churn, explainer)
        days = sorted(rows["as_of_date"].unique())
        if timeline.label is not None and timeline.label.as_of is None:
            days = []  # that of the rows stands in for a day which the table does not have
        dates = [day.date().isoformat() for day in days]
        facts = {"list_id": TEST_DATES, "as_of_dates": dates, "horizon_days": timeline.horizon_days}
        self._add(facts, rows, churn.features)

    def add_release(self, facts: dict[str, Any], scores: pd.DataFrame) -> None:
        """Judge a past release by `scores`: what its cards said, and `left` and `untreated`."""
        rows = scores.assign(as_of_date=pd.Timestamp(facts["as_of_date"]))
        risk = rows["churn_risk"].to_numpy(np.float64)
        at_risk = rows["value_at_risk"].to_numpy(np.float64)
        if np.nansum(np.abs(at_risk)) > 0:  # without money it is 0 of everybody
            rows["lost"] = np.divide(at_risk, risk, out=np.zeros_like(risk), where=risk > 0)
        listed = {
            "list_id": facts["release_id"],
            "as_of_dates": [facts["as_of_date"]],
            "horizon_days": facts["horizon_days"],
        }
        self._add(listed, rows.drop(columns=[n for n in BY if rows[n].isna().all()]))

    def _add(
        self, facts: dict[str, Any], rows: pd.DataFrame, features: tuple[str, ...] = ()
    ) -> None:
        treated = ~rows["untreated"] if "untreated" in rows else None
        self.lists.append({**facts, **judge_told(rows, features, treated)})
        for kind in WRONG:
            told = of_kind(rows, kind, treated if kind == ALARMS else None)
            wrong = told[wrong_of(told, kind)[0] > 0]
            listed = wrong.reindex(columns=list(COLUMNS)).assign(
                list_id=facts["list_id"], kind=kind
            )
            self._rows.append(listed.sort_values(["as_of_date", "customer_id"], kind="stable"))

    def _with_reasons(
        self, rows: pd.DataFrame, churn: ChurnModel, explainer: Explainer
    ) -> pd.DataFrame:
        """The rows with the group of the strongest reason and its direction, of a sample."""
        rng = np.random.default_rng(self.params.seed)
        chosen = []
        for band in BANDS.values():
            places = np.flatnonzero(rows["risk_band"] == band)
            if len(places) > MOST_EXPLAINED:
                places = rng.choice(places, MOST_EXPLAINED, replace=False)
            chosen.append(places)
        explained = rows.iloc[np.sort(np.concatenate(chosen))]
        reasons = explainer.explain(churn, explained) if len(explained) else []
        first = [one[0] if one else {} for one in reasons]
        for column, name in (("reason", "group"), ("reason_direction", "direction")):
            told = pd.Series([one.get(name) for one in first], index=explained.index, dtype="str")
            rows[column] = told.reindex(rows.index)
        return rows
