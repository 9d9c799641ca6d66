"""A search in memory finds what a search of each text by itself would."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.store import search
from serving.store.columns import joined
from serving.store.search import SearchTexts

LETTERS = st.text(alphabet="abñЖ\n 1", min_size=1, max_size=6)


@given(found=st.lists(LETTERS, max_size=12), piece=LETTERS)
def test_a_text_holds_a_piece_exactly_where_python_finds_it(found, piece):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(search, "STRETCH", 5)  # pieces that stand across two stretches
        held = SearchTexts(pa.array(found, pa.string())).holding(piece)
    assert held.tolist() == [piece in text for text in found]


def test_a_piece_across_two_texts_is_in_neither():
    held = SearchTexts(pa.array(["anna\n7", "boris\n8"])).holding("7b")
    assert held.tolist() == [False, False]


WORDS = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("who", pa.string()),
        ("band", WORDS),
        ("day", pa.date32()),
        ("risk", pa.float64()),
        ("is_new", pa.bool_()),
    ]
)


def part(*rows):
    return pa.Table.from_pylist(
        [dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA
    )


def test_parts_become_columns_whose_words_and_rows_belong_together():
    first = part(("c", "high", None, 0.5, None), ("d", None, None, None, True))
    second = part(("a", "low", None, 0.25, False), ("b", "high", None, 1.0, True))
    columns = joined([first, second], SCHEMA).ascending("who")
    assert columns.texts["who"].to_pylist() == ["a", "b", "c", "d"]
    codes, words = columns.codes["band"]
    assert [words[code] if code >= 0 else None for code in codes] == ["low", "high", "high", None]
    assert columns.values["risk"].tolist() == [0.25, 1.0, 0.5, 0.0]
    assert columns.values["is_new"].tolist() == [False, True, False, True]
    assert columns.values["day"].dtype == np.int32


def test_codes_are_as_wide_as_their_words_need():
    many = part(*((f"{n:05}", f"word {n}", None, 0.0, False) for n in range(300)))
    codes, words = joined([many], SCHEMA).codes["band"]
    assert codes.dtype == np.int16
    assert [words[code] for code in codes] == [f"word {n}" for n in range(300)]


def test_no_parts_are_columns_without_a_row():
    columns = joined([], SCHEMA).ascending("who")
    assert len(columns.texts["who"]) == len(columns.values["risk"]) == 0
    assert SearchTexts(columns.texts["who"]).holding("a").tolist() == []
