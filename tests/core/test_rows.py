"""The rows of a table come part by part, the same from memory and from a file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.parts import write_parts
from core.rows import Rows, batches, without_rows

FRAME = pd.DataFrame({"order_id": ["a", "a", "b", "c"], "amount": [1.0, 2.0, 3.0, None]})
ROOT = Path(__file__).resolve().parents[2]
PARTS = (FRAME.iloc[:2], FRAME.iloc[2:])


@pytest.fixture
def path(tmp_path):
    write_parts(PARTS, tmp_path / "orders.parquet")
    return tmp_path / "orders.parquet"


def test_each_group_of_a_file_in_parts_is_a_part(path):
    rows = Rows.in_file(path, is_in_parts=True)
    for found, part in zip(rows.parts(), PARTS, strict=True):
        pd.testing.assert_frame_equal(found, part.reset_index(drop=True))


def test_a_file_that_is_not_in_parts_is_one_part(path):
    (whole,) = Rows.in_file(path, is_in_parts=False).parts(["amount"])
    pd.testing.assert_frame_equal(whole, FRAME[["amount"]])


def test_memory_and_file_have_the_same_rows_columns_and_length(path):
    stored, held = Rows.in_file(path, is_in_parts=True), Rows.of(FRAME)
    assert (stored.columns, len(stored)) == (held.columns, len(held)) == (tuple(FRAME), 4)
    assert "amount" in stored and "store" not in stored
    read, kept = (list(rows.parts(["order_id"])) for rows in (stored, held))
    pd.testing.assert_frame_equal(pd.concat(read, ignore_index=True), kept[0])


def test_a_table_without_rows_has_one_empty_part(tmp_path):
    write_parts([FRAME.head(0)], tmp_path / "none.parquet")
    (part,) = Rows.in_file(tmp_path / "none.parquet", is_in_parts=True).parts()
    assert part.empty and list(part) == list(FRAME)


def test_batches_of_a_file_are_its_rows_in_order(path):
    found = list(batches(path, 3))
    assert [len(table) for table in found] == [3, 1]
    assert found[0].schema.metadata is None
    pd.testing.assert_frame_equal(pa.concat_tables(found).to_pandas(), FRAME)


def test_what_was_read_of_a_file_is_let_go_before_its_last_batch(tmp_path):
    random = np.random.default_rng(1)
    some = (pd.DataFrame({"amount": random.random(20_000)}) for _ in range(20))
    write_parts(some, tmp_path / "large.parquet")
    assert (tmp_path / "large.parquet").stat().st_size > 3_000_000
    before = pa.total_allocated_bytes()
    most = max(pa.total_allocated_bytes() - before for _ in batches(tmp_path / "large.parquet", 99))
    assert most < 1_000_000


def test_no_other_code_reads_a_file_in_batches():
    packages = ("actions", "core", "features", "models", "pipelines", "serving", "sources")
    code = [file for package in packages for file in (ROOT / package).rglob("*.py")]
    assert len(code) > 300
    found = [str(file.relative_to(ROOT)) for file in code if "iter_batches(" in file.read_text()]
    assert found == ["core/rows.py"]


def test_columns_without_rows_hold_none_of_them():
    frame = pd.DataFrame({"id": [f"customer {number}" for number in range(5_000)], "day": 1.5})
    found = without_rows(frame)
    assert found.dtypes.equals(frame.dtypes) and found.empty
    assert held(found) < 100 < 50_000 < held(frame.head(0))


def held(frame):
    """Bytes of the texts that a table keeps in memory, whether or not they are in its rows."""
    return frame["id"].array.__arrow_array__().get_total_buffer_size()
