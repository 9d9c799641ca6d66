"""A table written part by part reads as if it had been written at once."""

from itertools import pairwise

import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.files import written_whole
from core.parts import Spilled, write_parts

REASON = {"group": "rhythm", "groups": ["rhythm"], "value": 1.0, "usual": None}
ROWS = pd.DataFrame(
    {
        "customer_id": pd.array(["a", "b", "c", "d"], "str"),
        "rank": pd.array([1, None, 2, None], "Int64"),
        "risk": [0.5, None, 0.25, None],
        "declined": pd.array([True, None, None, None], "boolean"),
        "since": pd.to_datetime(["2024-01-01", None, None, None]).astype("datetime64[us]"),
        "channel": pd.array(["email", None, None, None], "str"),
        "reasons": [
            [{"group": "rhythm", "groups": ["rhythm"], "value": 1.0, "usual": None}],
            [],
            [],
            None,
        ],
        "count": [1, 2, 3, 4],
    }
)


def parts(*cuts):
    ends = [0, *cuts, len(ROWS)]
    return [ROWS.iloc[a:b].reset_index(drop=True) for a, b in pairwise(ends)]


def read(path):
    rows = pd.read_parquet(path)
    lists = [None if one is None else [dict(each) for each in one] for one in rows["reasons"]]
    lists = [one and [each | {"groups": list(each["groups"])} for each in one] for one in lists]
    return rows.assign(reasons=pd.Series(lists, dtype=object))


@pytest.mark.parametrize("cuts", [(), (1,), (2, 3), (1, 2, 3)])
def test_parts_read_as_the_whole_with_its_types_and_each_is_a_group_of_rows(tmp_path, cuts):
    ROWS.to_parquet(tmp_path / "whole.parquet", index=False)
    assert write_parts(parts(*cuts), tmp_path / "parts.parquet") == len(ROWS)
    pd.testing.assert_frame_equal(
        read(tmp_path / "parts.parquet"), read(tmp_path / "whole.parquet")
    )
    assert pq.ParquetFile(tmp_path / "parts.parquet").num_row_groups == len(cuts) + 1
    assert [path.name for path in tmp_path.glob(".parts-*")] == []


@pytest.mark.parametrize("cuts", [(1,), (3,)])
def test_a_part_whose_cells_are_all_empty_gets_the_types_of_the_others(tmp_path, cuts):
    backwards = [
        part.assign(
            channel=part["channel"].astype(object).where(part["channel"].notna(), None),
            reasons=[one or None for one in part["reasons"]],
            risk=part["risk"] if part["risk"].notna().any() else None,
        )
        for part in reversed(parts(*cuts))
    ]
    write_parts(backwards, tmp_path / "parts.parquet")
    found = pd.read_parquet(tmp_path / "parts.parquet")
    assert str(found["risk"].dtype) == "float64"
    assert found["risk"].notna().sum() == 2
    assert found.loc[found["customer_id"] == "a", "reasons"].iloc[0][0]["group"] == "rhythm"
    assert str(found["channel"].dtype) == "str"


def test_whole_numbers_of_one_part_and_unknown_ones_of_another_are_numbers(tmp_path):
    made = [pd.DataFrame({"n": [1, 2]}), pd.DataFrame({"n": [0.5, None]})]
    write_parts(made, tmp_path / "n.parquet")
    assert pd.read_parquet(tmp_path / "n.parquet")["n"].tolist()[:3] == [1.0, 2.0, 0.5]


def test_a_table_of_no_parts_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no columns"):
        write_parts([], tmp_path / "none.parquet")


def test_records_with_a_field_that_nobody_has_in_one_part_keep_it_from_the_other(tmp_path):
    first = pd.DataFrame({"reasons": [[{"a": 1.0, "b": None}] * 2, []]})
    other = pd.DataFrame({"reasons": [[{"a": 2.0, "b": "x"}]]})
    write_parts([first, other], tmp_path / "parts.parquet")
    found = pd.read_parquet(tmp_path / "parts.parquet")["reasons"]
    assert [[dict(one) for one in row] for row in found] == [
        [{"a": 1.0, "b": None}] * 2,
        [],
        [{"a": 2.0, "b": "x"}],
    ]


def test_a_field_of_records_that_nobody_has_at_all_stays_empty(tmp_path):
    rows = pd.DataFrame({"reasons": [[{"a": 1.0, "b": None}] * 3, [], [{"a": 2.0, "b": None}]]})
    write_parts([rows, rows], tmp_path / "parts.parquet")
    found = pd.read_parquet(tmp_path / "parts.parquet")["reasons"]
    assert [len(row) for row in found] == [3, 0, 1, 3, 0, 1]
    assert dict(found.iloc[2][0]) == {"a": 2.0, "b": None}


def test_a_part_that_is_made_twice_is_there_once_and_parts_have_the_order_of_their_numbers(
    tmp_path,
):
    spilled = Spilled(tmp_path)
    for number in (1, 0, 1):
        spilled.put(number, parts(1)[number])
    assert [list(part["customer_id"]) for part in spilled] == [["a"], ["b", "c", "d"]]
    assert list(spilled.read(1)["customer_id"]) == ["b", "c", "d"]
    spilled.add(parts(1)[0])
    assert len(list(spilled)) == 3


def test_nobody_sees_half_of_a_file(tmp_path):
    path = tmp_path / "numbers.arrow"

    def write(text):
        with written_whole(path) as file:
            file.write_text(text)
            assert [*tmp_path.glob("*.arrow")] == ([path] if text == "second" else [])
            if text == "broken":
                raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write("broken")
    write("first")
    write("second")
    assert path.read_text() == "second"
