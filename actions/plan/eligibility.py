"""Eligibility: for whom an action is meant, as `only_if` of the catalogue states it."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from core.arrays import BoolArray, IntArray
from core.params import Params
from models.customers.relationship import RelationshipLevel
from models.customers.segments import AbcClass, LifecycleStage, RfmSegment, RiskBand

EMAIL_OPENS = "email_opens_90d"
# Columns that `with_history` adds to the cards, and the feature that each is.
FROM_FEATURES = {
    "tenure_days": "tenure_days",
    "purchases": "orders_total",
    "nps": "nps_last",
    EMAIL_OPENS: EMAIL_OPENS,
}
CATEGORY = "category"
DAYS_TO_NEXT = "days_to_next_purchase"
HOLDS = -1  # no condition fails


class Entry(Params):
    """Base of every part of the catalogue."""


class Span(Entry):
    """Bounds of a number of the score card, both included; a bound left out is open."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> "Span":
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min must not exceed max")
        return self


Condition = Span | tuple[str, ...]


class OnlyIf(Entry):
    """Conditions that must all hold: lists of allowed values, or bounds.

    They are asked in this order, and the first that fails is what people are told.
    """

    purchases: Span | None = None
    tenure_days: Span | None = None
    nps: Span | None = None
    lifecycle_stage: tuple[LifecycleStage, ...] | None = None
    rfm_segment: tuple[RfmSegment, ...] | None = None
    abc_class: tuple[AbcClass, ...] | None = None
    relationship_level: tuple[Literal[RelationshipLevel, "unknown"], ...] | None = None
    category: tuple[Annotated[str, Field(min_length=1)], ...] | None = None
    days_to_next_purchase: Span | None = None
    risk_band: tuple[RiskBand, ...] | None = None
    churn_risk: Span | None = None
    value_at_risk: Span | None = None
    expected_value: Span | None = None
    expected_orders: Span | None = None

    @model_validator(mode="after")
    def _for_somebody(self) -> "OnlyIf":
        for name, wanted in self.conditions():
            if wanted == ():
                raise ValueError(f"{name}: an empty list allows nobody; leave {name} out")
        return self

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """The conditions that there are, by name."""
        for name, wanted in self:
            if wanted is not None:
                yield name, wanted


def condition_names() -> tuple[str, ...]:
    """All conditions that an action may state, in the order in which they are asked."""
    return tuple(OnlyIf.model_fields)


def with_history(
    cards: pd.DataFrame,
    snapshot: pd.DataFrame,
    bought: pd.DataFrame | None,
    categories: tuple[str, ...],
) -> pd.DataFrame:
    """The cards with what conditions ask and cards do not tell, empty where it is not known.

    Adds purchases, tenure_days, nps and email_opens_90d from the features of the score date
    (`snapshot`, one row per customer), and category: those of `categories` that the customer ever
    bought (`bought`, one row per customer and category; None where the data has no categories).
    """
    known = {name: column for name, column in FROM_FEATURES.items() if column in snapshot.columns}
    features = snapshot.set_index("customer_id")
    added: dict[str, Any] = {
        name: cards["customer_id"].map(features[column]) for name, column in known.items()
    }
    if bought is not None and categories:
        wanted = bought[bought["category"].isin(categories)]
        lists = wanted.groupby("customer_id", observed=True)["category"].agg(tuple)
        added[CATEGORY] = cards["customer_id"].map(lists)
    return cards.assign(**added)


def failing(cards: pd.DataFrame, conditions: OnlyIf) -> IntArray:
    """For each customer the number of the first condition that fails (of `condition_names`).

    HOLDS where all hold. A condition on a field that is absent or unknown does not hold.
    """
    first = np.full(len(cards), HOLDS, dtype=np.int64)
    names = condition_names()
    for name, wanted in conditions.conditions():
        first[(first == HOLDS) & ~_holds(cards, name, wanted)] = names.index(name)
    return first


def _holds(cards: pd.DataFrame, field: str, wanted: Condition) -> BoolArray:
    values = _values(cards, field)
    if values is None:
        return np.zeros(len(cards), dtype=bool)
    if isinstance(wanted, Span):
        low = -np.inf if wanted.min is None else wanted.min
        high = np.inf if wanted.max is None else wanted.max
        return values.between(low, high).to_numpy(dtype=bool)
    if field == CATEGORY:
        some = set(wanted)
        return np.array(
            [isinstance(one, tuple) and not some.isdisjoint(one) for one in values], dtype=bool
        )
    return values.isin(wanted).to_numpy(dtype=bool)


def _values(cards: pd.DataFrame, field: str) -> "pd.Series[Any] | None":
    if field == DAYS_TO_NEXT:
        if "next_purchase_date_median" not in cards.columns:
            return None
        return (cards["next_purchase_date_median"] - cards["as_of_date"]).dt.days
    return cards[field] if field in cards.columns else None
