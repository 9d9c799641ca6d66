"""Stores: how many a customer uses, and whether one of them dominates."""

import ibis.expr.types as ir

from features.families.definition import feature
from features.history.bases import latest_of_most
from features.timeline import within


@feature(base="stores", group="stores", unit="stores")
def stores_total(stores: ir.Table) -> ir.Value:
    """Different stores used in all history."""
    return stores.count()


@feature(base="stores", group="stores", unit="stores", windows=(90,), when_none=0)
def stores(stores: ir.Table, window: int) -> ir.Value:
    """Different stores used in the last {window} days."""
    return within(stores.last_ago, window).sum().fill_null(0)


@feature(base="stores", group="stores", unit="stores", windows=(90,), when_none=0)
def stores_new(stores: ir.Table, window: int) -> ir.Value:
    """Stores used for the first time in the last {window} days."""
    return within(stores.first_ago, window).sum().fill_null(0)


@feature(base="stores", group="stores", unit="share")
def store_top_share(stores: ir.Table) -> ir.Value:
    """Share of the most used store in all store-days."""
    return stores.bought.max() / stores.bought.sum().cast("float64")


@feature(base="stores", group="stores", unit="days")
def days_since_top_store(stores: ir.Table) -> ir.Value:
    """Whole days since the most used store (of equals: the latest) was last used."""
    return latest_of_most(stores)


FEATURES = (stores_total, stores, stores_new, store_top_share, days_since_top_store)
