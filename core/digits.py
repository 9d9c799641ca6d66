"""Rounds numbers to as many digits as are the same on every processor.

What NumPy, BLAS and the C library compute differs between processors in the last of 16 digits:
vectorised functions round differently, and sums are added up in another order. One such digit gives
another sha256, and so another version of the model and another release. So the results of such
functions are rounded to digits that do not depend on the processor: parameters when they are
fitted, before anything is computed from them; predictions when they are made, before customers are
sorted by them; figures when they are written. Between those places there is plain arithmetic, which
is the same everywhere.

Rounding alone proves nothing: numbers that differ in the sixteenth digit can still fall on both
sides of a boundary between two rounded numbers, though seldom. With eight digits that happens to
one number in a hundred million; docs/decisions/0027-the-same-numbers.md adds that up.
"""

from collections.abc import Mapping, Sequence
from typing import Any, overload

import numpy as np

from core.arrays import FloatArray

FLAT = 7  # for parameters whose likelihood is nearly flat along a ridge: buy-till-you-die models
PEAKED = 9  # for parameters with one clear maximum of a likelihood that is not convex
CONVEX = 10  # for regressions, calibration maps, and ratios of sums
TOLD = 8  # for predictions and the figures of reports

_EXPONENTS = range(-300, 301)
_POWERS = np.array([float(f"1e{exponent}") for exponent in _EXPONENTS])


@overload
def to_digits(values: float, digits: int) -> float: ...
@overload
def to_digits(values: FloatArray, digits: int) -> FloatArray: ...
def to_digits(values: float | FloatArray, digits: int) -> float | FloatArray:
    """The numbers, of any shape, rounded to so many significant digits; NaN and ±inf stay.

    Uses only comparisons, one product, `rint` and one quotient, which IEEE 754 defines to the last
    bit: a logarithm would bring back the differences that are rounded away.
    """
    numbers = np.asarray(values, np.float64)
    first = np.searchsorted(_POWERS, np.abs(numbers), side="right") - 1  # the place of its power
    place = np.clip(digits - 1 - (first + _EXPONENTS[0]), _EXPONENTS[0], _EXPONENTS[-1])
    up = _POWERS[np.maximum(place, 0) - _EXPONENTS[0]]
    down = _POWERS[np.maximum(-place, 0) - _EXPONENTS[0]]
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.where(place >= 0, np.rint(numbers * up) / up, np.rint(numbers / down) * down)
    rounded = np.where(np.isfinite(numbers) & (first >= 0), rounded, numbers)
    return rounded if isinstance(values, np.ndarray) else float(rounded)


def as_told(content: Any) -> Any:
    """The same content for JSON, with every float in it rounded to TOLD digits."""
    if isinstance(content, float):
        return to_digits(float(content), TOLD)
    if isinstance(content, Mapping):
        return {name: as_told(value) for name, value in content.items()}
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [as_told(value) for value in content]
    return content
