"""Customer attributes, which models learn from only when params.yaml lists them.

What the customers table says today may have been different at an as-of date of last year, and it
does not say when it changed: `source.static_attributes` lists the attributes that do not change.
"""

from collections.abc import Mapping, Sequence

import ibis.expr.types as ir
import yaml

from core.errors import ParamsError
from features.families.definition import TEXT, Feature, feature
from features.params import ATTRIBUTE
from sources.contract import CUSTOMERS


@feature(base="customers", group="tenure", unit="days", needs=("created_at",))
def account_days(customers: ir.Table) -> ir.Value:
    """Whole days since the customer's account was created; unknown if that came later."""
    return customers.created_at_ago.max()


FEATURES = (account_days,)


def attribute_features(names: Sequence[str], types: Mapping[str, str]) -> tuple[Feature, ...]:
    """A feature `attribute_<name>` for each listed attribute.

    `types` are the columns of the customers table with `text`, `number` or `time`. Raises
    ParamsError for one that is not there, that the contract gives another meaning, or for a time.
    """
    free = sorted(name for name in types if name not in CUSTOMERS.columns)
    for name in names:
        if name not in free:
            raise ParamsError(
                f"source.static_attributes in params.yaml names {name}, which is no attribute of "
                f"the customers table. It has: {', '.join(free) or 'none'}."
            )
        if types[name] == "time":
            raise ParamsError(
                f"source.static_attributes in params.yaml names {name}, which holds dates: only "
                "text, numbers and yes or no are learned from. Take it out of the list, or make a "
                f"number of it with source.derive, {_year(name)}, and list that."
            )
    return tuple(_attribute(name, types[name]) for name in names)


def _year(name: str) -> str:
    """What to write below source.derive for the year of a date: SQL in YAML."""
    column = '"' + name.replace('"', '""') + '"'
    content = {"customers": {f"year of {name}": f"year({column})"}}
    text = yaml.safe_dump(content, default_flow_style=True, allow_unicode=True, width=10_000)
    return str(text).strip()


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
