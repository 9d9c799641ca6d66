"""CDNOW: 69,659 purchases of the 23,570 customers who first bought in early 1997.

Read from the data file inside the package `Lifetimes`, which is never imported.
"""

from importlib.metadata import version
from pathlib import Path

import pandas as pd

from sources.kinds.installed import package_file
from sources.params import SourceParams

PACKAGE = "lifetimes"


def files(_params: SourceParams) -> dict[str, Path]:
    """The one file that is read."""
    return {"CDNOW_master": package_file(PACKAGE, "lifetimes/datasets/CDNOW_master.txt")}


def describe(_params: SourceParams) -> str:
    """Name and version of what is read."""
    return f"CDNOW from {PACKAGE} {version(PACKAGE)}"


def load(params: SourceParams) -> dict[str, pd.DataFrame]:
    """Table `orders`: every row of the file is one purchase and so one order.

    Eighty rows cost nothing (promotional CDs): orders, but not purchases, which need positive net.
    """
    rows = pd.read_csv(
        files(params)["CDNOW_master"],
        sep=r"\s+",
        dtype={"customer_id": "str", "date": "str"},
        names=["customer_id", "date", "quantity", "amount"],
        skiprows=1,
    )
    return {
        "orders": pd.DataFrame(
            {
                "customer_id": rows["customer_id"],
                "order_id": [f"{position:05d}" for position in range(len(rows))],
                "event_time": pd.to_datetime(rows["date"], format="%Y%m%d"),
                "amount": rows["amount"],
                "quantity": rows["quantity"],
            }
        )
    }
