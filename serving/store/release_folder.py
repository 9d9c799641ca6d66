"""Reads a release folder in batches, as cards and purchase timelines of the API's schema."""

import datetime as dt
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic import ValidationError

from core.errors import ArtifactError
from core.files import SCHEMA_VERSION, read_json
from features.history.category_history import NEW_DAYS
from models.churn.reason_rows import restored
from models.next_purchase.what import CATEGORY_LISTS
from models.next_purchase.when import REPORTED_DAYS
from models.words import PURCHASE_PROBABILITY, Status
from serving.cards.card import PUBLISHING, IntendedAction, ScoreCard
from serving.cards.forecast import SalesForecast
from serving.cards.release import PlanTotals, Quality, ReleaseFacts
from sources.meanings.vocabulary import HOLDOUT, TREATED

BATCH = 5_000
CATEGORIES = {name: f"next_categories_{name}" for name in CATEGORY_LISTS}
DATES = {end: f"next_purchase_date_{end}" for end in ("low", "median", "high")}
REACH = "next_purchase_reach_days"
ACTION = sorted(set(IntendedAction.model_fields) - {"action_id", "name"})
# fields of the card that are not columns of cards.parquet, but built from some, or from none
BUILT = {
    "release_id": (),
    "risk_change": (),
    "purchase_probability": tuple(f"{PURCHASE_PROBABILITY}{days}d" for days in REPORTED_DAYS),
    "next_purchase_date": (*DATES.values(), REACH),
    "next_categories": tuple(CATEGORIES.values()),
    "intended_action": ("intended_action", *ACTION),
    "purchases": (),
}
AS_THEY_ARE = sorted(set(ScoreCard.model_fields) - set(BUILT))
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

    def add(self, cards: list[ScoreCard]) -> None:
        """Count one batch."""
        self.statuses.update(card.status for card in cards)
        self.value_at_risk += math.fsum(card.value_at_risk or 0.0 for card in cards)
        self.actions |= {card.intended_action.action_id for card in cards if card.intended_action}
        self.owners |= {card.owner for card in cards if card.owner}


def read_cards(folder: Path, release_id: str) -> Iterator[list[ScoreCard]]:
    """Batches of cards. Raises ArtifactError naming the customer whose card breaks the schema."""
    for batch in pq.ParquetFile(folder / "cards.parquet").iter_batches(BATCH):
        yield [_checked_card(_known(row), release_id, folder) for row in batch.to_pylist()]


def read_timelines(folder: Path) -> Iterator[tuple[str, str]]:
    """Each customer's days with purchases as JSON: [[day, orders, amount], …], oldest first."""
    file = pq.ParquetFile(folder / "purchases.parquet")
    rows = (_known(row) for batch in file.iter_batches(BATCH) for row in batch.to_pylist())
    for customer, days in groupby(rows, key=itemgetter("customer_id")):
        listed = [[_day(d["event_day"]).isoformat(), d["orders"], d.get("amount")] for d in days]
        yield customer, json.dumps(listed, allow_nan=False)


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


def _checked_card(row: Row, release_id: str, folder: Path) -> ScoreCard:
    try:
        return _card(row, release_id)
    except (ValidationError, LookupError, TypeError, ValueError) as error:
        where = _why(error)
        raise ArtifactError(
            f"{folder}/cards.parquet: the card of customer {row['customer_id']!r} cannot be "
            f"published ({where}). Run `dvc repro release` with this code."
        ) from None


def _why(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"{'.'.join(map(str, part['loc'])) or 'card'}: {part['msg']}"
        for part in error.errors(include_input=False, include_url=False)
    )


def card_of(row: Row, release_id: str) -> ScoreCard:
    """The card of a row of `cards.parquet`, or of a row of its columns that no plan was made for.

    Raises ValidationError, LookupError or TypeError for one that is no card.
    """
    return _card(_known(row), release_id, None)


def _card(row: Row, release_id: str, context: str | None = PUBLISHING) -> ScoreCard:
    plain = {name: _plain(row.get(name)) for name in AS_THEY_ARE}
    when = {end: _day(row.get(column)) for end, column in DATES.items()}
    action = None
    if row.get("intended_action") is not None:
        taken = {name: row.get(name) for name in ACTION}
        taken["blocked"] = taken["blocked"] or []
        action = {"action_id": row["intended_action"], **taken}
    return ScoreCard.model_validate(
        {
            **plain,
            "reasons": [restored(reason) for reason in plain["reasons"] or []],
            "release_id": release_id,
            "risk_change": None,
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
        },
        context=context,
    )


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


def _known(value: Any) -> Any:
    """The same value with None for every NaN, at any depth."""
    if isinstance(value, dict):
        return {name: _known(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_known(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _plain(value: Any) -> Any:
    return _day(value) if isinstance(value, dt.datetime) else value


def _day(value: dt.datetime | None) -> Any:
    return None if value is None else value.date()
