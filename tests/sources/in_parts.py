"""A company whose small tables are checked part by part, and by which its tables are compared."""

import numpy as np
import pandas as pd
import pytest

from sources.contract import TABLES
from sources.kinds import files
from sources.params import SourceParams
from sources.tables import cutting
from sources.tables.check_tables import check_in_parts, check_tables
from sources.tables.cutting import RawParts
from sources.tables.kept import CheckedParts, in_text

START = pd.Timestamp("2022-01-01")
ORDERS = 1_500


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Tables of tests are large, and cut into some dozens of parts."""
    monkeypatch.setattr(cutting, "LARGE", 1_000)
    monkeypatch.setattr(cutting, "PART", 600)
    monkeypatch.setattr(cutting, "LEAST_BYTES", 0)


def lines():
    """Two lines of each order, of customers who come again."""
    number = np.arange(2 * ORDERS)
    order = number // 2
    return pd.DataFrame(
        {
            "customer_id": [f"c{one % 300}" for one in order],
            "order_id": [f"o{one}" for one in order],
            "event_time": START + pd.to_timedelta(order % 700, "D") + pd.to_timedelta(order, "s"),
            "amount": 5.0 + number % 97,
            "product": [f"p{one % 50}" for one in number],
            "note": [f"n{one % 7}" for one in number],
        }
    )


def both(folder, tables, **settings):
    """The tables checked whole, and in parts; what was said on the way."""
    source = folder / "source"
    source.mkdir()
    for name, rows in tables.items():
        rows.to_parquet(source / f"{name}.parquet", index=False)
    params = SourceParams(kind="files", path=str(source), **settings)
    raw, said = files.load_in_parts(params, folder / "room"), []
    assert isinstance(raw["orders"], RawParts) and len(list(raw["orders"])) > 4
    whole = check_tables(files.load(params), params)
    return whole, check_in_parts(raw, params, said.append), said


def alike(whole, parts):
    """Assert that a table in parts is that of the whole."""
    assert isinstance(parts, CheckedParts)
    key = [c for c in TABLES["orders"].key if c in whole.rows] + ["event_time"]
    found = parts.whole()
    pd.testing.assert_frame_equal(in_order(found.rows, key), in_order(whole.rows, key))
    every = list(whole.quarantine)
    aside = in_order(in_text(found.quarantine), every)
    pd.testing.assert_frame_equal(aside, in_order(in_text(whole.quarantine), every))
    assert found.counts == whole.counts
    assert sorted(found.findings) == sorted(whole.findings)
    assert (found.currency, found.ignored_columns) == (whole.currency, whole.ignored_columns)
    assert _told(found.notes) == _told(whole.notes)


def in_order(rows, by):
    return rows.sort_values(by, ignore_index=True, kind="stable")


def _told(notes):
    return [(note.same, note.rows, note.counted and note.counted.counts) for note in notes]
