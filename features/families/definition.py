"""Defines a feature: a documented function of the cut history, whose name is its column.

    @feature(base="purchase_days", group="recency", unit="days")
    def days_since_last_purchase(purchase_days: ir.Table) -> ir.Value:
        \"\"\"Whole days from the customer's last purchase to the as-of date.\"\"\"
        return purchase_days.ago.min()

A family with windows is one function and a tuple of windows; its columns are `orders_30d`,
`orders_90d`, and so on. A module lists its functions in `FEATURES`, and that is all there is to do.
What the bases hold: features/history/bases.py.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ibis.expr.types as ir

from features.history.bases import BASES

OWN_GROUP = "own"  # of features that the company's own code defines: each is a reason of its own
GROUPS = (
    "recency",
    "rhythm",
    "frequency",
    "trend",
    "spend",
    "refunds",
    "discounts",
    "categories",
    "tenure",
    "calendar",
    "season",
    "visits",
    "mailings",
    "campaigns",
    "coupons",
    "loyalty",
    "contacts",
    "consents",
    "stores",
    "support",
    "surveys",
    "subscription",
    "attributes",
    "events",
    OWN_GROUP,
    "columns",
)
WINDOWS = (7, 14, 30, 60, 90, 180, 365)
TEXT = "text"  # the unit of features that are names and not numbers


@dataclass(frozen=True)
class Feature:
    """One column of the snapshot.

    `base` is the table of the history it aggregates, `group` the reason it belongs to, `needs` the
    optional columns without which it is absent, `when_none` its value for a customer without a row
    in the base (None: unknown), `history_days` how far back it looks (None: all there is).
    `label` holds what people read, by language, where no message does.
    """

    name: str
    family: str
    base: str
    group: str | None
    unit: str
    description: str
    needs: tuple[str, ...]
    when_none: float | None
    history_days: int | None
    build: Callable[[ir.Table], ir.Value]
    label: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def is_text(self) -> bool:
        """Whether the feature's values are texts, not numbers."""
        return self.unit == TEXT


Definition = Callable[..., Any]


def feature(
    *,
    base: str,
    group: str | None = OWN_GROUP,
    unit: str,
    windows: Iterable[int] = (),
    needs: tuple[str, ...] = (),
    when_none: float | None = None,
    reach: int = 1,
    history_days: int | None = None,
    label: Mapping[str, str] | None = None,
) -> Callable[[Definition], Definition]:
    """Mark a function as a feature.

    `reach` is how many windows back it looks (2: one before); `history_days` says how far where
    that is no matter of the window. `label` says what people read, by language (`en`, `ru`), for
    features that have no message: the company's own. `{window}` in it is the window.

    Raises ValueError for a base or a reason group that does not exist, or without a docstring.
    """
    if base not in BASES or group not in (*GROUPS, None):
        raise ValueError(
            f"base {base!r} must be one of {', '.join(BASES)}, and group {group!r} one of "
            f"{', '.join(GROUPS)} or None (not learned from)."
        )

    def mark(function: Definition) -> Definition:
        lines = (function.__doc__ or "").strip().splitlines()
        if not lines:
            raise ValueError(
                f"the feature {function.__name__} has no docstring: its first line says what it is"
            )
        text = lines[0]

        def define(window: int | None) -> Feature:
            def build(table: ir.Table) -> ir.Value:
                return function(table) if window is None else function(table, window)

            return Feature(
                name=function.__name__ if window is None else f"{function.__name__}_{window}d",
                family=function.__module__.rsplit(".", 1)[-1],
                base=base,
                group=group,
                unit=unit,
                description=text.format(window=window),
                needs=needs,
                when_none=when_none,
                history_days=history_days if window is None else history_days or window * reach,
                build=build,
                label={lang: told.format(window=window) for lang, told in (label or {}).items()},
            )

        function.columns = tuple(define(w) for w in windows) or (define(None),)  # type: ignore[attr-defined]
        return function

    return mark


def columns(functions: Iterable[Definition]) -> tuple[Feature, ...]:
    """The columns that a module's `FEATURES` make, in order."""
    return tuple(
        column
        for function in functions
        for column in function.columns  # type: ignore[attr-defined]
    )
