"""A table made ready for a model: one row per customer (and date), features, and who left.

customerID  tenure  MonthlyCharges  Churn
7590-VHVEG  1       29.85           No       no purchases: source.kind: table reads it
"""

import json
import re

import pandas as pd

from sources.contract import ORDERS
from sources.meanings.column_names import label_columns, meant_columns

AS_OF = re.compile(r"as[ _]?of([ _]?date)?|snapshot([ _]?date)?|cut[ _]?off([ _]?date)?|дата среза")


def ready_table(rows: pd.DataFrame, path: str) -> str:
    """The sentence with the source that reads it; empty where the rows are no such table.

    A column called like a label has two values, and no column says when something was bought.
    """
    names = [str(column) for column in rows.columns]
    labels = [name for name in label_columns(names) if rows[name].dropna().nunique() == 2]
    if not labels or meant_columns("order_id", ORDERS.name, names, by_words=False):
        return ""
    keys = {"kind": "table", "path": path, "label": labels[0]}
    customer = meant_columns("customer_id", ORDERS.name, names, by_words=False)
    as_of = [name for name in names if AS_OF.fullmatch(name.strip().lower())]
    if customer:
        keys["customer"] = customer[0]
    if as_of:
        keys["as_of"] = as_of[0]
    line = ", ".join(f"{key}: {_scalar(value)}" for key, value in keys.items())
    return (
        f"It looks like features with a label ({labels[0]}) that are ready for a model, and not "
        f"like purchases. Such a table is read with, in params.yaml, source: {{{line}}}."
    )


def _scalar(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z_][\w/-]*", text) else json.dumps(text, ensure_ascii=False)
