"""Cards below the data gates: ranked by the silence rule, without anything that needs a model."""

import numpy as np
import pandas as pd

from features.planning.timeplan import Timeline
from models.cards.whole import nobody, rhythm_and_contact, whole
from models.customers.segments import FADING_SILENCE, LAPSING_SILENCE, segments
from models.simple.silence_rule import Rule
from models.words import INSUFFICIENT_DATA, RULE


def rule_cards(
    snapshot: pd.DataFrame, purchases: pd.DataFrame, rule: Rule, version: str, timeline: Timeline
) -> pd.DataFrame:
    """Cards of the cohort and of the customers who have already churned.

    The status is `rule`, or `insufficient_data` for customers whom the rule cannot judge. Cards
    hold ranks and bands, but nothing that needs a model: no probability, date or money. Raises
    DataGateError when the cohort is empty.
    """
    if snapshot.empty:
        raise nobody(timeline)
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
    by = ["silence_over_usual", "customer_id"]
    cards = cards.sort_values(by, ascending=[False, True], ignore_index=True)  # unknown ones last
    judged = cards["silence_over_usual"].notna()
    cards["risk_rank"] = pd.Series(range(1, len(cards) + 1), dtype="Int64").where(judged)
    in_stage = cards[judged].groupby("lifecycle_stage").cumcount().add(1)
    cards["rank_in_stage"] = in_stage.reindex(cards.index).astype("Int64")
    return whole(cards, purchases, version, timeline)
