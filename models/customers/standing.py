"""Where customers stand now: value at risk by group, the RFM grid, the Pareto curve."""

from typing import Any

import numpy as np
import pandas as pd

from features.timeline import date_of
from models.customers.segments import (
    ABC_CLASSES,
    longest_window,
    rfm_scores,
    segments,
)

POINTS = 40  # of the Pareto curve
MOST_OWNERS = 1000
SCORES = range(1, 6)  # of the grid
MONEY = ("value_at_risk", "expected_value")
Snapshots = tuple[pd.DataFrame, pd.DataFrame | None]


def groups(listed: pd.DataFrame, by: str) -> list[dict[str, Any]]:
    """Customers, those in the high band, and money by a column; the most at risk first."""
    names = listed[by].astype(object).where(listed[by].notna(), None)
    rows = pd.DataFrame({"name": names, "high": listed["risk_band"].eq("high")})
    money = [name for name in ("value_at_risk", "expected_value") if name in listed]
    rows = rows.join(listed[money])
    grouped = rows.groupby("name", dropna=False, sort=False)
    sums = grouped.agg(
        customers=("high", "size"), high=("high", "sum"), **{name: (name, "sum") for name in money}
    ).reset_index()
    first = "value_at_risk" if "value_at_risk" in money else "high"
    sums["text"] = sums["name"].fillna("").astype(str)
    sums = sums.sort_values([first, "customers", "text"], ascending=[False, False, True])
    if by == "abc_class":
        sums = sums.sort_values("text", kind="stable")
    return [
        {
            "name": row["name"] if isinstance(row["name"], str) else None,
            "customers": int(row["customers"]),
            "high": int(row["high"]),
            "value_at_risk": _float(row.get("value_at_risk")),
            "expected_value": _float(row.get("expected_value")),
        }
        for row in sums.head(MOST_OWNERS).to_dict("records")
    ]


def rfm_grid(snapshots: Snapshots, listed: pd.DataFrame, since: int | None) -> dict[str, Any]:
    """The grid of recency and value scores, and who has moved between segments since then."""
    now = _placed(snapshots[0])
    then = None if snapshots[1] is None or snapshots[1].empty else _placed(snapshots[1])
    money = [name for name in MONEY if name in listed]
    now = now.merge(listed[["customer_id", *money]], on="customer_id", how="left")
    for name in MONEY:
        now[name] = now[name].fillna(0.0) if name in money else np.nan
    cells = _counted(now, ["recency", "value"])
    before = None if then is None else _counted(then, ["recency", "value"])
    return {
        "since": None if then is None or since is None else date_of(since).isoformat(),
        "cells": [
            {
                "recency": recency,
                "value": value,
                **_cell(cells, (recency, value), money),
                "before": None if before is None else _count(before, (recency, value)),
            }
            for recency in reversed(SCORES)
            for value in SCORES
        ],
        "moves": [] if then is None else _moves(now, then),
    }


def pareto(snapshot: pd.DataFrame) -> dict[str, Any] | None:
    """The share of customers against the share of revenue, the largest first; and the classes."""
    amounts = longest_window(snapshot, "amount")
    if amounts is None:
        return None
    revenue = np.sort(amounts.clip(lower=0.0).fillna(0.0).to_numpy(np.float64))[::-1]
    total = float(revenue.sum())
    if total <= 0:
        return None
    cumulated = np.concatenate([[0.0], np.cumsum(revenue)]) / total
    places = np.unique(np.round(np.linspace(0, len(revenue), POINTS + 1)).astype(np.int64))
    names = segments(snapshot)["abc_class"]
    classes = []
    for name in ABC_CLASSES:
        theirs = amounts[names == name].clip(lower=0.0).fillna(0.0)
        if len(theirs):
            classes.append(
                {
                    "abc_class": name,
                    "customers": len(theirs),
                    "customer_share": len(theirs) / len(revenue),
                    "revenue": float(theirs.sum()),
                    "revenue_share": float(theirs.sum()) / total,
                    "least": float(theirs.min()),
                }
            )
    return {
        "days": int(str(amounts.name).rpartition("_")[2].removesuffix("d")),
        "customers": len(revenue),
        "revenue": total,
        "points": [
            {"customer_share": place / len(revenue), "revenue_share": float(cumulated[place])}
            for place in places.tolist()
        ],
        "classes": classes,
    }


def _moves(now: pd.DataFrame, then: pd.DataFrame) -> list[dict[str, Any]]:
    """How many customers came from which segment; None: they were, or are, in none."""
    key = ["customer_id", "rfm_segment"]
    both = now[key].merge(then[key], on="customer_id", how="outer", suffixes=("", "_then"))
    pairs = both[["rfm_segment_then", "rfm_segment"]].fillna("")
    counts = pairs.groupby([*pairs.columns]).size().rename("customers").reset_index()
    return [
        {
            "before": row["rfm_segment_then"] or None,
            "now": row["rfm_segment"] or None,
            "customers": int(row["customers"]),
        }
        for row in counts.to_dict("records")
    ]


def _placed(snapshot: pd.DataFrame) -> pd.DataFrame:
    named = segments(snapshot)[["rfm_segment"]]
    return snapshot[["customer_id"]].join(rfm_scores(snapshot)).join(named)


def _counted(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    sums = {name: (name, "sum") for name in MONEY if name in rows}
    return rows.groupby(by).agg(customers=("customer_id", "size"), **sums)


def _count(counted: pd.DataFrame, cell: tuple[int, int]) -> int:
    return int(counted["customers"].get(cell, 0))


def _cell(counted: pd.DataFrame, cell: tuple[int, int], money: list[str]) -> dict[str, Any]:
    there = cell in counted.index
    sums = {
        name: (float(counted[name][cell]) if there else 0.0) if name in money else None
        for name in MONEY
    }
    return {"customers": _count(counted, cell), **sums}


def _float(value: Any) -> float | None:
    return None if value is None or value != value else float(value)
