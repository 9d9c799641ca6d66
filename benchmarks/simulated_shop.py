"""Figures of the documentation that rest on a simulated shop, whose truth is known.

    python -m benchmarks.simulated_shop --customers 5000

Runs the stages up to the cards on the shop and prints: how near its sales forecasts came
(docs/forecast.md), shares of segments, and what a decline of the relationship's strength says,
also beside the truth (docs/segments.md).
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.zoo.road import lay_out, run_road
from core.files import read_json
from features.planning.timeplan import Timeline
from features.reading import read_snapshots
from features.timeline import date_of
from models.customers.strength import RECENT_DAYS, strength
from models.words import SCORED
from sources.kinds.simulator import company_folder
from sources.kinds.simulator.writing import START
from sources.params import SimulatorParams

DAYS, SEED = 730, 1
TASK = {"horizon_days": 28, "active_within_days": 90, "value_horizon_days": 180}


def forecast_rows(backtests: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The rows of the table in docs/forecast.md, and how many intervals held."""
    for one in backtests:
        name = f"simulated shop {one['as_of_date']}, {one['days']}"
        for what, word in (("orders", "orders"), ("spend", "revenue")):
            ours, last = (one["errors"][what][who] for who in ("ours", "last_period"))
            total, sold = ours["total_error"], one["total"][what]
            year = sold["last_year"]
            cells = (
                name,
                word,
                f"{total['value']:+.1%} ({total['low']:+.1%} to {total['high']:+.1%})",
                f"{ours['segment_error']['value']:.1%}",
                f"{last['total_error']['value']:+.1%}",
                f"{last['segment_error']['value']:.1%}",
                "–" if year is None else f"{year / sold['sold'] - 1:+.1%}",
                f"{sum(one['not_in_it'][what].values()):.1%}",
            )
            yield f"| {' | '.join(cells)} |"
            name = ""
    told = [
        period[what]["covers"]
        for one in backtests
        for period in one["periods"]
        for what in ("orders", "spend")
        if period[what]["covers"] is not None
    ]
    yield f"Monthly intervals contained the sales in {sum(told)} of {len(told)} cases."


def shares(cards: pd.DataFrame, field: str) -> str:
    """The shares of the values of a card's field."""
    found = cards.loc[cards["status"] == SCORED, field].value_counts(normalize=True)
    return f"{field}: " + ", ".join(f"{name} {share:.1%}" for name, share in found.items())


def declines(snapshots: pd.DataFrame, timeline: Timeline, truth: pd.DataFrame) -> Iterator[str]:
    """What a flagged decline says of leaving, and how it agrees with the truth."""
    found = []
    for day in timeline.as_of_days():
        earlier = max((d for d in timeline.as_of_days() if d <= day - RECENT_DAYS), default=None)
        if earlier is None:
            continue
        rows, before = (_at(snapshots, one) for one in (day, earlier))
        compared = rows[["customer_id", "churned", "outcome_known"]].join(strength(rows, before))
        found.append(compared[compared["relationship_strength_change"].notna()].assign(day=day))
    if not found:
        return
    rows = pd.concat(found, ignore_index=True)
    is_flagged = rows["relationship_declined"].eq(True)
    by_day = is_flagged.groupby(rows["day"]).mean()
    yield f"flagged by date: {by_day.min():.1%} to {by_day.max():.1%}"
    closed = rows["outcome_known"].astype(bool)
    left = [rows.loc[closed & flag, "churned"].mean() for flag in (is_flagged, ~is_flagged)]
    yield f"left within the horizon, flagged and not: {left[0]:.1%} and {left[1]:.1%}"
    fall = rows.loc[is_flagged, "relationship_strength_change"].mean()
    yield f"mean change of those flagged: {fall:.1f}"
    theirs = truth.set_index("customer_id").reindex(rows["customer_id"])
    since = rows["day"].to_numpy() - (pd.Timestamp(START) - pd.Timestamp(0)).days
    gone = theirs["left_day"].to_numpy() < since
    slowing = ~gone & (theirs["fading_from_day"].to_numpy() < since)
    for name, some in (("unchanged", ~gone & ~slowing), ("slowing", slowing), ("left", gone)):
        yield f"flagged of those {name}: {np.mean(is_flagged.to_numpy()[some]):.1%}"


def _at(snapshots: pd.DataFrame, day: int) -> pd.DataFrame:
    is_day = snapshots["as_of_date"] == pd.Timestamp(date_of(day))
    return snapshots[is_day].reset_index(drop=True)


def measured(customers: int) -> Iterator[str]:
    """All lines."""
    company = SimulatorParams(customers=customers, days=DAYS, seed=SEED)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        source = {"kind": "simulator", "simulator": company.model_dump()}
        lay_out(folder, {"source": source, "task": TASK})
        ended = run_road(folder, "score")
        if not ended.through:
            raise SystemExit(ended.error + ended.crash)
        yield from forecast_rows(read_json(folder / "reports" / "evaluation.json")["forecast"])
        cards = pd.read_parquet(folder / "data" / "scores.parquet")
        for field in ("suggested_level", "held_by"):
            yield shares(cards, field)
        truth = folder / company_folder(company) / "truth" / "customers.parquet"
        timeline = Timeline.from_json(read_json(folder / "data" / "timeline.json"))
        snapshots = read_snapshots(folder / "data" / "snapshots")
        yield from declines(snapshots, timeline, pd.read_parquet(truth))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--customers", type=int, default=5000)
    for line in measured(parser.parse_args(arguments).customers):
        print(line, flush=True)


if __name__ == "__main__":
    main()
