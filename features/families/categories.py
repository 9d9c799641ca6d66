"""Categories: how many a customer buys, how concentrated, which are new and which were dropped.

The base holds one row per customer and category: `bought` is the number of days on which something
of it was bought (with a positive amount), `first_ago` and `last_ago` the first and last of them.
"""

import ibis.expr.types as ir

from features.families.definition import TEXT, feature
from features.history.bases import latest_of_most, name_of_latest
from features.history.facts import as_number
from features.timeline import within

WINDOWS = (30, 90, 180)


@feature(base="categories", group="categories", unit="categories")
def categories_total(categories: ir.Table) -> ir.Value:
    """Different categories bought in all history."""
    return categories.count()


@feature(base="categories", group="categories", unit="categories", windows=WINDOWS, when_none=0)
def categories(categories: ir.Table, window: int) -> ir.Value:
    """Different categories bought in the last {window} days."""
    return within(categories.last_ago, window).sum().fill_null(0)


@feature(base="categories", group="categories", unit="categories", windows=(30, 90), when_none=0)
def categories_new(categories: ir.Table, window: int) -> ir.Value:
    """Categories bought for the first time in the last {window} days."""
    return within(categories.first_ago, window).sum().fill_null(0)


@feature(
    base="categories",
    group="categories",
    unit="categories",
    windows=(30, 90),
    when_none=0,
    reach=2,
)
def categories_dropped(categories: ir.Table, window: int) -> ir.Value:
    """Categories bought in the {window} days before, and not in the last {window} days."""
    lately, before = within(categories.last_ago, window), within(categories.last_ago, 2 * window)
    return (before & ~lately).sum().fill_null(0)


@feature(base="categories", group="categories", unit="share")
def category_top_share(categories: ir.Table) -> ir.Value:
    """Share of the most bought category in all category-days."""
    return categories.bought.max() / categories.bought.sum().cast("float64")


@feature(base="categories", group="categories", unit="share", history_days=90)
def category_top_share_90d(categories: ir.Table) -> ir.Value:
    """Share of the most bought category in the category-days of the last 90 days."""
    return categories.bought_90d.max() / categories.bought_90d.sum().nullif(0).cast("float64")


@feature(base="categories", group="categories", unit="share")
def category_repeat_share(categories: ir.Table) -> ir.Value:
    """Share of the customer's categories that were bought on more than one day."""
    return as_number(categories.bought > 1).mean()


@feature(base="categories", group="categories", unit="nats")
def category_entropy(categories: ir.Table) -> ir.Value:
    """Entropy of the customer's category-days: 0 is one category, more is wider."""
    bought = categories.bought.cast("float64")
    # Summed as decimals: the same last bits whatever the order of the rows.
    weighted = (bought * bought.ln()).cast("decimal(38, 12)").sum().cast("float64")
    # Summed as whole numbers: Sail mistakes a sum of them for the sum of the same ones as floats.
    all_days = categories.bought.sum().cast("float64")
    # Of one category it is 0, and not what is left of the last bits: trees would split on these.
    only_one = categories.bought.count() == 1
    return only_one.ifelse(0.0, all_days.ln() - weighted / all_days)


@feature(base="categories", group="categories", unit="days")
def days_since_top_category(categories: ir.Table) -> ir.Value:
    """Whole days since the most bought category (of equals: the latest) was last bought."""
    return latest_of_most(categories)


@feature(base="categories", group="categories", unit=TEXT)
def category_last(categories: ir.Table) -> ir.Value:
    """Category bought last; of several on one day the first in alphabetical order."""
    return name_of_latest(categories, "category")


FEATURES = (
    categories_total,
    categories,
    categories_new,
    categories_dropped,
    category_top_share,
    category_top_share_90d,
    category_repeat_share,
    category_entropy,
    days_since_top_category,
    category_last,
)
