"""Raw tables as a test writes them, and what the check makes of them."""

from pathlib import Path

import pandas as pd

from sources.contract import ORDERS
from sources.params import SourceParams
from sources.tables.check import check_table

SHARED_CASES = Path(__file__).parents[3] / "shared/cases"
LENIENT = {"max_quarantined": 1.0}


def params(**changes):
    return SourceParams(kind="files", **changes)


def orders(*rows, **columns):
    """Rows of customer_id, order_id, event_time, amount; further columns by name."""
    table = pd.DataFrame(rows, columns=["customer_id", "order_id", "event_time", "amount"])
    return table.astype("object").assign(**columns)


def check(raw, table=ORDERS, **changes):
    return check_table(raw, table, params(**(LENIENT | changes)))


def good(count, start=0):
    return [(f"c{n}", f"o{n}", "2017-05-01", 5.0) for n in range(start, start + count)]


def reasons(result):
    return result.quarantine["reason"].tolist()
