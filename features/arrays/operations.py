"""What each operation on values becomes: which function of columns, on which slots."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import numpy as np

from features.arrays import columns

Slot = int
TEXT, TIME, NOTHING = "text", "time", "nothing"
WHOLE, FLOAT, YESNO = "whole", "float", "yesno"
Kind = str | int  # an int: decimals with so many digits behind the point


class UnknownOperationError(Exception):
    """An expression holds an operation or a type that these arrays do not know."""


class Calls(Protocol):
    """Where calls are noted; equal ones have one slot."""

    def add(self, function: Callable[..., Any], *slots: Slot, fixed: tuple[Any, ...] = ()) -> Slot:
        """The slot of `function(*fixed, *values of the slots)`."""

    def constant(self, value: Any) -> Slot:
        """The slot of a value."""


class Values(Protocol):
    """Where values are looked up: features/arrays/values.py."""

    calls: Calls

    def value(self, node: Any) -> Slot:
        """The slot of a value."""

    def alike(self, nodes: Sequence[Any]) -> list[Slot]:
        """The slots of values that are compared or chosen from."""

    def as_kind(self, node: Any, kind: Kind) -> Slot:
        """The slot of a value as another kind."""


Make = Callable[[Values, Any], Slot]


def kind_of(dtype: dt.DataType) -> Kind:
    """How values of a type are held. Raises UnknownOperationError for one that is not known."""
    if isinstance(dtype, dt.Decimal) and dtype.scale is not None:
        return int(dtype.scale)
    for known, kind in (
        (dt.Boolean, YESNO),
        (dt.Integer, WHOLE),
        (dt.Floating, FLOAT),
        (dt.String, TEXT),
        (dt.Timestamp, TIME),
        (dt.Null, NOTHING),
    ):
        if isinstance(dtype, known):
            return kind
    raise UnknownOperationError(f"the type {dtype}")


def _binary(function: Callable[..., Any]) -> Make:
    def make(scope: Values, node: Any) -> Slot:
        if TEXT in (kind_of(node.left.dtype), kind_of(node.right.dtype)) and function not in (
            np.equal,
            np.not_equal,
        ):
            raise UnknownOperationError("an order of texts")
        slots = scope.alike((node.left, node.right))
        return scope.calls.add(columns.binary, *slots, fixed=(function,))

    return make


def _multiplied(scope: Values, node: ops.Multiply) -> Slot:
    left, right = kind_of(node.left.dtype), kind_of(node.right.dtype)
    if isinstance(left, int) and isinstance(right, int):
        raise UnknownOperationError("a product of decimals")
    if FLOAT in (left, right):
        slots = [scope.as_kind(node.left, FLOAT), scope.as_kind(node.right, FLOAT)]
    else:
        slots = [scope.value(node.left), scope.value(node.right)]
    return scope.calls.add(columns.binary, *slots, fixed=(np.multiply,))


def _divided(scope: Values, node: Any) -> Slot:
    slots = [scope.as_kind(side, FLOAT) for side in (node.left, node.right)]
    if isinstance(node, ops.FloorDivide):
        return scope.calls.add(columns.floor_divide, *slots)
    return scope.calls.add(columns.binary, *slots, fixed=(np.true_divide,))


def _of(function: Callable[..., Any], *fixed: Any) -> Make:
    """An operation whose arguments are all values."""

    def make(scope: Values, node: Any) -> Slot:
        slots = [scope.value(value) for value in node.args]
        return scope.calls.add(function, *slots, fixed=fixed)

    return make


def _of_several(function: Callable[..., Any], *fixed: Any) -> Make:
    """An operation whose argument is a list of values."""

    def make(scope: Values, node: Any) -> Slot:
        return scope.calls.add(function, *scope.alike(node.arg), fixed=fixed)

    return make


def _if_else(scope: Values, node: ops.IfElse) -> Slot:
    kind = kind_of(node.dtype)
    then, otherwise = scope.alike((node.true_expr, node.false_null_expr))
    fixed = (kind == TEXT or isinstance(kind, int),)
    return scope.calls.add(
        columns.if_else, scope.value(node.bool_expr), then, otherwise, fixed=fixed
    )


def _null_if(scope: Values, node: ops.NullIf) -> Slot:
    return scope.calls.add(columns.null_if, *scope.alike((node.arg, node.null_if_expr)))


def _clipped(scope: Values, node: ops.Clip) -> Slot:
    found = scope.value(node.arg)
    for bound, function in ((node.lower, np.maximum), (node.upper, np.minimum)):
        if bound is not None:
            found, limit = scope.alike((node.arg, bound))
            found = scope.calls.add(columns.binary, found, limit, fixed=(function,))
    if node.lower is not None and node.upper is not None:
        raise UnknownOperationError("two limits at once")
    return found


def _is_in(scope: Values, node: ops.InValues) -> Slot:
    if not all(isinstance(option, ops.Literal) for option in node.options):
        raise UnknownOperationError("a choice of values that are no literals")
    if isinstance(kind_of(node.value.dtype), int):
        raise UnknownOperationError("a choice of decimals")
    options = frozenset(option.value for option in node.options)
    return scope.calls.add(columns.is_in, scope.value(node.value), fixed=(options,))


def _rounded(scope: Values, node: ops.Round) -> Slot:
    digits = node.digits
    if digits is not None and not (isinstance(digits, ops.Literal) and digits.value == 0):
        raise UnknownOperationError("rounding to digits behind the point")
    if kind_of(node.arg.dtype) != FLOAT:
        raise UnknownOperationError(f"rounding of {node.arg.dtype}")
    return scope.calls.add(columns.rounded, scope.value(node.arg))


def _behind(scope: Values, node: ops.Substring) -> Slot:
    if node.length is not None or not isinstance(node.start, ops.Literal) or node.start.value < 0:
        raise UnknownOperationError("a part of a text that does not end where the text does")
    return scope.calls.add(columns.behind, scope.value(node.arg), fixed=(int(node.start.value),))


def _cast(scope: Values, node: ops.Cast) -> Slot:
    return scope.as_kind(node.arg, kind_of(node.to))


CONVERSIONS: dict[tuple[Kind, Kind], Callable[..., Any]] = {
    (WHOLE, FLOAT): columns.as_float,
    (YESNO, FLOAT): columns.as_float,
    (YESNO, WHOLE): columns.as_int,
    (WHOLE, TEXT): columns.as_text,
}
MAKERS: dict[type, Make] = {
    ops.Add: _binary(np.add),
    ops.Subtract: _binary(np.subtract),
    ops.Multiply: _multiplied,
    ops.Divide: _divided,
    ops.FloorDivide: _divided,
    ops.Modulus: _binary(np.fmod),
    ops.Equals: _binary(np.equal),
    ops.NotEquals: _binary(np.not_equal),
    ops.Less: _binary(np.less),
    ops.LessEqual: _binary(np.less_equal),
    ops.Greater: _binary(np.greater),
    ops.GreaterEqual: _binary(np.greater_equal),
    ops.And: _of(columns.both),
    ops.Or: _of(columns.any_of),
    ops.Not: _of(columns.unary, np.logical_not),
    ops.Negate: _of(columns.unary, np.negative),
    ops.IsNull: _of(columns.is_empty),
    ops.NotNull: _of(columns.is_there),
    ops.IfElse: _if_else,
    ops.Coalesce: _of_several(columns.coalesce),
    ops.Greatest: _of_several(columns.extreme, np.maximum),
    ops.Least: _of_several(columns.extreme, np.minimum),
    ops.NullIf: _null_if,
    ops.Clip: _clipped,
    ops.InValues: _is_in,
    ops.Round: _rounded,
    ops.Cast: _cast,
    ops.ExtractEpochSeconds: _of(columns.seconds),
    ops.Ln: _of(columns.by_libm, math.log),
    ops.Sin: _of(columns.by_libm, math.sin),
    ops.Cos: _of(columns.by_libm, math.cos),
    ops.Sqrt: _of(columns.root),
    ops.StringConcat: _of_several(columns.joined),
    ops.Substring: _behind,
}
