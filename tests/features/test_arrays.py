"""Expressions on NumPy arrays: the results of DuckDB, to the last bit, or none."""

import random

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis import _
from pandas.testing import assert_frame_equal

from features.arrays import sums
from features.arrays.columns import UnusualError
from features.arrays.operations import UnknownOperationError
from features.arrays.program import Program
from features.arrays.relations import Arrays
from features.engines.duckdb import DuckEngine
from features.history.facts import exactly
from tests.plugin_slow import examples

SCHEMA = pa.schema(
    {
        "row": pa.int64(),
        "key": pa.string(),
        "kind": pa.string(),
        "x": pa.int64(),
        "k": pa.int64(),
        "y": pa.float64(),
        "when": pa.timestamp("us"),
        "yes": pa.bool_(),
    }
)
ROWS, OTHERS, MOMENT = (
    ibis.table(ibis.Schema.from_pyarrow(SCHEMA), name=name) for name in ("rows", "others", "moment")
)
FLOATS = (0.0, 0.5, -0.5, 1.5, 2.5, 1e-7, -3.0000005, 19.99, 1234.5678, 1e9 / 3, -7e8 / 11)
EARLIEST, LATEST, FAR = (
    pd.Timestamp(f"{year}-01-01").to_pydatetime() for year in (1960, 2100, 9000)
)
TIMES = st.datetimes(EARLIEST, LATEST)


def maybe(values):
    return st.one_of(st.none(), values)


ROW = st.fixed_dictionaries(
    {
        "key": maybe(st.sampled_from(["a", "b", "ж"])),
        "kind": maybe(st.sampled_from(["visit", "", "share"])),
        "x": maybe(st.integers(-40, 40)),
        "k": maybe(st.integers(-2, 2)),
        "y": maybe(st.sampled_from(FLOATS) | st.floats(-1e9, 1e9)),
        "when": maybe(TIMES),
        "yes": maybe(st.booleans()),
    }
)


def table(rows):
    return pa.Table.from_pylist([{"row": n, **row} for n, row in enumerate(rows)], SCHEMA)


MANY = st.lists(ROW, max_size=12).map(table)
NOTHING = dict.fromkeys(SCHEMA.names[1:])
ONE = table([NOTHING | {"x": 3, "when": LATEST}])


def agree(expressions, tables):
    engine = DuckEngine(tables, threads=1)
    program = Program(Arrays({}), expressions, frozenset({"moment"}))
    for expression, found in zip(expressions, program.run(tables), strict=True):
        assert_frame_equal(found, engine.frame(expression), check_exact=True)


def number(value):
    return value.cast("float64")


def values():
    r, money = ROWS, exactly(ROWS.y)
    lately = r.when.epoch_seconds()
    square = (r.y * r.y).cast("decimal(38, 12)")
    return ROWS.select(
        "row",
        "kind",
        "when",
        as_int32=r.x.cast("int32"),
        **{
            f"number_{n}": number(value)
            for n, value in enumerate(
                [
                    *(r.x + r.k, r.x - r.k, r.x * r.k, r.y * 1.5, r.y * r.x, -r.x, -money),
                    *(r.x / r.k.nullif(0), r.x / 3, r.x // 7, (r.x + 1000) % 7, r.x % 7),
                    *(r.x == r.k, r.x != r.k, r.x < r.k, r.x <= 3, r.y > r.x, r.y >= 0, money > 0),
                    *(
                        r.kind == "visit",
                        r.kind != r.key,
                        r.kind.isin(("visit", "")),
                        r.x.isin([1]),
                    ),
                    *(r.yes & (r.x > 0), r.yes | (r.x > 0), ~r.yes, r.x.isnull(), r.key.notnull()),
                    *(r.yes.ifelse(r.x, r.k), (r.x > 0).ifelse(r.y, None), r.yes.ifelse(1, 0)),
                    ibis.ifelse(r.yes, None, r.x > r.k),
                    *(r.x.fill_null(0), ibis.coalesce(r.x, r.k, 5), r.yes.fill_null(False)),
                    *(ibis.greatest(r.x, r.k), ibis.least(r.x, r.k), ibis.greatest(money, 0)),
                    *(r.x.clip(lower=0), r.y.clip(upper=1), money.clip(lower=0), r.y.nullif(0.5)),
                    *(r.y.round(), (r.y * 1000).round(0), r.yes.cast("int64"), r.x),
                    *(money, money * 2 - money.fill_null(0), money + 1, square, square - 1),
                    *(lately, lately // 1, lately // 86_400, lately - lately // 86_400 * 86_400),
                    *((r.y * r.y + 1.0).ln(), r.y.sin(), r.y.cos(), (r.y * r.y).sqrt()),
                ]
            )
        },
        text=(r.k.cast("string") + r.kind).substr(1),
        text_of=r.yes.ifelse(r.kind, r.key),
        none=ibis.null("string"),
    ).order_by("row")


def aggregates():
    r, money = ROWS, exactly(ROWS.y)
    for keys in (["key"], ["kind", "k"]):
        for where in (None, r.x > 0, r.yes | (r.kind == "visit")):
            yield (
                r.group_by(keys)
                .aggregate(
                    rows=r.count(where=where),
                    there=r.y.count(where=where),
                    kinds=r.kind.nunique(where=where),
                    days=r.x.nunique(where=where),
                    total=number(r.x.sum(where=where)),
                    happened=number(r.yes.sum(where=where)),
                    paid=number(money.sum(where=where)),
                    spread=number((r.y * r.y).cast("decimal(38, 12)").sum(where=where)),
                    most=r.y.max(where=where),
                    least=r.y.min(where=where),
                    dearest=number(money.max(where=where)),
                    first=r.kind.min(where=where),
                    last=r.when.max(where=where),
                    ever=number(r.yes.max(where=where)),
                    always=number(r.yes.all(where=where)),
                    any_of=number(r.yes.any(where=where)),
                    mean=r.x.mean(where=where),
                    share=number(r.yes).mean(where=where),
                    middle=r.x.median(where=where),
                    ratio=r.x.sum(where=where) / r.count().nullif(2),
                    whole=number(r.x).sum(where=where),
                )
                .order_by(keys)
            )


def windows():
    r = ROWS
    own = ibis.window(group_by=[r.key, r.kind])
    order = [ibis.desc(r.when), r.row]
    inside = ibis.window(group_by=r.key, order_by=order)
    return r.mutate(
        of_group=r.x.max().over(own),
        paid=number(exactly(r.y).sum().over(own)),
        place=ibis.row_number().over(inside),
        before=r.x.lag().over(inside),
        text_before=r.kind.lag().over(inside),
        third_before=r.x.lag(3).over(inside),
    ).order_by(ibis.desc("x"), "row")


def tables_of_tables():
    r, o = ROWS, OTHERS
    few = r.filter(r.x > 0, r.yes.fill_null(False) | (r.k > 0))
    right = o.select("key", "k", other=o.row, said=o.kind, one=ibis.literal(1))
    yield few.order_by("row")
    yield r.select("key", "k").distinct().order_by("key", "k")
    yield r.semi_join(o.filter(o.x > 0), "key").order_by("row")
    yield r.anti_join(o, ["key", "k"]).order_by("row")
    for joined in (r.left_join(right, "key"), r.inner_join(right, ["key", "k"])):
        yield joined.select("row", "x", "other", "said", "one").order_by("row", "other")
    found = few.left_join(right, "key").drop("key_right").cross_join(MOMENT.select(day="x"))
    found = found.left_join(o.group_by("kind").aggregate(seen=o.count()), "kind")
    yield found.select("row", "other", "day", "seen").order_by("row", "other")
    yield r.cross_join(MOMENT.select(at="when")).filter(lambda t: t.when < t.at).order_by("row")


EVERYTHING = {
    "values": [values()],
    "aggregates": [*aggregates()],
    "windows": [windows()],
    "tables": [*tables_of_tables()],
}


@pytest.mark.parametrize("expressions", [pytest.param(e, id=n) for n, e in EVERYTHING.items()])
@settings(max_examples=examples(40, quick=2))
@given(rows=MANY, others=MANY)
def test_every_operation_has_the_result_of_duckdb(expressions, rows, others):
    agree(expressions, {"rows": rows, "others": others, "moment": ONE})


def test_many_rows_are_grouped_as_few_are(monkeypatch):
    drawn = random.Random(4)
    rows = [
        {"key": drawn.choice(["a", "b", "ж", None]), "k": drawn.choice([0, 1, None])}
        for _ in range(40)
    ]
    both = [
        ROWS.select("key", "k").distinct(),
        ROWS.group_by("key").aggregate(rows=ROWS.count(), last=ROWS.row.max()),
    ]
    program, given_rows = (
        Program(Arrays({}), both),
        {"rows": table([NOTHING | row for row in rows])},
    )
    few = program.run(given_rows)
    monkeypatch.setattr("features.arrays.grouping.SEVERAL", 0)
    for one, other in zip(few, program.run(given_rows), strict=True):
        assert_frame_equal(one, other, check_exact=True)
    assert [frame.empty for frame in program.run({})] == [True, True]


def test_what_is_not_known_is_refused_before_anything_runs():
    r = ROWS

    def refused():
        yield r.select(value=r.x.log2())
        yield r.select(value=r.y.round(2))
        yield r.select(value=r.kind < r.key)
        yield r.select(value=exactly(r.y) * exactly(r.y)).select(value=number(_.value))
        yield r.select(value=exactly(r.y))
        yield r.select(value=r.kind.cast("int64"))
        yield r.group_by("key").aggregate(value=r.y.var())
        yield r.aggregate(value=r.x.max())
        yield r.mutate(value=r.x.rank())
        yield r.order_by(ibis.asc("x", nulls_first=True))
        yield r.inner_join(OTHERS, r.x < OTHERS.x).select("row")
        yield r.outer_join(OTHERS, "key").select("row")
        yield r.limit(1)

    for expression in refused():
        with pytest.raises(UnknownOperationError):
            Program(Arrays({}), [expression])


def test_values_that_have_no_result_or_another_one_each_time_are_refused():
    row = NOTHING
    for given_value, value in (
        ({"y": 0.0}, ROWS.y.ln()),
        ({"y": -1.0}, ROWS.y.sqrt()),
        ({"y": 1e30}, exactly(ROWS.y) > 0),
        ({"y": 1e38}, ROWS.y.cast("decimal(38, 6)") > 0),
        ({"x": 1, "k": 0}, ROWS.x // ROWS.k),
        ({"y": float("nan")}, ROWS.y > 0),
        ({"y": float("inf")}, ROWS.y > 0),
        ({"when": FAR}, ROWS.when.epoch_seconds()),
    ):
        program = Program(Arrays({}), [ROWS.select(value=number(value))])
        with pytest.raises(UnusualError):
            program.run({"rows": table([row | given_value])})
    for reduce in ("sum", "mean", "median"):
        of_floats = ROWS.group_by("key").aggregate(value=getattr(ROWS.y, reduce)())
        program = Program(Arrays({}), [of_floats])
        assert program.run({"rows": table([row | {"y": 7.0}])})[0]["value"].tolist() == [7.0]
        with pytest.raises(UnusualError):
            program.run({"rows": table([row | {"y": 0.1}])})
    twice = Program(Arrays({}), [ROWS.cross_join(OTHERS.select(other="row"))])
    with pytest.raises(UnusualError):
        twice.run({"rows": ONE, "others": table([row, row])})


def test_equal_calls_are_made_once_and_what_nothing_reads_not_at_all():
    arrays = Arrays({"seen": ROWS.filter(ROWS.x > 0).mutate(unread=ROWS.y.ln(), z=ROWS.x + 1)})
    seen = ibis.table({"key": "string", "z": "int64", "unread": "float64"}, name="seen")
    one = seen.group_by("key").aggregate(value=number(seen.z.sum()))
    program = Program(arrays, [one, one.mutate(value=one.value)])
    rows = table([NOTHING | {"key": "a", "x": 1, "y": 0.0}])
    assert [frame["value"].tolist() for frame in program.run({"rows": rows})] == [[2.0], [2.0]]
    assert [frame.empty for frame in program.run({})] == [True, True]
    functions = [function.func for _, function, _ in arrays.calls]
    assert functions.count(sums.total) == 1
