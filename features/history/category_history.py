"""Categories that each customer had bought by an as-of date, and those bought after it.

Two tables beside the snapshot, one row a customer and category, for the model of the categories
bought next (models/next_purchase/what.py). They are separate so that code that reads the
history cannot see an outcome.

`HISTORY` has the categories that a customer of the cohort ever bought: as_of_date, customer_id,
category and whole numbers of days, of which `bought` counts days with a purchase of it. What the
category is to the customer stands beside them: `visits_since_first` and `visits_since_last` count
days with purchases of anything after the first and the last of them with it (unknown where none of
them had it), and `share` is its share of what the customer spent in USUAL_DAYS; without amounts, of
the days with any category. `OUTCOMES` has those bought within the horizon, before or for the first
time: once the window has closed, a missing row means that the category was not bought; before that
there are no rows at all.
"""

from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from features.history.bases import first_and_last
from features.history.facts import Facts
from features.history.moment import cohort_table, moment_table
from features.sample import EVERYBODY, Sample
from features.timeline import all_known, date_of, is_closed, outcome, visible, within

HISTORY, OUTCOMES = "history", "outcomes"
KEY = ("as_of_date", "customer_id", "category")
DAYS = ("bought", "bought_30d", "bought_90d", "first_ago", "last_ago")
HABIT = ("visits_since_first", "visits_since_last", "share")
USUAL_DAYS = 365  # over which the share of spending is taken: every season once
NEW_DAYS = 90  # a category not bought for so long is new: `bought_90d` is 0


@dataclass(frozen=True)
class Categories:
    """Both tables, of every as-of date: customer_id and category as pandas categories."""

    history: pd.DataFrame
    outcomes: pd.DataFrame


def category_tables(facts: Facts) -> dict[str, ir.Table]:
    """Both tables at the as-of date, by name; none where the data has no categories."""
    if "categories" not in facts.has:
        return {}
    return {HISTORY: _history(facts), OUTCOMES: _outcomes(facts)}


def _history(facts: Facts) -> ir.Table:
    has_amounts = "amount" in facts.has

    def of_category(seen: ir.Table) -> dict[str, ir.Value]:
        lately = within(seen.ago, USUAL_DAYS)
        weight = seen.paid.sum(where=lately) if has_amounts else lately.sum()
        return {
            "first_visit": seen.visit.min(),
            "last_visit": seen.visit.max(),
            "weight": weight.fill_null(0),
        }

    rows = first_and_last(facts.tables["category_days"], "category", of_category)
    rows = rows.mutate(together=rows.weight.sum().over(ibis.window(group_by=rows.customer_id)))
    rows = rows.inner_join(_of_customers(facts), "customer_id")
    rows = rows.cross_join(moment_table().select("as_of_date"))
    # What was bought without a category belongs to the whole, but what was taken off does not.
    whole = ibis.greatest(rows.together, rows.sold) if has_amounts else rows.together
    rows = rows.mutate(
        visits_since_first=rows.visits - rows.first_visit,
        visits_since_last=rows.visits - rows.last_visit,
        share=rows.weight.cast("float64") / whole.cast("float64").nullif(0),
    )
    counts = {name: rows[name].cast("int32") for name in (*DAYS, *HABIT[:-1])}
    rows = rows.select(*KEY, **counts, share=rows.share)
    return rows.order_by("customer_id", "category")


def _of_customers(facts: Facts) -> ir.Table:
    """How often each customer had come, and what was sold to them in USUAL_DAYS."""
    visits = visible(facts.tables["purchase_days"], moment_table())
    columns = {"visits": visits.visit.max()}
    if "amount" in facts.has:
        lately = within(visits.ago, USUAL_DAYS)
        columns["sold"] = visits.sold.sum(where=lately).fill_null(0)
    return visits.group_by("customer_id").aggregate(**columns)


def _outcomes(facts: Facts) -> ir.Table:
    """Only on days with a purchase: a lapsed customer bought nothing, whatever was exchanged."""
    later = outcome(all_known(facts.tables["category_days"]), moment_table())
    later = later.filter(
        later.ahead < later.horizon_days,
        is_closed(later.as_of, later.horizon_days, later.data_until),
    )
    days = all_known(facts.tables["purchase_days"]).select("customer_id", "day")
    bought = later.semi_join(days, ["customer_id", "day"]).semi_join(cohort_table(), "customer_id")
    return bought.select(*KEY).distinct().order_by("customer_id", "category")


def read_categories(folder: Path, sample: Sample = EVERYBODY) -> Categories | None:
    """What `build_snapshots` wrote of a sample; None where nothing bought has a category."""
    history, outcomes = _read(folder / HISTORY, sample), _read(folder / OUTCOMES, sample)
    if history is None or outcomes is None or history.empty:
        return None
    return Categories(history, outcomes)


def history_files(folder: Path, as_of: int) -> list[Path]:
    """The files of `HISTORY` at one as-of day, each of a range of customers, in their order.

    None where nothing with a category was bought.
    """
    return sorted((folder / HISTORY).glob(f"{date_of(as_of)}-*.parquet"))


def read_history(file: Path) -> pd.DataFrame:
    """The rows of one of these files."""
    rows: pd.DataFrame = EVERYBODY.read(file, read_dictionary=list(KEY[1:])).to_pandas()
    return rows


def _read(folder: Path, sample: Sample) -> pd.DataFrame | None:
    """The files of a folder, in the order of their names; few texts stand in very many rows."""
    files = sorted(folder.glob("*.parquet"))
    if not files:
        return None
    tables = [sample.read(file, read_dictionary=list(KEY[1:])) for file in files]
    together: pd.DataFrame = pa.concat_tables(tables).unify_dictionaries().to_pandas()
    return together
