"""Rows are written without names, and read back with them: all, or only those asked for."""

import orjson
import pyarrow as pa
import pytest

from serving.store.coding import rows_of
from serving.store.layouts import layout_of, naming
from serving.store.shapes import FIELDS, ORDER, columns_for, known, shape_of
from tests.serving.releases import card_row, gone_row, reason

ROWS = [
    {"a": 1, "in": {"b": "x", "deep": [{"c": 1.5}, {"c": None}]}, "list": ["p", "q"], "z": None},
    {"a": None, "in": None, "list": None, "z": "last"},
    {"a": 3, "in": {"b": None, "deep": []}, "list": [], "z": "z"},
]


TABLE = pa.Table.from_pylist(ROWS)
LAYOUT = layout_of(TABLE.schema)


def written():
    """Rows as they stand in the store: unknown numbers are null."""
    return [orjson.loads(orjson.dumps(row)) for row in rows_of(TABLE)]


def test_names_come_back_at_any_depth():
    assert [naming(orjson.loads(orjson.dumps(LAYOUT)))(row) for row in written()] == ROWS


@pytest.mark.parametrize("asked", [(), ("in",), ("a", "z"), ("list", "not there")])
def test_only_the_columns_that_were_asked_for_come_back(asked):
    some = naming(LAYOUT, frozenset(asked))
    assert [some(row) for row in written()] == [
        {name: row[name] for name in row if name in asked} for row in ROWS
    ]


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="argument"):
        naming([["a", None], ["b", None]])([1])


@pytest.mark.parametrize("field", ORDER)
def test_a_field_of_a_card_is_the_same_whichever_others_are_read(field):
    rows = [
        card_row("1", reasons=[reason("up"), reason("down", own_usual=None)]),
        card_row("2", intended_action=None, next_purchase_date_low=None),
        gone_row("3"),
    ]
    wanted = frozenset({field})
    columns = columns_for(wanted)
    told = {"release_id": "r"}
    for row in map(known, rows):
        some = {name: row[name] for name in row if columns is None or name in columns}
        assert shape_of(some, told, wanted) == {field: shape_of(row, told, FIELDS)[field]}
