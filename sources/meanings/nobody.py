"""Ids that stand for nobody in particular: what systems write where a customer is not known.

    customer_id   0                          WooCommerce, for who did not log in
    Контрагент    Розничный покупатель       1C, for everybody at the till

Their rows are those of guests. Words say so by themselves; a number such as 0 may be somebody's id
and means nobody only where it has far more orders than a person.
"""

import re
from collections.abc import Mapping
from functools import partial

import pandas as pd

from sources.contract import ORDERS, Table
from sources.cures import named, own, pasted
from sources.meanings.column_names import meant_columns
from sources.notes import Counted, Note, Said
from sources.params import SourceParams
from sources.written.reading import filled

CHECK, KNOWN = "means_nobody", "known_otherwise"
BY_WORD = re.compile(
    r"(?:guest|anonymous|unknown|walk.?in|cash|retail|default|one.?time)(?:[ _-](?:customer|client|"
    r"user|buyer|checkout|sale|account))?|not.?set|no.?name|no customer|"
    r"гость|аноним(?:ный)?(?: покупатель| клиент)?|неизвестн(?:ый|о)(?: покупатель| клиент)?|"
    r"розничн(?:ый|ая|ые)(?: покупател[ья]| клиент| продажа| продажи)?|розница|"
    r"частн(?:ое лицо|ые лица)|физ(?:\.|ическое)? ?лиц[оа]|покупатель|без карты|без клиента"
)
BY_COUNT = re.compile(
    r"[-+]?0+|-1|(?P<same>[19])(?P=same){3,}|x{2,}|guest.*|anonym.*|test.*|тест.*"
)
SHARE, TIMES = 0.01, 5  # of all orders, and of the median customer's: more is no person
MOST_NAMED = 3
KNOWN_OTHERWISE = 0.5  # share of these rows that another column names a person for


def without_nobody(
    raw: pd.DataFrame, rows: pd.DataFrame, table: Table, params: SourceParams
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """The orders, without the ids that mean nobody; `raw` has the columns that were not used."""
    if table.name != ORDERS.name or "order_id" not in rows:
        return rows, ()
    ids = rows["customer_id"]
    unknown = _known_otherwise(raw, ids[ids.isna()], params)
    known = pd.Series(ids.dropna().unique(), dtype="str")
    plain = known.str.strip().str.lower().str.replace("ё", "е")
    found = [str(text) for text in known[plain.str.fullmatch(BY_WORD)]]
    maybe = known[plain.str.fullmatch(BY_COUNT) & ~known.isin(found)]
    if len(maybe):
        orders = rows.drop_duplicates(["customer_id", "order_id"])["customer_id"].value_counts()
        many = orders[(orders > SHARE * orders.sum()) & (orders > TIMES * orders.median())]
        found += [str(text) for text in maybe if text in many.index]
    if not found or len(found) == len(known):
        return rows, unknown
    of_nobody = ids.isin(found)
    there = ids[of_nobody]
    counts = {str(text): int(count) for text, count in there.value_counts().items()}
    note = _note(counts, _otherwise(raw.loc[there.index], params), params)
    return rows.assign(customer_id=ids.mask(of_nobody)), (note, *unknown)


def _known_otherwise(raw: pd.DataFrame, blank: pd.Series, params: SourceParams) -> tuple[Note, ...]:
    """A note where the rows without an id have another column that tells people apart."""
    other = _otherwise(raw.loc[blank.index], params) if len(blank) else None
    if other is None:
        return ()
    (column, line), name = other, own("customer_id", ORDERS, params)
    return (
        Note(
            KNOWN,
            "warning",
            "customer_id",
            len(blank),
            f"{len(blank):,} rows have no {name} and a {column}. They count as those of guests",
            f"If {column} tells people apart, take it for all; in params.yaml, below source: "
            f"{line}",
            Said("known_otherwise", rows=len(blank), name=name, column=column, line=line),
        ),
    )


def _note(rows: Mapping[str, int], other: tuple[str, str] | None, params: SourceParams) -> Note:
    often, count = sorted(rows.items(), key=lambda pair: -pair[1])[:MOST_NAMED], sum(rows.values())
    listed = ", ".join(f"{text} ({number:,})" for text, number in often)
    name = own("customer_id", ORDERS, params)
    column, line = other or ("", "")
    cure = (
        f"These rows have {column}: if it tells people apart, take it for all; in params.yaml, "
        f"below source: {line}"
    )
    if not other:
        text = f"'c ' || CAST({name} AS VARCHAR)"
        line = pasted("derive", {ORDERS.name: {"customer_id": text}}, params)
        cure = f"If it is a customer's id after all, write in params.yaml, below source: {line}"
    return Note(
        CHECK,
        "warning",
        "customer_id",
        count,
        f"{count:,} rows have a {name} that means nobody in particular: {listed}. They count as "
        "those of guests",
        cure,
        Said(
            "means_nobody.known" if other else "means_nobody",
            rows=count,
            name=name,
            named=[Said("count_of", name=text, count=number) for text, number in often],
            column=column,
            line=line,
        ),
        Counted(rows, partial(_note, other=other, params=params), (column, *sorted(rows))),
    )


def _otherwise(raw: pd.DataFrame, params: SourceParams) -> tuple[str, str] | None:
    """Another column that names people in these rows, and the line that takes it."""
    free = [str(column) for column in raw.columns if column not in ORDERS.columns]
    for column in meant_columns("customer_id", ORDERS.name, free):
        if filled(raw[column]).mean() >= KNOWN_OTHERWISE and raw[column].nunique() > 1:
            if "customer_id" in params.derive.get(ORDERS.name, {}):
                entries = {ORDERS.name: {"customer_id": named(column)}}
                return column, pasted("derive", entries, params)
            return column, pasted("columns", {ORDERS.name: {"customer_id": column}}, params)
    return None
