"""What the columns of a table show together: which one determines another, which is a product."""

from itertools import combinations

import pandas as pd

from sources.meanings.missing import ALSO_MISSING
from sources.proposing.contents import MOST_READ, Contents
from sources.written.numbers import marks, read_numbers

DETERMINED = 0.98  # share of the values that go with one value of the other column
LEAST_REPEATED = 10  # values on several rows, without which nothing can be said
FEWEST_PEOPLE = 20
MOST_ONCE = 0.97  # different values for each row: above it nobody came back
FEWEST_TO_A_ROW = 0.002
PRODUCT_FITS = 0.95  # share of the rows in which a product is what another column holds
CLOSE = 0.011  # money is rounded to hundredths


def determines(
    frame: pd.DataFrame, one: str, other: str, least: int = LEAST_REPEATED
) -> float | None:
    """Share of the values of `one` on several rows that go with one value of `other`.

    Empty cells of `other` go with anything. None where too few values are on several rows.
    """
    pairs = frame[[one, other]].head(MOST_READ)
    pairs = pairs[_there(pairs[one])]
    pairs = pairs.assign(**{other: pairs[other].where(_there(pairs[other]))})
    by_value = pairs.groupby(one, sort=False)[other]
    several = by_value.size() > 1
    if several.sum() < least:
        return None
    return float((by_value.nunique()[several] <= 1).mean())


def order_numbers(frame: pd.DataFrame, contents: dict[str, Contents], time: str) -> list[str]:
    """Columns that may number orders: a value for each row, or one that goes with one time."""
    found: list[tuple[float, str]] = []
    for name, shown in contents.items():
        if name == time or not _may_be_id(shown) or shown.is_person or shown.filled < DETERMINED:
            continue
        if shown.different == 1:
            found.append((1.0, name))
        elif shown.different > FEWEST_TO_A_ROW * 10:
            share = determines(frame, name, time)
            if share is not None and share >= DETERMINED:
                found.append((shown.different, name))
    return [name for _, name in sorted(found, key=lambda pair: -pair[0])]


def people(
    frame: pd.DataFrame, contents: dict[str, Contents], order: str | None, time: str
) -> list[str]:
    """Columns that may name customers: each order has one, and they come back; addresses first."""
    found: list[tuple[bool, str]] = []
    for name, shown in contents.items():
        if name in (order, time) or not _may_be_id(shown) or shown.values < FEWEST_PEOPLE:
            continue
        if not FEWEST_TO_A_ROW <= shown.different <= MOST_ONCE:
            continue
        share = determines(frame, order, name) if order else None
        if share is not None and share < DETERMINED:
            continue
        if (determines(frame, name, time) or 0.0) > 1 - FEWEST_TO_A_ROW:
            continue  # an order's number, or what belongs to one
        found.append((not shown.is_person, name))
    return [name for _, name in sorted(found, key=lambda pair: pair[0])]


def product_of(frame: pd.DataFrame, contents: dict[str, Contents]) -> tuple[str, str, str] | None:
    """Quantity, price and the column that holds their product in nearly all rows; None if none."""
    names = [n for n, shown in contents.items() if shown.is_number and shown.values > 1]
    texts = {name: frame[name].head(MOST_READ).reset_index(drop=True) for name in names}
    mark = marks(texts, {})
    numbers = {name: read_numbers(texts[name], mark.get(name)).values for name in names}
    for total in names:
        for one, other in combinations([name for name in names if name != total], 2):
            product, there = numbers[one] * numbers[other], numbers[total]
            fits = (product - there).abs() <= CLOSE
            # 1 × price is the price: what proves something is the rows where neither is 1.
            telling = (numbers[one].abs() != 1) & (numbers[other].abs() != 1) & (there != 0)
            if telling.sum() >= LEAST_REPEATED and fits[telling].mean() >= PRODUCT_FITS:
                is_whole = (numbers[one].dropna() % 1 == 0).all()
                quantity, price = (one, other) if is_whole else (other, one)
                return quantity, price, total
    return None


def _may_be_id(shown: Contents) -> bool:
    return not (shown.is_time and not shown.of_time) and not shown.decimals and not shown.is_json


def _there(cells: pd.Series) -> "pd.Series[bool]":
    text = cells.astype("str").str.strip().str.lower()
    return cells.notna() & ~text.isin(ALSO_MISSING | {""})
