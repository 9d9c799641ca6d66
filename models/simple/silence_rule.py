"""Below the data gates: who is silent for long against the own rhythm, as a rank.

    silence_over_usual = days since the last purchase / usual gap

The usual gap is the customer's own mean gap, drawn to that of all customers when it rests on few
purchases (`smoothed_gap` of models/simple/rules.py, where the same rule is a baseline). The bands
cut where the lifecycle stages do: someone who buys at random is silent for twice the mean gap on
13.5 % of days (exp(-2)) and for four times on 1.8 %. Nothing of it is a probability.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.files import read_json, write_json
from features.planning.timeplan import Timeline
from features.timeline import date_of
from models.cards.scored import ALREADY_CHURNED, nobody
from models.customers.segments import FADING_SILENCE, LAPSING_SILENCE, segments
from models.gate import Gate
from models.simple.rules import smoothed_gap

FILE = "rule.json"
RULE, INSUFFICIENT_DATA = "rule", "insufficient_data"


@dataclass(frozen=True)
class Rule:
    """The rule with the usual gap of all customers (days); None where nobody bought on two days."""

    population_gap: float | None
    gate: Gate

    @classmethod
    def fit(cls, snapshot: pd.DataFrame, gate: Gate) -> "Rule":
        """The mean of the customers' own mean gaps, at the score date."""
        gaps = snapshot["gap_mean"].dropna()
        return cls(float(gaps.mean()) if len(gaps) else None, gate)

    def silence_over_usual(self, snapshot: pd.DataFrame) -> "pd.Series[float]":
        """The silence in usual gaps; NaN for who has no gap to go by, or never bought."""
        if self.population_gap is None:
            return pd.Series(np.nan, index=snapshot.index)
        usual = smoothed_gap(snapshot, self.population_gap)
        ratio: pd.Series[float] = snapshot["days_since_last_purchase"].astype("float64") / usual
        return ratio

    def save(self, folder: Path) -> None:
        """Write `rule.json`."""
        content = {"population_gap": self.population_gap, "gate": self.gate.to_json()}
        write_json(folder / FILE, content)

    @classmethod
    def load(cls, folder: Path) -> "Rule | None":
        """Read what `save` wrote; None where the folder holds models."""
        if not (folder / FILE).exists():
            return None
        content = read_json(folder / FILE)
        return cls(content["population_gap"], Gate.from_json(content["gate"]))


def rule_cards(
    snapshot: pd.DataFrame, purchases: pd.DataFrame, rule: Rule, version: str, timeline: Timeline
) -> pd.DataFrame:
    """Cards of the cohort (`rule`, or `insufficient_data` for who cannot be judged) and the gone.

    Ranks and bands, and nothing that only a model can say: no probability, date or money. Raises
    DataGateError when the cohort is empty.
    """
    if snapshot.empty:
        raise nobody(timeline)
    cards = pd.concat([snapshot[["customer_id"]], segments(snapshot)], axis=1)
    silence = rule.silence_over_usual(snapshot)
    is_judged = silence.notna()
    cards["status"] = np.where(is_judged, RULE, INSUFFICIENT_DATA)
    cards["churn_risk"] = np.nan
    cards["silence_over_usual"] = silence
    bands = np.select(
        [silence >= LAPSING_SILENCE, silence >= FADING_SILENCE], ["high", "medium"], "low"
    )
    cards["risk_band"] = pd.Series(bands, index=cards.index).where(is_judged, None)
    by = ["silence_over_usual", "customer_id"]
    cards = cards.sort_values(by, ascending=[False, True], ignore_index=True)  # unknown ones last
    judged = cards["silence_over_usual"].notna()
    cards["risk_rank"] = pd.Series(range(1, len(cards) + 1), dtype="Int64").where(judged)
    in_stage = cards[judged].groupby("lifecycle_stage").cumcount().add(1)
    cards["rank_in_stage"] = in_stage.reindex(cards.index).astype("Int64")
    gone = sorted(set(purchases["customer_id"]) - set(cards["customer_id"]))
    silent = pd.DataFrame({"customer_id": gone, "status": ALREADY_CHURNED})
    cards = pd.concat([cards, silent], ignore_index=True)
    return _with_release(cards, purchases, version, timeline)


def _with_release(
    cards: pd.DataFrame, purchases: pd.DataFrame, version: str, timeline: Timeline
) -> pd.DataFrame:
    """The cards with what is the same on all of them."""
    last = purchases.groupby("customer_id")["event_day"].max()
    return cards.assign(
        last_purchase_date=cards["customer_id"].map(last),
        as_of_date=pd.Timestamp(date_of(timeline.score)).as_unit("us"),
        horizon_days=timeline.horizon_days,
        value_horizon_days=timeline.value_horizon_days,
        churn_definition=timeline.churn,
        model_version=version,
        data_until=pd.Timestamp(date_of(timeline.data_until)).as_unit("us"),
    )
