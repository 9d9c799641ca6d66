"""Days that are missing inside the data."""

import numpy as np
import pytest

from features.timeline import date_of
from features.usability.volume import gaps
from tests.features.feed_rows import FIRST, counts_of, findings_of, volume


@pytest.mark.slow_after(3)
@pytest.mark.parametrize(
    ("days", "severity"), [(0, None), (1, "advice"), (2, "advice"), (3, "warning"), (60, "warning")]
)
def test_days_missing_inside_the_data_are_told(days, severity):
    counts = counts_of(weeks=40)
    counts[140 : 140 + days] = 0  # from a Monday on
    found = findings_of(counts)
    if severity is None:
        assert "gap" not in found.checks()
        return
    assert found.of("gap")["severity"] == severity
    assert "from 2023-07-24" in found.of("gap")["meaning"] or days == 1


@pytest.mark.parametrize(("left", "is_gap"), [(0, True), (3, True), (6, False)])
def test_a_day_is_a_gap_below_a_tenth_of_the_usual(left, is_gap):
    counts = np.full(140, 40)
    counts[70] = left
    assert bool(gaps(volume(counts))) == is_gap


def test_a_gap_goes_on_over_a_closed_day_and_is_quiet_when_known():
    counts = counts_of()
    counts[68:75] = 0  # Saturday to Friday, a Sunday among them
    (gap,) = gaps(volume(counts))
    assert (gap.first - FIRST, gap.last - FIRST) == (68, 74)
    known = [(date_of(gap.first), date_of(gap.last))]
    assert findings_of(counts, known).checks() == {"known_gap"}


def test_a_weekday_on_which_a_shop_seldom_opens_has_no_gaps():
    counts = counts_of(weeks=40)
    counts[6 : 6 + 7 * 18 : 7] = 500
    assert gaps(volume(counts)) == []


def test_few_rows_a_day_have_no_gaps():
    assert gaps(volume(counts_of(weeks=40, mean=np.full(7, 2.0)))) == []
