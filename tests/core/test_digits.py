"""Rounding to digits that every processor agrees on."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.digits import as_told, to_digits

NUMBERS = st.floats(min_value=1e-280, max_value=1e280)


@given(NUMBERS, st.integers(min_value=3, max_value=12))
def test_a_number_keeps_so_many_digits_and_is_the_nearest_with_them(number, digits):
    kept = to_digits(number, digits)
    place = math.floor(math.log10(number)) - digits + 1
    assert abs(kept - number) <= 0.5000001 * 10.0**place * (1 + 1e-9)
    assert math.isclose(kept, float(f"{kept:.{digits - 1}e}"), rel_tol=1e-15)
    assert to_digits(-number, digits) == -kept


@given(st.floats(min_value=1e-9, max_value=1e12))
def test_a_kept_number_is_written_short_and_stays_when_it_is_kept_again(number):
    kept = to_digits(number, 8)
    assert len(json.dumps(kept).replace(".", "").split("e")[0].strip("0")) <= 8
    assert to_digits(kept, 8) == kept


@pytest.mark.parametrize("digits", [7, 8, 9, 10])
def test_the_last_of_sixteen_digits_hardly_ever_changes_what_is_kept(digits):
    rng = np.random.default_rng(1)
    here = rng.lognormal(0.0, 3.0, 100_000)
    there = here * (1.0 + rng.uniform(-4e-16, 4e-16, len(here)))
    assert (here != there).mean() > 0.5
    assert (to_digits(here, digits) != to_digits(there, digits)).mean() < 4e-16 * 10.0**digits * 10


def test_what_is_no_number_and_zero_stay_and_the_shape_does():
    odd = np.array([[np.nan, np.inf], [-np.inf, 0.0]])
    np.testing.assert_array_equal(to_digits(odd, 8), odd)
    assert to_digits(np.array([]), 8).shape == (0,)
    assert type(to_digits(0.123456789123, 8)) is float
    assert to_digits(1234567.89, 8) == 1234567.9
    assert to_digits(123456789012.0, 8) == 123456790000.0


def test_a_power_of_ten_is_no_digit_short():
    for exponent in range(-14, 20):
        power = float(f"1e{exponent}")
        assert to_digits(power, 3) == power
        assert to_digits(power * 1.0049, 3) == power
        assert to_digits(np.nextafter(power, 0.0), 3) == power


def test_floats_are_told_wherever_they_stand_and_nothing_else_changes():
    told = as_told(
        {"a": [0.1234567891, 3, "1.123456789123", None, True], "b": (np.float64(2 / 3),)}
    )
    assert told == {"a": [0.12345679, 3, "1.123456789123", None, True], "b": [0.66666667]}
    assert json.loads(json.dumps(told)) == told
