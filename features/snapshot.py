"""The snapshot: one row per customer and as-of date, features and labels side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from features.families import (
    attributes,
    btyd,
    calendar,
    campaigns,
    categories,
    contacts,
    discounts,
    engagement,
    rfm,
    rhythm,
    spend,
    stores,
    subscriptions,
    support,
    surveys,
    trend,
)
from features.families.definition import OWN_GROUP, Feature, columns
from features.history.bases import BASES, standing
from features.history.category_history import category_tables
from features.history.cohort import cohort
from features.history.facts import Facts, Schemas, Step, collect
from features.history.labels import LABELS, labels
from features.history.moment import moment_table
from features.params import ATTRIBUTE, EVENT, OWN, OWN_NAMES
from sources.contract import COLUMN

# How names of features begin that depend on the company's data, and their reason group.
COMPANYS_OWN = {ATTRIBUTE: "attributes", EVENT: "events", OWN: OWN_GROUP, COLUMN: "columns"}
FAMILIES = (
    rfm,
    spend,
    discounts,
    rhythm,
    trend,
    calendar,
    categories,
    stores,
    engagement,
    campaigns,
    contacts,
    support,
    surveys,
    subscriptions,
    attributes,
    btyd,
)


def all_features() -> tuple[Feature, ...]:
    """Every feature there is, whatever the data supports; attributes have theirs by the data."""
    return tuple(feature for module in FAMILIES for feature in columns(module.FEATURES))


def supported(
    schemas: Schemas,
    history_days: int,
    static_attributes: Sequence[str] = (),
    own: Sequence[Feature] = (),
) -> tuple[tuple[Feature, ...], dict[str, str]]:
    """The features this data supports, and for each of the others the reason why it is absent.

    `history_days` is the history at the first training date: a window longer than that would mean
    something else for early dates than for late ones. `own` are the features that only this company
    has: those of its own kinds of events and of its own code. Raises ParamsError for a static
    attribute that the customers table does not have.
    """
    there = collect(schemas).has
    kept, absent = [], {}
    for feature in (*all_features(), *_attributes(schemas, static_attributes), *own):
        base = _TABLE_OF.get(feature.base, feature.base)
        lacking = [name for name in (base, *feature.needs) if name not in there]
        if lacking:
            absent[feature.name] = f"the data has no {' and no '.join(dict.fromkeys(lacking))}"
        elif (feature.history_days or 0) > history_days:
            absent[feature.name] = (
                f"looks back {feature.history_days} days; "
                f"the first training date has {history_days} days of history"
            )
        else:
            kept.append(feature)
    return tuple(kept), absent


_TABLE_OF = {"purchase_days": "orders", "days": "orders"}


def _attributes(schemas: Schemas, names: Sequence[str]) -> tuple[Feature, ...]:
    columns_of = schemas.get("customers", {})
    types = {
        name: "number" if kind.is_numeric() else "text" if kind.is_string() else "time"
        for name, kind in columns_of.items()
    }
    return attributes.attribute_features(names, types)


@dataclass(frozen=True)
class Program:
    """Everything that is computed, as expressions over named tables: no engine, no data.

    `steps` are run once for all as-of dates (table `dates`); `at_date`, and then `snapshot`, once
    for each (table `moment`). The rows of the snapshot are sorted by customer_id. `categories` are
    the tables of features/history/category_history.py.
    """

    steps: tuple[Step, ...]
    at_date: tuple[Step, ...]
    snapshot: ir.Table
    categories: dict[str, ir.Table]


def program(
    schemas: Schemas, features: Sequence[Feature], churn: str = "lapse", outcomes: bool = True
) -> Program:
    """The program for tables of these schemas: customer_id, as_of_date, split, features, labels.

    Numbers are float64, unknown is empty; without `outcomes` there are no labels.
    """
    facts = collect(schemas)
    steps = tuple(facts.steps)
    customers = facts.add("cohort", cohort(facts, churn))
    if "orders" in facts.has:
        facts.add("standing", standing(facts))
    parts = {base: _aggregated(facts, base, features) for base in _bases_of(features)}
    if outcomes:
        parts["labels"] = facts.add("labels", labels(customers, facts, churn), keep=False)
    table = customers.cross_join(moment_table().select("as_of_date", "split"))
    for part in parts.values():
        table = table.left_join(part, "customer_id")
    # A customer without a row in a base did nothing there: the feature says what that means.
    columns = {f.name: _or(parts[f.base][f.name], f.when_none) for f in features}
    if outcomes:
        columns |= {n: parts["labels"][n] for n in LABELS if n in parts["labels"].columns}
    first = {name: table[name] for name in ("customer_id", "as_of_date", "split")}
    snapshot = table.select(**first, **columns).order_by("customer_id")
    at_date = tuple(facts.steps[len(steps) :])
    return Program(steps, at_date, snapshot, category_tables(facts))


def _bases_of(features: Sequence[Feature]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(feature.base for feature in features))


def _aggregated(facts: Facts, base: str, features: Sequence[Feature]) -> ir.Table:
    """The features of one base, aggregated separately from those of the others."""
    rows = BASES[base](facts)
    columns = {
        f.name: f.build(rows).cast("string" if f.is_text else "float64")
        for f in features
        if f.base == base
    }
    return facts.add(f"from_{base}", rows.group_by("customer_id").aggregate(**columns), keep=False)


def _or(column: ir.Value, when_none: float | None) -> ir.Value:
    return column if when_none is None else column.fill_null(when_none)


def model_features(snapshots: pd.DataFrame, excluded_attributes: Sequence[str] = ()) -> list[str]:
    """The columns of a snapshot that models learn from: all features but the BTYD quadruple.

    Those that only this company has come last. Customer attributes, or columns of a ready table,
    that are named in `excluded_attributes` are not learned from, though the snapshot has them.
    """
    learned = [f.name for f in all_features() if f.group is not None]
    there = [name for name in learned if name in snapshots.columns]
    excluded = {f"{begin}{name}" for begin in OWN_NAMES for name in excluded_attributes}
    return there + [name for name in _own_groups(snapshots.columns) if name not in excluded]


def _own_groups(names: Iterable[str]) -> dict[str, str]:
    """The features among the names that depend on the company's data, and their reason group."""
    return {
        str(name): group
        for prefix, group in COMPANYS_OWN.items()
        for name in names
        if str(name).startswith(prefix)
    }


def group_of(features: Iterable[str]) -> dict[str, str]:
    """The reason group of each named feature."""
    wanted = set(features)
    groups = {f.name: f.group for f in all_features() if f.name in wanted and f.group is not None}
    return groups | _own_groups(wanted)


def dictionary(features: Iterable[Feature], absent: dict[str, str]) -> dict[str, Any]:
    """The data dictionary of this run: every feature it has, and why others are absent."""
    return {
        "features": [
            {
                "name": f.name,
                "family": f.family,
                "group": f.group,
                "unit": f.unit,
                "description": f.description,
                "source": f.base,
                "when_none": f.when_none,
                **({"label": dict(f.label)} if f.label else {}),
            }
            for f in features
        ],
        "absent": absent,
    }
