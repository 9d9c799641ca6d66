"""The overview: where the company's customers stand, as the page of that name shows it.

Counts and sums over the score cards, the snapshot and the checked tables; nothing here is
predicted that no card predicts. What the data does not have is empty, and `absent` says why.
"""

from collections.abc import Mapping
from typing import Any, get_args

import pandas as pd

from features.engines.duckdb import Engine
from features.planning.timeplan import Timeline
from features.timeline import date_of
from models.customers.changes import movers, relationship
from models.customers.over_time import (
    OverTime,
    cohort_table,
    count_over_time,
    monthly,
    scale_tops,
)
from models.customers.standing import Snapshots, groups, pareto, rfm_grid
from models.words import LISTED, OverviewGap, OverviewPart

GROUPS = ("rfm_segment", "abc_class", "owner")


def overview(
    cards: pd.DataFrame,
    engine: Engine | None,
    snapshots: Snapshots,
    timeline: Timeline,
    since: int | None,
) -> dict[str, Any]:
    """Everything that `reports/overview.json` holds.

    `cards` are the score cards with `owner` where it is known; `engine` holds the checked tables,
    None for a ready table, which has no purchases; `snapshots` are that of the score date and that
    of the day `since`, which movement is told against, None where the history holds no such date.
    """
    listed = cards[cards["status"].isin([*LISTED])].reset_index(drop=True)
    found = None if engine is None else count_over_time(engine, timeline)
    content: dict[str, Any] = {
        "as_of_date": date_of(timeline.score).isoformat(),
        "data_from": date_of(timeline.data_from).isoformat(),
        "horizon_days": timeline.horizon_days,
        "active_within_days": timeline.active_within_days,
        "churn_definition": timeline.churn,
        "customers": len(listed),
        "repeat_days": None if found is None else found.repeat_days,
        "months": [] if found is None else monthly(found),
        "scales": {} if found is None else scale_tops(found),
        "cohorts": None if found is None else _cohorts(found),
        "expected_value": _expected(listed, timeline),
        "value_at_risk": {
            by: groups(listed, by) for by in GROUPS if by in listed and listed[by].notna().any()
        },
        "rfm": None if found is None else rfm_grid(snapshots, listed, since),
        "pareto": None if found is None else pareto(snapshots[0]),
        "movers": None if found is None else movers(found, cards),
        "relationship": relationship(listed),
    }
    return content | {"absent": _absent(content, found, listed)}


def _absent(
    content: Mapping[str, Any], found: OverTime | None, listed: pd.DataFrame
) -> dict[OverviewPart, OverviewGap]:
    """OverviewGap a part is not there."""
    without: dict[OverviewPart, OverviewGap] = {}
    if "value_at_risk" not in listed:
        without["value_at_risk"] = "no_money"
    if found is None:
        others: list[OverviewPart] = [
            part for part in get_args(OverviewPart) if part != "value_at_risk"
        ]
        return without | dict.fromkeys(others, "no_purchases")
    has_money = "amount" in found.has
    told = {
        name for month in content["months"] for name, value in month.items() if value is not None
    }
    reasons: dict[OverviewPart, tuple[bool, OverviewGap]] = {
        "months": (bool(content["months"]), "short_history"),
        "cohorts": (content["cohorts"] is not None, "short_history"),
        "rfm_before": (content["rfm"]["since"] is not None, "short_history"),
        "pareto": (content["pareto"] is not None, "no_money"),
        "movers": (content["movers"] is not None, "short_history" if has_money else "no_money"),
        "revenue": (has_money, "no_money"),
        "nps": ("nps" in told, "no_surveys"),
        "csat": (bool({"csat", "csat_tickets"} & told), "no_answers"),
        "relationship": (content["relationship"] is not None, "no_strength"),
    }
    return without | {part: why for part, (is_there, why) in reasons.items() if not is_there}


def _cohorts(found: OverTime) -> dict[str, Any] | None:
    rows = cohort_table(found)
    return {"period": "quarter" if found.is_by_quarter else "month", "rows": rows} if rows else None


def _expected(listed: pd.DataFrame, timeline: Timeline) -> dict[str, Any] | None:
    """What the cards expect customers to bring: the sum and the mean."""
    if "expected_value" not in listed or not listed["expected_value"].notna().any():
        return None
    known = listed["expected_value"].dropna()
    return {
        "customers": len(known),
        "total": float(known.sum()),
        "mean": float(known.mean()),
        "days": timeline.value_horizon_days,
    }
