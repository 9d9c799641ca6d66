"""Customer attributes. Those without a date of their own are learned from only when listed.

What a customer table says today may not have been so at an as-of date of last year, and nobody
noted when it changed: `source.static_attributes` lists the attributes that do not change.
"""

from collections.abc import Mapping, Sequence

import ibis.expr.types as ir

from features.bases import ATTRIBUTE
from features.definition import TEXT, Feature, feature
from sources.errors import ParamsError
from sources.tables import CUSTOMERS


@feature(base="customers", group="tenure", unit="days", needs=("created_at",))
def account_days(customers: ir.Table) -> ir.Value:
    """Whole days since the customer's account was created; unknown if that came later."""
    return customers.created_at_ago.max()


FEATURES = (account_days,)


def attribute_features(names: Sequence[str], types: Mapping[str, str]) -> tuple[Feature, ...]:
    """A feature `attribute_<name>` for each listed attribute.

    `types` are the columns of the customers table with `text` or `number`. Raises ParamsError for
    one that is not there, or that the contract gives another meaning.
    """
    free = sorted(name for name in types if name not in CUSTOMERS.columns)
    for name in names:
        if name not in free:
            raise ParamsError(
                f"source.static_attributes in params.yaml names {name}, which is no attribute of "
                f"the customers table. It has: {', '.join(free) or 'none'}."
            )
    return tuple(_attribute(name, types[name]) for name in names)


def _attribute(name: str, unit: str) -> Feature:
    def build(customers: ir.Table) -> ir.Value:
        return customers[f"{ATTRIBUTE}{name}"].max()

    return Feature(
        name=f"{ATTRIBUTE}{name}",
        family="attributes",
        base="customers",
        group="attributes",
        unit=TEXT if unit == TEXT else "as in the data",
        description=f"The customer's {name}, as the customers table has it.",
        needs=(),
        when_none=None,
        history_days=None,
        build=build,
    )
