"""Columns that are there under another name and are not read, with the line that reads them."""

import pandas as pd

from sources.contract import Table
from sources.cures import pasted
from sources.meanings.column_names import meant_columns
from sources.notes import Note, Said
from sources.params import SourceParams

CHECK = "not_mapped"


def not_mapped(raw: pd.DataFrame, table: Table, params: SourceParams) -> tuple[Note, ...]:
    """A note on columns of the contract that are missing while others are called like them.

    A warning where the money is among them. Columns that an expression uses already are left out.
    """
    if table.open_ended:
        return ()
    used = " ".join(params.derive.get(table.name, {}).values()).lower()
    free = [str(c) for c in raw.columns if c not in table.columns and str(c).lower() not in used]
    found: dict[str, str] = {}
    for column in table.columns:
        if column in raw or column in table.required:
            continue
        left = [name for name in free if name not in found.values() and raw[name].notna().any()]
        for name in meant_columns(column, table.name, left, by_words=False)[:1]:
            found[column] = name
    if not found:
        return ()
    listed = ", ".join(f"{name} ({column})" for column, name in found.items())
    line = pasted("columns", {table.name: found}, params)
    return (
        Note(
            CHECK,
            "warning" if "amount" in found else "advice",
            "amount" if "amount" in found else None,
            len(raw),
            f"columns that are called like ones of the contract and are not read: {listed}",
            f"If they mean that, write in params.yaml, below source: {line}",
            Said("not_mapped", columns=listed, line=line),
        ),
    )
