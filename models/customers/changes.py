"""What has changed: whose spend has grown or shrunk, and whose relationship has declined."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from features.timeline import reaches_back
from models.customers.over_time import MOVED_DAYS, YEAR, OverTime
from models.customers.standing import MOST_OWNERS

MOST_MOVERS = 15  # listed each way, of the company and of each owner
BIN = 10  # points of strength


def movers(found: OverTime, cards: pd.DataFrame) -> dict[str, Any] | None:
    """Whose net spend changed most, of the whole company and of each owner, each way.

    Only customers with a card; the list of an owner is there for who sees no others.
    """
    begins, ends = found.timeline.data_from, found.timeline.score
    if "spent" not in found.counted or not reaches_back(begins, ends, 2 * MOVED_DAYS):
        return None
    owners = cards[["customer_id", "owner"]] if "owner" in cards else cards[["customer_id"]]
    rows = found.counted["spent"].merge(owners, on="customer_id")
    rows["owner"] = rows["owner"].astype(object) if "owner" in rows else None
    rows["change"] = rows["now"] - rows["before"]
    has_year = reaches_back(begins, ends, YEAR + MOVED_DAYS)
    kept = []
    for sign, way in ((-1.0, "growing"), (1.0, "shrinking")):
        some = rows[sign * rows["change"] < 0]
        some = some.assign(by=sign * some["change"]).sort_values(["by", "customer_id"])
        of_owner = some.groupby("owner", sort=False).cumcount() < MOST_MOVERS
        of_owner &= some["owner"].notna()
        is_top = np.arange(len(some)) < MOST_MOVERS
        for row in some[is_top | of_owner].to_dict("records"):
            kept.append(
                {
                    "customer_id": row["customer_id"],
                    "owner": row["owner"] if isinstance(row["owner"], str) else None,
                    "way": way,
                    "spent": float(row["now"]),
                    "before": float(row["before"]),
                    "year_ago": float(row["year_ago"]) if has_year else None,
                }
            )
    return {"days": MOVED_DAYS, "customers": kept}


def relationship(listed: pd.DataFrame) -> dict[str, Any] | None:
    """How strong relationships are, and how many have declined, in all and by owner."""
    if "relationship_strength" not in listed or not listed["relationship_strength"].notna().any():
        return None
    strength = listed["relationship_strength"]
    bins = np.minimum(strength.dropna() // BIN, 100 // BIN - 1).astype(int)
    since = listed["relationship_strength_since"].dropna()
    rows = pd.DataFrame(
        {
            "owner": listed["owner"].astype(object) if "owner" in listed else None,
            "strength": strength,
            "compared": listed["relationship_declined"].notna(),
            "declined": listed["relationship_declined"].eq(True).fillna(False).astype(bool),
        }
    )
    by_owner = []
    if rows["owner"].notna().any():
        rows["text"] = rows["owner"].where(rows["owner"].notna(), "")
        grouped = (
            rows[rows["strength"].notna()]
            .groupby("text")
            .agg(
                customers=("strength", "size"),
                mean=("strength", "mean"),
                compared=("compared", "sum"),
                declined=("declined", "sum"),
            )
        )
        by_owner = [
            {"owner": name or None, **_counts(row)}
            for name, row in grouped.head(MOST_OWNERS).to_dict("index").items()
        ]
    known = rows[rows["strength"].notna()]
    return {
        "since": None if since.empty else since.iloc[0].date().isoformat(),
        "bins": [int((bins == number).sum()) for number in range(100 // BIN)],
        "customers": len(known),
        "mean": float(known["strength"].mean()),
        "compared": int(known["compared"].sum()),
        "declined": int(known["declined"].sum()),
        "by_owner": by_owner,
    }


def _counts(row: Mapping[Any, Any]) -> dict[str, Any]:
    counts = {name: int(row[name]) for name in ("customers", "compared", "declined")}
    return {**counts, "mean": float(row["mean"])}
