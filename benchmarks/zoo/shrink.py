"""Reduces a failing company: fewer customers and days, plain traits, then fewer rows."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pandas as pd

from benchmarks.zoo.company import Company
from benchmarks.zoo.recipe import Recipe, plainer

Fails = Callable[[Company, Recipe], bool]
MOST_PRINTED = 15  # lines of a table


@dataclass
class Budget:
    """How many runs, and how much time (seconds), a reduction may take."""

    roads: int = 300
    seconds: float = 300.0

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.seconds

    def spend(self) -> bool:
        """Take one more run from the budget; False when none is left."""
        self.roads -= 1
        return self.roads >= 0 and time.monotonic() < self.until


@dataclass(frozen=True)
class Reduced:
    """The smallest company found that fails in the same way."""

    recipe: Recipe
    company: Company

    def told(self) -> str:
        """Traits, parameters and tables, as text to paste into a test."""
        own = {name: told for name, told in self.company.params.items() if name != "model"}
        parts = [f"recipe: {self.recipe.told() or 'plain'}", f"params: {own}, models quick"]
        for name, frame in self.company.tables.items():
            head = frame.head(MOST_PRINTED)
            more = f"… {len(frame) - len(head)} rows more\n" if len(frame) > len(head) else ""
            parts.append(f"{name}.csv\n{head.to_csv(index=False)}{more}")
        return "\n".join(parts)


def reduced(
    recipe: Recipe, make: Callable[[Recipe], Company], fails: Fails, budget: Budget
) -> Reduced:
    """The smallest company found within the budget for which `fails` still holds."""
    recipe = _plain(recipe, make, fails, budget)
    company = make(recipe)
    for name in [name for name in company.tables if name not in ("orders", "subscriptions")]:
        left = {n: frame for n, frame in company.tables.items() if n != name}
        smaller = replace(company, tables=left)
        if budget.spend() and fails(smaller, recipe):
            company = smaller
    company = _fewer(company, _customers(company), _without_customers, recipe, fails, budget)
    main = "orders" if "orders" in company.tables else "subscriptions"
    rows = list(range(len(company.tables[main])))
    company = _fewer(
        company, rows, lambda one, gone: _without_rows(one, main, gone), recipe, fails, budget
    )
    return Reduced(recipe, company)


def _plain(
    recipe: Recipe, make: Callable[[Recipe], Company], fails: Fails, budget: Budget
) -> Recipe:
    """The plainest recipe: the first plainer one that fails is taken, until none does."""
    tried: set[Recipe] = set()
    while True:
        for candidate in plainer(recipe):
            if candidate in tried:
                continue
            tried.add(candidate)
            if not budget.spend():
                return recipe
            company = make(candidate)
            if company.tables and fails(company, candidate):
                recipe = candidate
                break
        else:
            return recipe


def _fewer(
    company: Company,
    items: list[object],
    without: Callable[[Company, set[object]], Company],
    recipe: Recipe,
    fails: Fails,
    budget: Budget,
) -> Company:
    """Leave items out in ever smaller parts (delta debugging; Zeller & Hildebrandt 2002)."""
    parts = 2
    kept = company
    while len(items) > 1 and parts <= len(items):
        size = -(-len(items) // parts)
        for first in range(0, len(items), size):
            gone = set(items[first : first + size])
            if not budget.spend():
                return kept
            smaller = without(kept, gone)
            if smaller.lines() and fails(smaller, recipe):
                kept = smaller
                items = [one for one in items if one not in gone]
                items = list(range(len(items))) if isinstance(items[0], int) else items
                parts = 2
                break
        else:
            if parts == len(items):
                break
            parts = min(2 * parts, len(items))
    return kept


def _customers(company: Company) -> list[object]:
    main = company.tables.get("orders", company.tables.get("subscriptions", pd.DataFrame()))
    return sorted(main["customer_id"].dropna().unique())


def _without_customers(company: Company, gone: set[object]) -> Company:
    tables = {n: f[~f["customer_id"].isin(list(gone))] for n, f in company.tables.items()}
    return replace(company, tables={n: _again(f) for n, f in tables.items() if len(f)})


def _without_rows(company: Company, name: str, gone: Iterable[object]) -> Company:
    frame = company.tables[name]
    left = frame[~frame.index.isin(list(gone))]
    return replace(company, tables={**company.tables, name: _again(left)})


def _again(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reset_index(drop=True)
