"""Everything that contacts tell: what each action did, and what it will do for today's customers.

One call for the stage and for the benchmarks, so that both judge the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from actions.effects.assigned import LEFT_OUT, Assigned, assigned
from actions.effects.estimating import FEWEST_OF_EACH, Today, learn
from actions.effects.following import Outcomes, followed, foreseen
from actions.effects.learners import LearnerParams
from actions.effects.programme import programme
from actions.effects.report import by_period, not_by_chance
from actions.effects.window import window_for
from actions.params import ActionParams
from actions.plan.catalog import Catalog
from actions.plan.estimates import Estimates, none_estimated
from actions.plan.gain import has_money
from core.digits import TOLD, to_digits
from features.planning.timeplan import Timeline
from features.timeline import date_of

FEWEST = 200  # contacts drawn by chance, or nothing is learned from them


@dataclass(frozen=True)
class Known:
    """What the run knows: checked tables, snapshots, purchase timelines, and today's cards.

    `tables` are contacts and, where leaving is a cancellation, subscriptions. `snapshots` hold all
    as-of dates, the last of which (split `score`) is today's.
    """

    tables: Mapping[str, pd.DataFrame]
    snapshots: pd.DataFrame
    purchases: pd.DataFrame
    cards: pd.DataFrame
    timeline: Timeline


def measure(
    known: Known,
    catalog: Catalog,
    params: ActionParams,
    margin_rate: float | None,
    settings: LearnerParams,
) -> tuple[dict[str, Any], Estimates]:
    """Facts for the report (JSON), and the estimates for the plan.

    Without contacts that were drawn by chance there is no estimate, and the facts say why.
    """
    timeline = known.timeline
    found = assigned(known.tables["contacts"], known.snapshots)
    days = found.rows["day"].to_numpy(np.int64)
    treated = found.rows["treated"].to_numpy(bool)
    window = window_for(
        params.effect_window_days, timeline.horizon_days, (days, treated), timeline.data_until
    )
    closed = window.closed(days, timeline.data_until)
    facts: dict[str, Any] = {
        "as_of_date": date_of(timeline.score).isoformat(),
        "data_until": date_of(timeline.data_until).isoformat(),
        "churn_definition": timeline.churn,
        "window_days": [window.first, window.last],
        "wanted_window_days": list(window.wanted),
        "contacts": {
            "rows": len(known.tables["contacts"]),
            "by_chance": len(found.rows),
            "closed": int(closed.sum()),
            "left_out": found.left_out,
        },
        "periods": [],
        "programme": None,
        "learned": None,
    }
    if len(found.rows) < FEWEST or not closed.any():
        facts["why_not"] = _why_not(found, int(closed.sum()))
        return facts, none_estimated(params.effect_confidence)
    outcomes = Outcomes(known.purchases, known.tables.get("subscriptions"), timeline.churn, window)
    models = foreseen(
        known.snapshots, outcomes, timeline.data_until, settings.seed, settings.threads
    )
    seen = followed(found.rows, outcomes, models, timeline.data_until)
    facts["periods"] = by_period(seen, window, timeline.data_until, margin_rate)
    facts["programme"] = programme(found.programme, outcomes, timeline.data_until)
    facts["not_by_chance"] = not_by_chance(seen)
    usable = closed & ~found.rows["action_id"].isin(list(facts["not_by_chance"])).to_numpy(bool)
    learned = learn(
        found.rows[usable].reset_index(drop=True),
        seen.kept[usable],
        _today(known, margin_rate),
        models[0],
        catalog.actions,
        (settings, params.effect_confidence),
    )
    if learned is None:
        facts["why_not"] = _why_not(found, int(closed.sum()), int((seen.kept[closed] < 1).sum()))
        return facts, none_estimated(params.effect_confidence)
    return facts | {"learned": learned.facts}, _rounded(learned.estimates)


def _why_not(found: Assigned, closed: int, left: int | None = None) -> str:
    """Why nothing is estimated, and what is missing, as a sentence."""
    if left is not None and min(left, closed - left) < FEWEST_OF_EACH:
        return (
            f"Not enough data yet: of {closed:,} contacts with a known outcome {left:,} customers "
            f"left and {closed - left:,} stayed; {FEWEST_OF_EACH} of each are needed."
        )
    if len(found.rows) >= FEWEST:
        return (
            f"Not enough data yet: of {len(found.rows):,} contacts drawn by chance the outcomes of "
            f"{closed:,} are known so far, too few of them treated or too few withheld."
        )
    others = [f"{count:,} {LEFT_OUT[name]}" for name, count in found.left_out.items()]
    few = f"{len(found.rows):,} contacts were drawn by chance, and {FEWEST} are needed"
    return f"Not enough data yet: {few}." + (
        f" Of the others, {'; '.join(others)}." if others else ""
    )


def _today(known: Known, margin_rate: float | None) -> Today:
    """Today's customers, with what their cards tell; without a margin nobody knows a stake."""
    rows = known.snapshots[known.snapshots["split"] == "score"].reset_index(drop=True)
    cards = known.cards.set_index("customer_id").reindex(rows["customer_id"])
    risk = cards["churn_risk"].to_numpy(np.float64, na_value=np.nan)
    stake = np.full(len(rows), np.nan)
    if margin_rate is not None and has_money(known.cards):
        worth = cards["value_if_stays"].astype("float64") - cards["value_if_lapses"]
        stake = worth.to_numpy(np.float64, na_value=np.nan) * margin_rate
    return Today(rows, risk, stake)


def _rounded(estimates: Estimates) -> Estimates:
    """With digits that are the same on every processor."""
    return replace(
        estimates,
        effect=to_digits(estimates.effect, TOLD),
        sd=to_digits(estimates.sd, TOLD),
        stake=to_digits(estimates.stake, TOLD),
    )
