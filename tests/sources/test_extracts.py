"""Values of any driver as text and back, and the same rows as the same bytes."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import duckdb
import pytest

from core.errors import SourceError
from sources.kinds.sql.extracts import kinds_of, typed, write_part

DAY = datetime(2017, 5, 1, 10, 30, 0, 250)  # noqa: DTZ001


def values(folder, *column, as_text=()):
    """A column of values, written and read again."""
    part = folder / "orders" / "00001.parquet"
    write_part(["it"], [[(value,)] for value in column], part)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return [v for (v,) in connection.sql(f"SELECT * FROM {typed([part], as_text)}").fetchall()]


@pytest.mark.slow_after(4)
@pytest.mark.parametrize(
    "value",
    [5, -1.5, True, "00123", "", date(2017, 5, 1), DAY, 2**63 - 1, 'say "hi"\n\''],
)
def test_a_value_comes_back_as_it_was(tmp_path, value):
    (found,) = values(tmp_path, value)
    assert found == value and type(found) is type(value)


@pytest.mark.slow_after(4)
@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        (Decimal("2.50"), 2.5),
        (Decimal("1E+3"), 1000),
        (float("inf"), float("inf")),
        (Decimal("-Infinity"), float("-inf")),
        (2**63, 2.0**63),
        (float("nan"), None),
        (Decimal("NaN"), None),
        (UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        (time(10, 30), "10:30:00"),
        (b"\x00\xff", "00ff"),
        ({"b": 1, "a": [DAY]}, '{"a": ["2017-05-01 10:30:00.000250"], "b": 1}'),
    ],
)
def test_other_values_become_what_the_check_can_read(tmp_path, value, becomes):
    assert values(tmp_path, value) == [becomes]


def test_times_with_a_zone_are_one_instant_in_whatever_zone_they_came(tmp_path):
    instant = datetime(2017, 5, 1, 22, 30, tzinfo=UTC)
    tokyo = instant.astimezone(timezone(timedelta(hours=9)))
    assert (
        values(tmp_path, instant, tokyo, as_text=["it"]) == ["2017-05-01 22:30:00.000000+00:00"] * 2
    )


@pytest.mark.slow_after(4)
@pytest.mark.parametrize(
    ("column", "becomes"),
    [
        ((1, 2.5), [1.0, 2.5]),
        ((1, "00123"), ["00123", "1"]),
        ((date(2017, 5, 1), DAY), [datetime(2017, 5, 1), DAY]),  # noqa: DTZ001
        ((None, None), [None, None]),
        ((True, 1), ["1", "true"]),
    ],
)
def test_a_column_of_several_kinds_has_the_type_that_suits_all(tmp_path, column, becomes):
    assert values(tmp_path, *column) == becomes


@pytest.mark.parametrize("value", [17850.0, Decimal("17850.00"), 17850])
def test_a_whole_number_is_an_id_without_a_point(tmp_path, value):
    assert values(tmp_path, value, None, as_text=["it"]) == ["17850", None]


def test_the_same_rows_in_another_order_are_the_same_bytes(tmp_path):
    rows = [(n % 5 or None, f"{n % 7}", -0.0 if n % 2 else 0.0) for n in range(1_000)]
    for name, portions in {"a": [rows], "b": [rows[::-1][:10], rows[::-1][10:]]}.items():
        write_part(["x", "y", "z"], portions, tmp_path / name / "orders" / "00001.parquet")
    ours, theirs = (next(tmp_path.glob(f"{name}/orders/*.parquet")) for name in "ab")
    assert ours.read_bytes() == theirs.read_bytes()
    assert [path.name for path in ours.parent.iterdir()] == ["00001.parquet"]


def test_two_parts_of_the_same_rows_are_not_the_same_bytes(tmp_path):
    parts = [tmp_path / "orders" / f"0000{n}.parquet" for n in (1, 2)]
    for part in parts:
        write_part(["a"], [[(1,)]], part)
    assert parts[0].read_bytes() != parts[1].read_bytes()
    assert kinds_of(parts) == {"a": ["integer"]}


@pytest.mark.slow
def test_a_table_larger_than_the_memory_given_is_sorted_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("sources.kinds.sql.extracts.MEMORY", "256MB")
    rows = (
        [(f"{n * 7919 % 400_000:01000}",) for n in range(at, at + 5_000)]
        for at in range(0, 400_000, 5_000)
    )
    part = tmp_path / "orders" / "00001.parquet"
    assert write_part(["n"], rows, part)
    found = duckdb.sql(f"SELECT n::BIGINT FROM '{part}'").fetchall()
    assert [n for (n,) in found] == list(range(400_000))
    assert [path.name for path in part.parent.iterdir()] == ["00001.parquet"]


def test_without_memory_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("sources.kinds.sql.extracts.MEMORY", "1MB")
    part = tmp_path / "orders" / "00001.parquet"
    with pytest.raises(SourceError, match=r"00001.parquet could not be written: Out of Memory"):
        write_part(["n"], [[(f"{n:01000}",) for n in range(9_000)]], part)


def test_bytes_that_are_all_text_are_text_and_others_stay_hexadecimal(tmp_path):
    assert set(values(tmp_path / "a", b"K1000", None, "Ж".encode())) == {"K1000", None, "Ж"}
    assert values(tmp_path / "b", b"K1000", b"\xff\x00") == ["4b31303030", "ff00"]
    assert values(tmp_path / "c", b"K1000", as_text=("it",)) == ["K1000"]
