"""The line through measured sizes, and what it says of sizes that were not measured."""

import pytest

from benchmarks.scale import ROAD
from benchmarks.scale_curve import (
    MILLION,
    at,
    dollars,
    draw,
    growth,
    linear,
    measured,
    table,
    whole,
)


def rows(*sizes, stages=ROAD):
    """Each stage takes a second, and one more for 10,000 customers; 500 MB, and one for 1,000."""
    return [
        {
            "customers": size,
            "orders": 20 * size,
            "engine": "duckdb",
            "stage": name,
            "seconds": 1 + size / 10_000,
            "peak_mb": 500 + size / 1_000,
        }
        for size in sizes
        for name in stages
    ]


def test_the_line_goes_on_from_the_two_largest_sizes():
    found = measured(rows(100_000, MILLION), "duckdb")
    assert growth(found["score"]) == pytest.approx((100, 1_000))
    assert at(found["score"], 10 * MILLION) == pytest.approx((1_001, 10_500))
    assert linear(found["score"]) == pytest.approx(101 / 11 / 10)
    seconds, mb = whole(found, 10 * MILLION)
    assert (seconds, mb) == pytest.approx((1_001 * len(ROAD), 10_500))


def test_a_size_of_a_busy_machine_can_be_left_out():
    found = measured(rows(100_000, MILLION, 3 * MILLION), "duckdb", [MILLION])
    assert set(found["score"]) == set(found["all"]) == {100_000, 3 * MILLION}
    assert linear(found["score"]) == pytest.approx(301 / 11 / 30)


def test_what_shrank_with_the_size_is_not_taken_to_shrink_further():
    assert growth({100_000: (10.0, 900.0), MILLION: (100.0, 700.0)}) == pytest.approx((100, 0))
    assert growth({100_000: (90.0, 500.0), MILLION: (50.0, 590.0)}) == pytest.approx((0, 100))


def test_nothing_is_estimated_of_one_size_or_of_a_road_with_a_stage_missing():
    one = measured(rows(100_000), "duckdb")
    assert growth(one["score"]) is linear(one["score"]) is whole(one, 10 * MILLION) is None
    short = measured(rows(100_000, MILLION, stages=ROAD[:-1]), "duckdb")
    assert short["all"] == {} and whole(short, 10 * MILLION) is None
    assert not any("estimated" in line for line in table(short))
    assert measured(rows(100_000), "spark")["score"] == {}


def test_estimates_are_named_so_and_cost_the_memory_they_need():
    lines = table(measured(rows(100_000, MILLION), "duckdb"))
    told = [line for line in lines if line.startswith("estimated, not measured: ")]
    assert [line.split(",000,000 customers")[0].split()[-1] for line in told] == ["10", "100"]
    assert dollars(3600, 8 * 1024) == dollars(3600, 1024) == pytest.approx(0.0816)
    assert dollars(3600, 16 * 1024) == pytest.approx(2 * 0.0816)


@pytest.mark.slow
def test_the_curve_is_drawn_the_same_each_time(tmp_path):
    found = measured(rows(100_000, MILLION), "duckdb")
    for name in ("one.svg", "two.svg"):
        draw(found, tmp_path / name)
    drawn = (tmp_path / "one.svg").read_bytes()
    assert drawn == (tmp_path / "two.svg").read_bytes() and b"stroke-dasharray" in drawn
