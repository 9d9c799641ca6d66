"""Breadth: how many categories and stores a customer uses, and how concentrated.

The bases hold one row per customer and category (or store): `bought` is the number of days it was
bought on, `first_day` and `last_day` the first and last of them.
"""

import ibis.expr.types as ir

from features.definition import feature
from features.timeline import within

WINDOWS = (30, 90, 180)


@feature(base="categories", group="categories", unit="categories")
def categories_total(categories: ir.Table, _as_of: int) -> ir.Value:
    """Different categories bought in all history."""
    return categories.count()


@feature(base="categories", group="categories", unit="categories", windows=WINDOWS, when_none=0)
def categories(categories: ir.Table, as_of: int, window: int) -> ir.Value:
    """Different categories bought in the last {window} days."""
    return within(categories.last_day, as_of, window).sum().fill_null(0)


@feature(base="categories", group="categories", unit="categories", windows=(30,), when_none=0)
def categories_new(categories: ir.Table, as_of: int, window: int) -> ir.Value:
    """Categories bought for the first time in the last {window} days."""
    return within(categories.first_day, as_of, window).sum().fill_null(0)


@feature(base="categories", group="categories", unit="share")
def category_top_share(categories: ir.Table, _as_of: int) -> ir.Value:
    """Share of the most bought category in all category-days."""
    return categories.bought.max() / categories.bought.sum().cast("float64")


@feature(base="categories", group="categories", unit="share")
def category_repeat_share(categories: ir.Table, _as_of: int) -> ir.Value:
    """Share of the customer's categories that were bought on more than one day."""
    return (categories.bought > 1).cast("float64").mean()


@feature(base="categories", group="categories", unit="nats")
def category_entropy(categories: ir.Table, _as_of: int) -> ir.Value:
    """Entropy of the customer's category-days: 0 is one category, more is wider."""
    bought = categories.bought.cast("float64")
    # Summed as decimals: the same last bits whatever the order of the rows.
    weighted = (bought * bought.ln()).cast("decimal(38, 12)").sum().cast("float64")
    return bought.sum().ln() - weighted / bought.sum()


@feature(base="stores", group="stores", unit="stores")
def stores_total(stores: ir.Table, _as_of: int) -> ir.Value:
    """Different stores used in all history."""
    return stores.count()


@feature(base="stores", group="stores", unit="stores", windows=(90,), when_none=0)
def stores(stores: ir.Table, as_of: int, window: int) -> ir.Value:
    """Different stores used in the last {window} days."""
    return within(stores.last_day, as_of, window).sum().fill_null(0)


@feature(base="stores", group="stores", unit="share")
def store_top_share(stores: ir.Table, _as_of: int) -> ir.Value:
    """Share of the most used store in all store-days."""
    return stores.bought.max() / stores.bought.sum().cast("float64")


FEATURES = (
    categories_total,
    categories,
    categories_new,
    category_top_share,
    category_repeat_share,
    category_entropy,
    stores_total,
    stores,
    store_top_share,
)
