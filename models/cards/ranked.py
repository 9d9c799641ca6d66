"""Cards below the data gates: ranked by the silence rule, without anything that needs a model."""

import numpy as np
import pandas as pd

from core.order import most_first
from features.planning.timeplan import Timeline
from models.cards.whole import rhythm_and_contact, whole
from models.customers.segments import FADING_SILENCE, LAPSING_SILENCE, segments
from models.simple.silence_rule import Rule
from models.words import INSUFFICIENT_DATA, RULE


def rule_cards(
    snapshot: pd.DataFrame, purchases: pd.DataFrame, rule: Rule, version: str, timeline: Timeline
) -> pd.DataFrame:
    """Cards of the cohort and of the customers who have already churned, sorted by customer_id."""
    return cards_of(by_rule(snapshot, rule, timeline), purchases, version, timeline)


def by_rule(snapshot: pd.DataFrame, rule: Rule, timeline: Timeline) -> pd.DataFrame:
    """What the rule says of everybody at the score date, on the snapshot's index.

    The status is `rule`, or `insufficient_data` for customers whom the rule cannot judge. Cards
    hold ranks and bands, but nothing that needs a model: no probability, date or money. The columns
    that `of_everybody` names are enough of the snapshot.
    """
    known = rhythm_and_contact(snapshot, timeline)
    cards = pd.concat([snapshot[["customer_id"]], segments(snapshot), known], axis=1)
    silence = rule.silence_over_usual(snapshot)
    is_judged = silence.notna()
    cards["status"] = np.where(is_judged, RULE, INSUFFICIENT_DATA)
    cards["churn_risk"] = np.nan
    cards["silence_over_usual"] = silence
    bands = np.select(
        [silence >= LAPSING_SILENCE, silence >= FADING_SILENCE], ["high", "medium"], "low"
    )
    cards["risk_band"] = pd.Series(bands, index=cards.index).where(is_judged, None)
    judged = cards[is_judged]
    order = judged.iloc[most_first(judged, "silence_over_usual")]
    ranks = pd.Series(range(1, len(order) + 1), index=order.index, dtype="Int64")
    cards["risk_rank"] = ranks.reindex(cards.index)
    in_stage = order.groupby("lifecycle_stage").cumcount().add(1)
    cards["rank_in_stage"] = in_stage.reindex(cards.index).astype("Int64")
    return cards


def cards_of(
    told: pd.DataFrame, purchases: pd.DataFrame, version: str, timeline: Timeline
) -> pd.DataFrame:
    """The cards of a range of customers, sorted by customer_id.

    `told` holds its rows of `by_rule`, `purchases` its purchase timelines, in which all are.
    """
    cards = whole(told, purchases, version, timeline)
    return cards.sort_values("customer_id", ignore_index=True, kind="stable")
