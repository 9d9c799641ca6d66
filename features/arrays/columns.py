"""Operations on columns in NumPy, each with the result that DuckDB has for it, to the last bit.

A column is a pair: its values, and where it is empty (None: nowhere). Values are an array, or one
value that stands for every row; what they hold where the column is empty means nothing. Whole
numbers and times (microseconds) are int64, decimals are Python's whole numbers in units of their
last digit, texts are Python's.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Values = Any  # an array (n,), or a single value
Empty = Any  # an array of bool (n,), a single bool, or None
Column = tuple[Values, Empty]

EXACT = 2**53  # floats hold every whole number up to here
FAR = 1e11  # seconds, about the year 5000: squares of days fit into 64 bits


class UnusualError(Exception):
    """A value that DuckDB answers with an error, or that these operations are not meant for."""


def either(one: Empty, other: Empty) -> Empty:
    """Where one or the other is empty."""
    return other if one is None else one if other is None else one | other


def some(empty: Empty) -> Empty:
    """None instead of an array that is empty nowhere: what follows has less to do."""
    return empty if empty is None or empty.any() else None


def chosen(where: Values, then: Values, otherwise: Values) -> Values:
    """One or the other, by row; a single value stays one."""
    found: Any = np.where(where, then, otherwise)
    return found if found.ndim else found[()]


def filled(values: Values, empty: Empty, value: Any) -> Values:
    """The values, with one that is safe to compute with where they are empty."""
    return values if empty is None else chosen(empty, value, values)


def binary(operation: Callable[..., Values], one: Column, other: Column) -> Column:
    """A function of two columns that is empty where either of them is."""
    (x, no_x), (y, no_y) = one, other
    return operation(x, y), no_y if no_x is None else no_x if no_y is None else no_x | no_y


def unary(operation: Callable[..., Values], one: Column) -> Column:
    """A function of one column."""
    return operation(one[0]), one[1]


def floor_divide(one: Column, other: Column) -> Column:
    """Rounded down, by way of floats."""
    (x, no_x), (y, no_y) = one, other
    empty = either(no_x, no_y)
    return as_whole((np.floor(np.true_divide(x, y)), empty))


def both(one: Column, other: Column) -> Column:
    """And: false where either is false, whether or not the other is empty."""
    (x, no_x), (y, no_y) = one, other
    if no_x is None and no_y is None:
        return x & y, None
    x, y = filled(x, no_x, True), filled(y, no_y, True)
    true = x & y
    return true, true & either(no_x, no_y)


def any_of(one: Column, other: Column) -> Column:
    """Or: true where either is true, whether or not the other is empty."""
    (x, no_x), (y, no_y) = one, other
    if no_x is None and no_y is None:
        return x | y, None
    x, y = filled(x, no_x, False), filled(y, no_y, False)
    true = x | y
    return true, np.logical_not(true) & either(no_x, no_y)


def is_empty(one: Column) -> Column:
    """Whether each row is empty."""
    values, empty = one
    if empty is None:
        return (np.zeros(len(values), np.bool_) if is_array(values) else False), None
    return empty, None


def is_there(one: Column) -> Column:
    """Whether each row is not empty."""
    return np.logical_not(is_empty(one)[0]), None


def if_else(is_object: bool, where: Column, then: Column, otherwise: Column) -> Column:
    """One column where the condition holds, the other where it does not or is empty."""
    (condition, unknown), (x, no_x), (y, no_y) = where, then, otherwise
    condition = filled(condition, unknown, False)
    if is_object:
        x, y = np.asarray(x, object), np.asarray(y, object)
    empty = None
    if no_x is not None or no_y is not None:
        empty = some(
            chosen(condition, False if no_x is None else no_x, False if no_y is None else no_y)
        )
    return chosen(condition, x, y), empty


def coalesce(*columns: Column) -> Column:
    """The first that is not empty."""
    values, empty = columns[0]
    for more, no_more in columns[1:]:
        if empty is None:
            break
        values = chosen(empty, more, values)
        empty = None if no_more is None else some(empty & no_more)
    return values, empty


def extreme(choose: Callable[..., Values], *columns: Column) -> Column:
    """The greatest or the least of those that are not empty."""
    values, empty = columns[0]
    for more, no_more in columns[1:]:
        best = choose(values, more)
        if no_more is not None:
            best = chosen(no_more, values, best)
        if empty is not None:
            best = chosen(empty, more, best)
        values = best
        empty = None if empty is None or no_more is None else some(empty & no_more)
    return values, empty


def null_if(one: Column, other: Column) -> Column:
    """Empty where both are equal."""
    (x, no_x), (y, no_y) = one, other
    equal = np.equal(x, y)
    if no_y is not None:
        equal = equal & np.logical_not(no_y)
    return x, some(either(no_x, equal))


def is_in(options: frozenset[Any], one: Column) -> Column:
    """Whether each value is one of those given."""
    values, empty = one
    if not is_array(values):
        return values in options, empty
    return np.array([value in options for value in values.tolist()], np.bool_), empty


def rounded(one: Column) -> Column:
    """To whole numbers, halves away from zero."""
    values, empty = one
    whole = np.trunc(values)
    # What is left of the whole number is exact, as that of `values + 0.5` is not.
    further = np.abs(values - whole) >= 0.5
    return as_whole((whole + np.copysign(further, values), empty))


def as_whole(one: Column) -> Column:
    """Floats that are whole numbers as such."""
    values, empty = filled(one[0], one[1], 0.0), one[1]
    if not np.all(np.abs(values) < 2.0**63):
        raise UnusualError("a number that 64 bits do not hold")
    return (values.astype(np.int64) if is_array(values) else int(values)), empty


def as_float(one: Column) -> Column:
    """Whole numbers, or yes and no, as floats."""
    values, empty = one
    return (values.astype(np.float64) if is_array(values) else float(values)), empty


def as_int(one: Column) -> Column:
    """Yes and no as 1 and 0; whole numbers as they are."""
    values, empty = one
    return (values.astype(np.int64) if is_array(values) else int(values)), empty


def as_decimal(scale: int, one: Column) -> Column:
    """Floats as decimals."""
    values, empty = filled(one[0], one[1], 0.0), one[1]
    # As DuckDB: the power is a float, and halves go away from zero.
    shifted = values * 10.0**scale
    if not np.all(np.abs(shifted) < 1e38):
        raise UnusualError("a number that decimals do not hold")
    whole = np.trunc(shifted)
    whole = whole + np.copysign(np.abs(shifted - whole) >= 0.5, shifted)
    if is_array(whole) and np.all(np.abs(whole) < 2.0**63):
        return whole.astype(np.int64).astype(object), empty
    return each(int, whole, object), empty


def finer(places: int, one: Column) -> Column:
    """Decimals or whole numbers with more digits behind the point."""
    values, empty = one
    if is_array(values):
        values = values.astype(object)
    elif values is not None:
        values = int(values)
    return values * 10**places, empty


def decimal_as_float(scale: int, one: Column) -> Column:
    """Decimals as floats."""
    values, empty = one
    power = 10**scale
    if is_array(values) and len(values) and -EXACT <= values.min() <= values.max() <= EXACT:
        return values.astype(np.float64) / float(power), empty

    def convert(whole: int) -> float:
        if -EXACT <= whole <= EXACT:
            return whole / float(power)
        sign, size = (1, whole) if whole > 0 else (-1, -whole)
        return sign * float(size // power) + sign * float(size % power) / float(power)

    return each(convert, values, np.float64), empty


def as_text(one: Column) -> Column:
    """Whole numbers as texts."""
    return each(str, one[0], object), one[1]


def joined(*columns: Column) -> Column:
    """Texts, one behind the other."""
    values, empty = columns[0]
    values = filled(values, empty, "")
    for more, no_more in columns[1:]:
        values, empty = values + filled(more, no_more, ""), either(empty, no_more)
    return values, empty


def behind(start: int, one: Column) -> Column:
    """Texts from a character on."""
    return each(lambda text: text[start:], filled(one[0], one[1], ""), object), one[1]


def seconds(one: Column) -> Column:
    """Times as seconds from 1970-01-01, with fractions."""
    values = filled(one[0], one[1], 0) / 1e6
    if not np.all(np.abs(values) < FAR):
        raise UnusualError("a time far from all others")
    return values, one[1]


def by_libm(function: Callable[[float], float], one: Column) -> Column:
    """A function of the C library, as DuckDB calls it: NumPy has others, with other last bits."""
    try:
        return each(function, filled(one[0], one[1], 1.0), np.float64), one[1]
    except ValueError as error:
        raise UnusualError(str(error)) from error


def root(one: Column) -> Column:
    """The square root."""
    values = filled(one[0], one[1], 0.0)
    if np.any(values < 0):
        raise UnusualError("the square root of a number below 0")
    return np.sqrt(values), one[1]


def each(function: Callable[[Any], Any], values: Values, kind: Any) -> Values:
    """A Python function of every value."""
    if not is_array(values):
        return function(values)
    found = np.empty(len(values), kind)
    found[:] = [function(value) for value in values.tolist()]
    return found


def is_array(values: Values) -> bool:
    """Whether there is a value for each row."""
    return isinstance(values, np.ndarray)


def full(size: int, one: Column) -> Column:
    """A column with a value for each row."""
    values, empty = one
    if not is_array(values):
        kind = object if isinstance(values, str) or values is None else None
        values = np.full(size, values, kind)
    if empty is not None and not is_array(empty):
        empty = np.full(size, bool(empty)) if empty else None
    return values, empty
