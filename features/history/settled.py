"""Logarithms and angles in features, rounded: their last digits are the processor's own."""

import ibis.expr.types as ir

DECIMALS = 12


def settled(value: ir.FloatingValue) -> ir.Value:
    """The value to 12 decimals, the same on every processor.

    Sums are taken as decimals of as many places where the order of rows could show.
    """
    return value.round(DECIMALS)
