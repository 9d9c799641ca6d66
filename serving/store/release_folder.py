"""Reads a release folder part by part, and makes a card of the API's schema from a row of it."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import ArtifactError
from core.files import SCHEMA_VERSION, read_json
from features.history.category_history import NEW_DAYS
from models.churn.reason_rows import restored
from models.next_purchase.what import CATEGORY_LISTS
from models.next_purchase.when import REPORTED_DAYS
from models.words import PURCHASE_PROBABILITY, Status
from serving.cards.card import IntendedAction, ScoreCard
from serving.cards.forecast import SalesForecast
from serving.cards.release import PlanTotals, Quality, ReleaseFacts
from serving.store.coding import timelines_of
from sources.meanings.vocabulary import HOLDOUT, TREATED

BATCH = 16_384  # cards of one part
HUGE = 1e15
PURCHASES = 500_000  # rows of purchases read at once
# Fields that are equal on every card of a release, and told by its facts.
CONSTANT = (
    "as_of_date",
    "data_until",
    "expires_at",
    "horizon_days",
    "value_horizon_days",
    "churn_definition",
    "model_version",
)
CATEGORIES = {name: f"next_categories_{name}" for name in CATEGORY_LISTS}
DATES = {end: f"next_purchase_date_{end}" for end in ("low", "median", "high")}
REACH = "next_purchase_reach_days"
# Fields of an action in the order in which the API returns them.
ACTION = [name for name in IntendedAction.model_fields if name not in ("action_id", "name")]
# fields of the card that are not columns of cards.parquet, but built from some, or from none
BUILT = {
    "release_id": (),
    "risk_change": (),
    "purchase_probability": tuple(f"{PURCHASE_PROBABILITY}{days}d" for days in REPORTED_DAYS),
    "next_purchase_date": (*DATES.values(), REACH),
    "next_categories": tuple(CATEGORIES.values()),
    "intended_action": ("intended_action", *ACTION),
    "is_live": (),
    "purchases": (),
}
AS_THEY_ARE = sorted(set(ScoreCard.model_fields) - set(BUILT))
ORDER = [name for name in ScoreCard.model_fields if name != "purchases"]
# Every column of cards.parquet.
COLUMNS = {*AS_THEY_ARE, *chain.from_iterable(BUILT.values())}

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
    file = pq.ParquetFile(folder / "cards.parquet", pre_buffer=False)
    for batch in file.iter_batches(BATCH):
        table = pa.table(batch).replace_schema_metadata(None)
        place = table.column_names.index("customer_id")
        yield table.set_column(place, "customer_id", table["customer_id"].cast(pa.string()))


def read_timelines(folder: Path) -> Iterator[tuple[list[str], list[bytes]]]:
    """Customers and their days with purchases as `timelines_of` writes them, some at a time.

    Raises ValueError for rows without a customer or a day.
    """
    rest: pa.Table | None = None
    file = pq.ParquetFile(folder / "purchases.parquet", pre_buffer=False)
    for batch in file.iter_batches(PURCHASES):
        table = pa.table(batch).replace_schema_metadata(None)
        table = table if rest is None else pa.concat_tables([rest, table])
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
    if amounts is not None and (np.abs(amounts[~np.isnan(amounts)]) >= HUGE).any():
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
    first = next(pq.ParquetFile(folder / "cards.parquet").iter_batches(1)).to_pylist()[0]
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
        total_value_at_risk=counts.value_at_risk if "value_at_risk" in first else None,
        quality=None
        if manifest.get("gate")
        else _quality(read_json(folder / "reports" / "evaluation.json")),
        gate=manifest.get("gate"),
        ladder=manifest.get("ladder"),
        plan=_plan(read_json(folder / "plan.json")),
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


def told_by(release: ReleaseFacts) -> Row:
    """What every card of the release tells alike, days as ISO texts."""
    return {name: _plain(getattr(release, name)) for name in ("release_id", *CONSTANT)}


def card_of(row: Row, told: Row, context: str | None = None) -> ScoreCard:
    """The card of a row of cards.parquet; `told` has its release_id, and fields not in the row.

    Raises ValidationError, LookupError, TypeError or ValueError for one that is no card.
    """
    plain = {name: _plain(value) for name, value in known(row).items()}
    return ScoreCard.model_validate(shape_of(plain, told), context=context)


def shape_of(row: Row, told: Row) -> Row:
    """The same in the shape of the score card, in the order of its fields, and not checked.

    The row has its values as in JSON.
    """
    row = {**row, **told}
    shape = {name: row.get(name) for name in AS_THEY_ARE}
    when = {end: row.get(column) for end, column in DATES.items()}
    action = None
    if row.get("intended_action") is not None:
        taken = {name: row.get(name) for name in ACTION}
        taken["blocked"] = taken["blocked"] or []
        action = {"action_id": row["intended_action"], **taken}
    shape |= {
        "reasons": [restored(reason) for reason in shape["reasons"] or []],
        "release_id": row["release_id"],
        "risk_change": row.get("risk_change"),
        "purchase_probability": {
            name.removeprefix(PURCHASE_PROBABILITY).removesuffix("d"): value
            for name, value in row.items()
            if name.startswith(PURCHASE_PROBABILITY)
        },
        "next_purchase_date": None
        if row.get("churn_risk") is None or row.get(REACH) is None
        else {**when, "reach_days": row.get(REACH)},
        "next_categories": _next_categories(row),
        "intended_action": action,
        "is_live": False,
    }
    return {name: shape[name] for name in ORDER}


def _next_categories(row: Row) -> Row | None:
    """Both lists; None where the release has none, or not for this customer."""
    lists = {name: row.get(column) for name, column in CATEGORIES.items()}
    if all(listed is None for listed in lists.values()):
        return None
    return {**lists, "new_days": NEW_DAYS}


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
    )


def _test_dates(timeline: Row) -> list[Any]:
    """The test dates; of a ready table without dates there are none to tell."""
    label = timeline.get("label")
    dates: list[Any] = timeline["test"]
    return [] if label and not label["as_of"] else dates


def _plan(plan: Row) -> PlanTotals:
    treated, held = plan["by_arm"][TREATED], plan["by_arm"][HOLDOUT]
    return PlanTotals(
        customers=plan["customers"],
        contacts=treated["customers"],
        withheld=held["withheld"],
        epoch=plan["epoch"],
        cost=plan["budget"]["to_spend"],
        expected_gain=treated.get("expected_gain"),
        budget=plan["budget"]["limit"],
    )


def known(value: Any) -> Any:
    """The same value with None for every NaN, at any depth."""
    if isinstance(value, dict):
        return {name: known(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [known(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _words(column: pa.ChunkedArray) -> list[str]:
    return [word for word in pc.unique(column.cast(pa.string())).to_pylist() if word is not None]


def _plain(value: Any) -> Any:
    """Days as ISO texts, as in JSON."""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date) else value


def _day(value: dt.datetime | dt.date | None) -> Any:
    return value.date() if isinstance(value, dt.datetime) else value
