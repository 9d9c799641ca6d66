"""The shape of the score card, made of a row of cards.parquet: which field is of which columns."""

import datetime as dt
import math
from collections.abc import Callable
from functools import cache
from itertools import chain
from typing import Any

from features.history.category_history import NEW_DAYS
from models.churn.reason_rows import restored
from models.words import CATEGORY_LISTS, PURCHASE_PROBABILITY, REPORTED_DAYS
from serving.cards.card import (
    ScoreCard,
)
from serving.cards.parts import (
    IntendedAction,
)
from serving.cards.release import ReleaseFacts

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
NOT_STORED = ("action_id", "name", "talking_points")  # made when a card is read
ACTION = [name for name in IntendedAction.model_fields if name not in NOT_STORED]
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
FIELDS = frozenset(ScoreCard.model_fields)
# Every column of cards.parquet.
COLUMNS = {*AS_THEY_ARE, *chain.from_iterable(BUILT.values())}

Row = dict[str, Any]


def told_by(release: ReleaseFacts) -> Row:
    """What every card of the release tells alike, days as ISO texts."""
    return {name: _plain(getattr(release, name)) for name in ("release_id", *CONSTANT)}


def card_of(row: Row, told: Row, context: str | None = None) -> ScoreCard:
    """The card of a row of cards.parquet; `told` has its release_id, and fields not in the row.

    Raises ValidationError, LookupError, TypeError or ValueError for one that is no card.
    """
    return ScoreCard.model_validate(shape_of(as_in_json(row), told), context=context)


def as_in_json(row: Row) -> Row:
    """A row of cards.parquet with its values as in JSON: days as text, None for every NaN."""
    return {name: _plain(value) for name, value in known(row).items()}


def shape_of(row: Row, told: Row, fields: frozenset[str] = FIELDS) -> Row:
    """The same in the shape of the score card, in the order of its fields, and not checked.

    The row has its values as in JSON. `fields`: only these are made.
    """
    row = {**row, **told}
    shape = {name: row.get(name) for name in _in_order(fields)}
    for name, build in BUILDERS.items():
        if name in fields:
            shape[name] = build(row)
    return shape


@cache
def columns_for(fields: frozenset[str]) -> frozenset[str] | None:
    """The columns of cards.parquet that these fields of the card are made of; None: all."""
    if fields >= FIELDS or "purchase_probability" in fields:
        return None  # of probabilities, by whatever days the release has
    columns = set(chain.from_iterable(BUILT.get(name, (name,)) for name in fields))
    return frozenset(columns | ({"churn_risk"} if "next_purchase_date" in fields else set()))


@cache
def _in_order(fields: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in ORDER if name in fields)


def _reasons(row: Row) -> list[Row]:
    return [restored(reason) for reason in row.get("reasons") or []]


def _purchase_probability(row: Row) -> Row:
    return {
        name.removeprefix(PURCHASE_PROBABILITY).removesuffix("d"): value
        for name, value in row.items()
        if name.startswith(PURCHASE_PROBABILITY)
    }


def _next_purchase_date(row: Row) -> Row | None:
    if row.get("churn_risk") is None or row.get(REACH) is None:
        return None
    when = {end: row.get(column) for end, column in DATES.items()}
    return {**when, "reach_days": row.get(REACH)}


def _intended_action(row: Row) -> Row | None:
    if row.get("intended_action") is None:
        return None
    taken = {name: row.get(name) for name in ACTION}
    taken["blocked"] = taken["blocked"] or []
    return {"action_id": row["intended_action"], **taken}


def _next_categories(row: Row) -> Row | None:
    """Both lists; None where the release has none, or not for this customer."""
    lists = {name: row.get(column) for name, column in CATEGORIES.items()}
    if all(listed is None for listed in lists.values()):
        return None
    return {**lists, "new_days": NEW_DAYS}


BUILDERS: dict[str, Callable[[Row], Any]] = {
    "reasons": _reasons,
    "purchase_probability": _purchase_probability,
    "next_purchase_date": _next_purchase_date,
    "next_categories": _next_categories,
    "intended_action": _intended_action,
    "is_live": lambda _row: False,
}


def known(value: Any) -> Any:
    """The same value with None for every NaN, at any depth."""
    if isinstance(value, dict):
        return {name: known(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [known(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _plain(value: Any) -> Any:
    """Days as ISO texts, as in JSON."""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date) else value
