"""Reads what one stage wrote for later ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from core import own_code as code
from core.arrays import IntArray
from core.errors import ExtensionError
from core.files import read_json
from features import reading
from features.history.category_history import HISTORY
from features.planning.timeplan import Timeline
from features.reading import ALL_CUSTOMERS, Customers
from features.sample import EVERYBODY, Sample
from models.params import ModelParams
from pipelines import stage


def read_sample(params: ModelParams) -> Sample:
    """The customers that models learn from and are judged on: about `model.max_rows` rows."""
    return reading.sample_of(stage.SNAPSHOTS, params.max_rows)


def read_snapshots(
    sample: Sample = EVERYBODY, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """One row per customer and as-of date, all splits; with `columns` those that there are."""
    return reading.read_snapshots(stage.SNAPSHOTS, sample, columns)


def read_places(sample: Sample, places: IntArray) -> pd.DataFrame:
    """Rows of `read_snapshots` by their places (n,), in this order."""
    return reading.read_places(stage.SNAPSHOTS, sample, places)


def read_purchases(sample: Sample = EVERYBODY) -> pd.DataFrame:
    """The purchase timelines, also of those who were in no cohort."""
    purchases: pd.DataFrame = sample.read(stage.PURCHASES).to_pandas()
    return purchases


def scored_customers(timeline: Timeline) -> int:
    """How many customers there are on the score date, without reading them."""
    return reading.rows_at(stage.SNAPSHOTS, timeline.score)


def read_snapshot(
    day: int,
    customers: Customers = ALL_CUSTOMERS,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One row per customer of an as-of day (days since 1970-01-01); as in features/reading.py."""
    return reading.read_snapshot(stage.SNAPSHOTS, day, customers, columns)


def rows_wanted(wanted: pd.DataFrame) -> pd.DataFrame:
    """The rows of all snapshots that `wanted` names by customer_id and as_of_date."""
    return reading.rows_wanted(stage.SNAPSHOTS, wanted)


def snapshot_columns(day: int) -> list[str]:
    """The columns of the snapshot of an as-of day."""
    return reading.snapshot_columns(stage.SNAPSHOTS, day)


def customer_parts(day: int) -> list[Customers]:
    """Ranges that hold all customers, of an as-of day or of none: each fits in memory."""
    return reading.customer_parts(stage.SNAPSHOTS, day)


def purchases_of(customers: Customers, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The purchase timelines of a range of customers."""
    return customers.read(stage.PURCHASES, columns)


def known_customers(columns: Sequence[str]) -> pd.DataFrame:
    """customer_id and those of the columns that the table `customers` has; empty without it.

    As it is today and not at the score date: names are shown, never learned from.
    """
    if "customers" not in stage.table_names():
        return pd.DataFrame(columns=["customer_id"])
    return ALL_CUSTOMERS.read(stage.TABLES / "customers.parquet", ("customer_id", *columns))


def owners_of(customers: Customers) -> pd.DataFrame:
    """The owner of each of these customers, as far as the source tells: customer_id, [owner]."""
    if "customers" not in stage.table_names():
        return pd.DataFrame(columns=["customer_id"])
    return customers.read(stage.TABLES / "customers.parquet", ("customer_id", "owner"))


def categories_of(customers: Customers, day: int) -> pd.DataFrame | None:
    """What these customers had bought by an as-of day: customer_id and category.

    None where nothing with a category was bought.
    """
    folder = stage.CATEGORIES / HISTORY
    if not folder.exists():
        return None
    return reading.read_snapshot(folder, day, customers, ("customer_id", "category"))


def history_of(customers: Customers, day: int, categories: "pd.Index[str]") -> pd.DataFrame:
    """The rows of these customers in the history of categories, of an as-of day.

    `categories` are those of everybody, in their order.
    """
    rows = reading.read_snapshot(stage.CATEGORIES / HISTORY, day, customers)
    return rows.assign(
        customer_id=pd.Categorical(rows["customer_id"]),
        category=pd.Categorical(rows["category"], categories),
    )


def read_timeline() -> Timeline:
    """The time plan of this run."""
    return Timeline.from_json(read_json(stage.TIMELINE))


def own_code() -> Path | None:
    """The folder with code of the company's own; None where params.yaml names none.

    Raises ExtensionError where it is not, to the byte, what stage `source` saw: a stage would else
    mix features of one code with a model of another.
    """
    folder = code.installed()
    seen = read_json(stage.EXTENSIONS)["files"]
    now = {} if folder is None else code.fingerprint(folder)
    changed = sorted(name for name in seen.keys() | now.keys() if seen.get(name) != now.get(name))
    if changed:
        raise ExtensionError(
            f"Code of your own has changed since this run began ({', '.join(changed[:3])} in "
            f"{folder or 'the folder that params.yaml named'}): run `dvc repro` or `make run`."
        )
    return folder


def records(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file, without their empty cells."""
    rows = pq.read_table(path).to_pylist()
    return [{name: cell for name, cell in row.items() if cell is not None} for row in rows]
