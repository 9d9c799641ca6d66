"""Reads a release folder: its cards and timelines part by part, its facts and its forecast."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from actions.plan.holdout import PERSISTENT
from core.errors import ArtifactError
from core.files import SCHEMA_VERSION, read_json
from core.params import TOO_LARGE
from core.rows import batches
from models.words import Status
from serving.cards.forecast import SalesForecast
from serving.cards.release import PlanTotals, Quality, ReleaseFacts
from serving.store.coding import timelines_of
from sources.meanings.vocabulary import HOLDOUT, TREATED

BATCH = 16_384  # cards of one part
PURCHASES = 500_000  # rows of purchases read at once
Row = dict[str, Any]


@dataclass
class Counts:
    """Counts over the cards of a release, made while they are read."""

    statuses: Counter[Status] = field(default_factory=Counter)
    value_at_risk: float = 0.0
    actions: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)

    def add(self, rows: pa.Table) -> None:
        """Count one part: rows of the list index."""
        for found in pc.value_counts(rows["status"].cast(pa.string())).to_pylist():
            self.statuses[found["values"]] += found["counts"]
        self.value_at_risk += math.fsum(rows["value_at_risk"].to_pylist())
        self.actions |= set(_words(rows["intended_action"]))
        self.owners |= set(_words(rows["owner"])) - {""}


def read_cards(folder: Path) -> Iterator[pa.Table]:
    """The rows of cards.parquet, some thousand at a time."""
    for table in batches(folder / "cards.parquet", BATCH):
        place = table.column_names.index("customer_id")
        yield table.set_column(place, "customer_id", table["customer_id"].cast(pa.string()))


def read_timelines(folder: Path) -> Iterator[tuple[list[str], list[bytes]]]:
    """Customers and their days with purchases as `timelines_of` writes them, some at a time.

    Raises ValueError for rows without a customer or a day.
    """
    rest: pa.Table | None = None
    for read in batches(folder / "purchases.parquet", PURCHASES):
        table = read if rest is None else pa.concat_tables([rest, read])
        customers = table["customer_id"].combine_chunks().dictionary_encode().indices
        last = (
            int(np.flatnonzero(np.diff(customers.to_numpy()))[-1]) + 1
            if (len(table) and (customers.to_numpy() != customers.to_numpy()[-1]).any())
            else 0
        )
        rest = table.slice(last)
        if last:
            yield _timelines(table.slice(0, last))
    if rest is not None and len(rest):
        yield _timelines(rest)


def _timelines(table: pa.Table) -> tuple[list[str], list[bytes]]:
    """The timelines of a table in which the rows of each customer stand together."""
    if table["customer_id"].null_count or table["event_day"].null_count:
        raise ValueError("purchases.parquet has a row without a customer or a day")
    customers = table["customer_id"].combine_chunks()
    codes = customers.dictionary_encode().indices.to_numpy()
    days = table["event_day"].cast(pa.date32(), safe=False).cast(pa.int32()).to_numpy()
    orders = table["orders"].to_numpy().astype("int64")
    amounts = (
        table["amount"].to_numpy().astype("float64") if "amount" in table.column_names else None
    )
    if amounts is not None and (np.abs(amounts[~np.isnan(amounts)]) >= TOO_LARGE).any():
        raise ValueError("purchases.parquet holds an amount that is too large to be true")
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    if (np.diff(days)[np.diff(codes) == 0] < 0).any():
        groups = np.repeat(np.arange(len(starts)), np.diff([*starts, len(codes)]))
        by_day = np.lexsort((days, groups))
        days, orders = days[by_day], orders[by_day]
        amounts = None if amounts is None else amounts[by_day]
    contents = list(timelines_of(starts, days.astype("int64"), orders, amounts))
    return list(customers.take(pa.array(starts)).to_pylist()), contents


def read_facts(folder: Path, manifest: dict[str, Any], counts: Counts) -> ReleaseFacts:
    """The facts of the release for readers; `counts` are those of its cards."""
    plan = read_json(folder / "plan.json")
    first = next(batches(folder / "cards.parquet", 1)).to_pylist()[0]
    return ReleaseFacts(
        release_id=manifest["release_id"],
        as_of_date=manifest["as_of_date"],
        data_until=manifest["data_until"],
        expires_at=_day(first["expires_at"]),
        horizon_days=manifest["horizon_days"],
        value_horizon_days=manifest["value_horizon_days"],
        value_extrapolated_from=manifest.get("value_extrapolated_from"),
        churn_definition=first["churn_definition"],
        model_version=manifest["model_version"],
        source=manifest["source"]["description"],
        source_kind=manifest["source"].get("kind", ""),
        customers=dict(counts.statuses),
        intended_actions=sorted(counts.actions),
        owners=sorted(counts.owners),
        has_money="value_at_risk" in first,
        currency=plan.get("currency") if "value_at_risk" in first else None,
        total_value_at_risk=counts.value_at_risk if "value_at_risk" in first else None,
        quality=None
        if manifest.get("gate")
        else _quality(read_json(folder / "reports" / "evaluation.json")),
        gate=manifest.get("gate"),
        ladder=manifest.get("ladder"),
        actions=plan.get("actions", {}),
        plan=_plan(plan),
    )


def read_forecast(folder: Path) -> SalesForecast | None:
    """The forecast in a release folder; None where a rule ranks, or there was none yet.

    Raises ValueError for one that breaks the schema.
    """
    path = folder / "reports" / "forecast.json"
    found = read_json(path) if path.exists() else {}
    return SalesForecast.model_validate(found) if found else None


def check_schema(manifest: dict[str, Any]) -> None:
    """Raises ArtifactError for a release folder of another layout than this code can read."""
    found = manifest.get("schema_version")
    if found != SCHEMA_VERSION:
        raise ArtifactError(
            f"The release has schema_version {found}, this code publishes {SCHEMA_VERSION}: "
            "run `dvc repro release` with this code, then publish again."
        )


def _quality(evaluation: Row) -> Quality | None:
    """The quality of the models; None where nothing has judged them."""
    churn = evaluation.get("churn")
    if churn is None:
        return None
    auc, top = churn["models"]["ours"]["auc"] or {}, churn["top_hundred"]
    return Quality(
        grade=churn["grade"],
        test_as_of_dates=_test_dates(evaluation["timeline"]),
        auc=auc.get("value"),
        auc_low=auc.get("low"),
        auc_high=auc.get("high"),
        top=top["of"],
        top_left=top["ours"],
        top_left_by_rule=top[churn["best_rule"]],
        **{name: churn.get("verdict", {}).get(name) for name in ("ranks", "probabilities")},
    )


def _test_dates(timeline: Row) -> list[Any]:
    """The test dates; of a ready table without dates there are none to tell."""
    label = timeline.get("label")
    dates: list[Any] = timeline["test"]
    return [] if label and not label["as_of"] else dates


def _plan(plan: Row) -> PlanTotals:
    treated, held = plan["by_arm"][TREATED], plan["by_arm"][HOLDOUT]
    arms, unpaid = plan.get("arms") or {}, plan.get("unpaid") or {"customers": 0}  # older: neither
    # Without a draw, plan.json tells what one would show: that is no promise.
    shows = (plan.get("holdout_share") and arms.get("can_show")) or {}
    return PlanTotals(
        customers=plan["customers"],
        contacts=treated["customers"],
        withheld=held["withheld"] - unpaid["customers"],
        always_withheld=arms.get("withheld_by", {}).get(PERSISTENT, 0),
        epoch=plan.get("epoch"),
        unpaid=unpaid["customers"],
        no_gains=plan.get("no_gains"),
        ranked_by=plan.get("ranked_by"),
        holdout_share=plan.get("holdout_share"),
        holdout_share_by=arms.get("holdout_share_by"),
        can_show=shows.get("by_date", []),
        cost=plan["budget"]["to_spend"],
        expected_gain=treated.get("expected_gain"),
        expected_gain_by_source=treated.get("expected_gain_by_source"),
        budget=plan["budget"]["limit"],
    )


def _words(column: pa.ChunkedArray) -> list[str]:
    return [word for word in pc.unique(column.cast(pa.string())).to_pylist() if word is not None]


def _day(value: dt.datetime | dt.date | None) -> Any:
    return value.date() if isinstance(value, dt.datetime) else value
