"""A company as a few traits: drawn from a seed, and simplified trait by trait.

Every trait has a plain value, its default. A failing company is reduced by replacing drawn values
with plain ones for as long as it still fails.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np

Rng = np.random.Generator
Auto = Literal["auto"]
TABLES = ("events", "tickets", "surveys", "contacts", "consents", "customers")
COLUMNS = ("line_id", "known_at", "amount", "quantity", "category", "discount", "store")
LIVES = ("pause", "overlap", "plan_change", "trial", "calendar_months", "inclusive_ends")
SIZES = ("customers", "days")
ROWS = 12_000  # order lines, about, that a drawn company has at most


@dataclass(frozen=True)
class Recipe:
    """The traits of one company. Times in days, shares of rows; the zone is that of its clocks."""

    seed: int = 0
    # Who buys, how often, for how long.
    customers: int = 30
    days: int = 200
    gap: float = 20.0  # days between purchases of an average customer
    buyers: Literal["usual", "once", "one_customer_holds_half"] = "usual"
    one_cohort: bool = False
    growth: Literal["steady", "grows", "declines"] = "steady"
    season: Literal["months", "december_only", "summers_closed"] = "months"
    last_day_cut: bool = False  # the data ends at noon
    # What the tables hold.
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ("amount",)
    form: Literal["csv", "parquet", "parts"] = "csv"
    times: Literal["seconds", "dates", "mixed", "zoned", "european"] = "seconds"
    ids: Literal["plain", "zeros", "odd"] = "plain"
    zone: str = "UTC"
    refunds: bool = False
    free_orders: bool = False
    unknown_amounts: bool = False
    currencies: bool = False
    wholesaler: bool = False
    bot: bool = False
    late_rows: bool = False
    guests: bool = False
    repeated_rows: bool = False
    broken_rows: bool = False
    silent_days: bool = False  # a gap in the feed
    stray_row: bool = False  # one order of 2005
    # Subscriptions, where leaving is a cancellation or orders are made of them.
    subscriptions: Literal["none", "beside", "alone"] = "none"
    lives: tuple[str, ...] = ()
    # What params.yaml says.
    churn: Literal["lapse", "cancellation"] = "lapse"
    horizon: int | Auto = 28
    active: int | Auto = 90
    value_horizon: int | Auto = "auto"
    step: int = 28
    snapshots: int | Auto = 3
    validation: int = 1
    tests: int = 1
    own_test_date: bool = False
    score: Literal["auto", "earlier", "later"] = "auto"
    low_gates: bool = True
    margin: bool = True
    attributes: bool = False  # attributes of the customers table that models learn from
    before: Literal["nothing", "own_release", "other_release"] = "nothing"

    def told(self) -> str:
        """The traits that are not plain, in one line."""
        return " ".join(
            f"{one.name}={_short(getattr(self, one.name))}"
            for one in fields(self)
            if getattr(self, one.name) != one.default
        )


def plainer(recipe: Recipe) -> list[Recipe]:
    """Recipes with fewer traits, or fewer customers and days, the largest steps first."""
    drawn = [
        one
        for one in fields(recipe)
        if one.name not in ("seed", *SIZES) and getattr(recipe, one.name) != one.default
    ]
    found, size = [], len(drawn)
    while size:
        for first in range(0, len(drawn), size):
            plain = {one.name: one.default for one in drawn[first : first + size]}
            found.append(replace(recipe, **plain))
        found += _smaller(recipe) if size == len(drawn) else []
        size //= 2
    for one in drawn:
        now = getattr(recipe, one.name)
        if isinstance(now, tuple) and len(now) > 1:
            found += [
                replace(recipe, **{one.name: tuple(x for x in now if x != left)}) for left in now
            ]
    return found or _smaller(recipe)


def _smaller(recipe: Recipe) -> list[Recipe]:
    found = []
    for name in SIZES:
        now = getattr(recipe, name)
        for smaller in (now // 8, now // 2, now * 3 // 4):
            if 1 <= smaller < now:
                found.append(replace(recipe, **{name: smaller}))
    return found


def draw(seed: int) -> Recipe:
    """The company of a seed: mostly small and mostly plain, each trait alone and with others."""
    rng = np.random.default_rng([20, seed])
    kind = str(rng.choice(["shop", "shop", "shop", "subscription"]))
    size = _size(rng)
    recipe = Recipe(seed=seed, **size)
    recipe = replace(recipe, **_buyers(rng), **_data(rng), **_rows(rng), **_params(rng))
    if kind == "subscription":
        recipe = replace(recipe, **_subscriptions(rng))
    if recipe.attributes and "customers" not in recipe.tables:
        recipe = replace(recipe, tables=(*recipe.tables, "customers"))
    return recipe


def _size(rng: Rng) -> dict[str, Any]:
    """1 to 20,000 customers, 1 day to 11 years, ten orders a day to one in three years."""
    few, some = [1, 2, 3, 7, 20, 50], [80, 100, 150, 199, 200, 250, 300, 400, 600, 900]
    short, long = [1, 2, 7, 30, 60, 90, 120, 180], [240, 270, 365, 400, 500, 640, 730, 1_100]
    customers = int(_one(rng, few if rng.random() < 0.3 else some))
    days = int(_one(rng, short if rng.random() < 0.3 else long))
    gap = float(_one(rng, [0.1, 1.0, 3.0, 7.0, 14.0, 20.0, 30.0, 45.0, 60.0, 90.0, 180.0, 365.0]))
    if rng.random() < 0.04:
        customers, gap = int(_one(rng, [2_000, 5_000, 20_000])), 200.0
    if rng.random() < 0.08:
        days, gap = int(_one(rng, [1_500, 2_500, 4_015])), float(_one(rng, [60.0, 365.0, 1_095.0]))
    # A row for everybody, and two for each order on average.
    most = max((ROWS / (2 * customers) - 1), 0.05)
    return {"customers": customers, "days": days, "gap": round(max(gap, days / most), 2)}


def _buyers(rng: Rng) -> dict[str, Any]:
    return {
        "buyers": _seldom(rng, "usual", ["once", "one_customer_holds_half"], 0.15),
        "one_cohort": rng.random() < 0.12,
        "growth": _seldom(rng, "steady", ["grows", "declines"], 0.3),
        "season": _seldom(rng, "months", ["december_only", "summers_closed"], 0.15),
        "last_day_cut": bool(rng.random() < 0.2),
    }


def _data(rng: Rng) -> dict[str, Any]:
    columns = [name for name in COLUMNS if rng.random() < 0.5]
    if rng.random() < 0.8 and "amount" not in columns:
        columns.append("amount")
    share = _one(rng, [0.0, 0.0, 0.3, 1.0])
    return {
        "tables": tuple(name for name in TABLES if rng.random() < share),
        "columns": tuple(name for name in COLUMNS if name in columns),
        "form": _seldom(rng, "csv", ["parquet", "parts"], 0.4),
        "times": _seldom(rng, "seconds", ["dates", "mixed", "zoned", "european"], 0.35),
        "ids": _seldom(rng, "plain", ["zeros", "odd"], 0.3),
        "zone": _seldom(
            rng, "UTC", ["America/Sao_Paulo", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Apia"], 0.3
        ),
        "attributes": bool(rng.random() < 0.15),
    }


def _rows(rng: Rng) -> dict[str, Any]:
    names = (
        "refunds",
        "free_orders",
        "unknown_amounts",
        "currencies",
        "wholesaler",
        "bot",
        "late_rows",
        "guests",
        "repeated_rows",
        "broken_rows",
        "silent_days",
        "stray_row",
    )
    share = _one(rng, [0.05, 0.15, 0.4])
    return {name: bool(rng.random() < share) for name in names}


def _params(rng: Rng) -> dict[str, Any]:
    dates = _one(rng, [1, 2, 3, 3, 4, "auto"])
    return {
        "horizon": _horizon(rng),
        "active": _one(rng, [30, 60, 90, 90, 180, 365, "auto", "auto"]),
        "value_horizon": _one(
            rng, ["auto", "auto", "auto", "auto", "auto", "auto", 60, 90, 365, 7]
        ),
        "step": _one(rng, [28, 30, 60, 90]) if dates == "auto" else _one(rng, [7, 14, 28, 30, 90]),
        "snapshots": dates,
        "validation": _one(rng, [1, 1, 2]),
        "tests": _one(rng, [1, 1, 2]),
        "own_test_date": bool(rng.random() < 0.1),
        "score": _seldom(rng, "auto", ["earlier", "later"], 0.1),
        "low_gates": bool(rng.random() < 0.8),
        "margin": bool(rng.random() < 0.8),
        "before": _seldom(rng, "nothing", ["own_release", "other_release"], 0.25),
    }


def _horizon(rng: Rng) -> int | Auto:
    """Mostly a month or chosen by the data; now and then longer than the whole history."""
    if rng.random() < 0.15:
        return int(_one(rng, [90, 180, 365, 5_000]))
    horizon: int | Auto = _one(rng, [7, 14, 28, 28, 30, 30, 45, 60, "auto", "auto", "auto"])
    return horizon


def _subscriptions(rng: Rng) -> dict[str, Any]:
    share = _one(rng, [0.0, 0.3, 0.6])
    return {
        "subscriptions": _one(rng, ["beside", "beside", "alone"]),
        "lives": tuple(name for name in LIVES if rng.random() < share),
        "churn": _one(rng, ["cancellation", "cancellation", "cancellation", "lapse"]),
    }


def _seldom(rng: Rng, plain: Any, others: list[Any], share: float) -> Any:
    return _one(rng, others) if rng.random() < share else plain


def _one(rng: Rng, values: list[Any]) -> Any:
    return values[int(rng.integers(len(values)))]


def _short(value: Any) -> str:
    return "+".join(value) or "none" if isinstance(value, tuple) else str(value)
