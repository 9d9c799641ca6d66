"""The schema of a release: every card is checked, in columns, before a reader can see one.

What a column may hold follows from the field of the score card that it becomes; what belongs
together, and to the manifest, is stated here. A finding names the customer and the column.
"""

import datetime as dt
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.compute as pc
from pandera.errors import SchemaErrors
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from core.errors import ArtifactError
from core.files import read_json
from core.params import TOO_LARGE
from features.params import LABEL
from models.words import ALREADY_CHURNED, SCORED
from serving.cards.card import KNOWN_FOR, ScoreCard
from serving.cards.parts import (
    PUBLISHING,
    Blocked,
    CategoryRisk,
    IntendedAction,
    LikelyCategory,
    Reason,
    Schema,
    Why,
)
from serving.cards.release import ReleaseFacts
from serving.store.column_rules import column_of
from serving.store.shapes import (
    ACTION,
    AS_THEY_ARE,
    CATEGORIES,
    CONSTANT,
    DATES,
    REACH,
    card_of,
    told_by,
)
from sources.meanings.vocabulary import DO_NOTHING

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")  # of a release or of models
LONGEST_HORIZON = 3_660  # days
# Amounts and numbers of purchases, of which none can be below zero.
NEVER_NEGATIVE = (
    "expected_orders",
    "expected_orders_in_value_horizon",
    "expected_spend",
    "value_if_stays",
    "value_if_lapses",
    "expected_value",
    "value_at_risk",
    "contact_cost",
    "incentive_cost",
    "expected_cost",
    "silence_over_usual",
    "next_purchase_reach_days",
    "value_if_returns",
    "value_if_stays_away",
)
MONEY = ("value_at_risk", "value_if_stays", "value_if_lapses", "expected_value")
# Whatever has the first has the others: pages tell them in one sentence.
NEEDS = {
    "expected_gain": ("expected_gain_mid", "expected_gain_high"),
    "relationship_strength_change": ("relationship_strength", "relationship_strength_since"),
    "relationship_declined": ("relationship_strength_change",),
    "second_purchase_probability": ("second_purchase_days",),
    "value_if_returns": ("return_probability", "value_if_stays_away"),
}


def check_manifest_facts(manifest: dict[str, Any], folder: Path) -> None:
    """Raises ArtifactError where the manifest tells names, days or horizons that cannot be."""
    wrong = [
        name
        for name in ("release_id", "model_version")
        if not (isinstance(manifest.get(name), str) and NAME.fullmatch(manifest[name]))
    ]
    for name in ("horizon_days", "value_horizon_days"):
        days = manifest.get(name)
        if type(days) is not int or not 1 <= days <= LONGEST_HORIZON:
            wrong.append(name)
    days = [_day_of(manifest.get(name)) for name in ("data_until", "as_of_date")]
    wrong += [
        name for name, day in zip(("data_until", "as_of_date"), days, strict=True) if day is None
    ]
    if not wrong and days[0] > days[1]:
        wrong.append("data_until")
    if wrong:
        told = ", ".join(f"{name} {manifest.get(name)!r}" for name in wrong)
        raise ArtifactError(
            f"{folder}/manifest.json cannot be published ({told}). Run `dvc repro release` with "
            "this code."
        )


class ReleaseSchema:
    """Checks the cards of one release, some at a time."""

    def __init__(self, folder: Path, facts: ReleaseFacts) -> None:
        self._folder, self._facts = folder, facts
        actions = read_json(folder / "plan.json").get("by_action")
        self._actions = None if actions is None else {DO_NOTHING, *actions}
        self._ids: list[arrow.Array] = []

    def check(self, table: arrow.Table) -> None:
        """Raises ArtifactError naming the customer and the column of a card that is wrong."""
        # Copied: as it was read, the column of 16,384 ids holds on to 20 MB.
        self._ids.append(table["customer_id"].combine_chunks().take(np.arange(len(table))))
        nested = {name: table[name] for name in NESTED if name in table.column_names}
        frame = table.drop_columns(list(nested)).to_pandas()
        found = [*self._findings(frame)]
        for name, column in nested.items():
            found += _inner_findings(name, column)
        if found:
            row, why = min(found)
            raise self._refusal(table.slice(row, 1).to_pylist()[0], why)

    def check_once(self) -> None:
        """Raises ArtifactError naming a customer who has more than one card."""
        if not self._ids:
            return
        counts = pc.value_counts(arrow.chunked_array(self._ids))
        twice = counts.filter(pc.greater(counts.field("counts"), 1))
        if len(twice):
            raise ArtifactError(
                f"{self._folder}/cards.parquet cannot be published: customer "
                f"{twice[0].as_py()['values']!r} has more than one card. Run `dvc repro release` "
                "with this code."
            )

    def _findings(self, frame: pd.DataFrame) -> Iterator[tuple[int, str]]:
        yield from _failures(frame, _columns_of_cards())
        rules = [*self._constant(frame), *_known(frame), *_sense(frame)]
        if self._actions is not None and "intended_action" in frame:
            is_known = frame["intended_action"].isin(self._actions)
            rules.append(("intended_action", is_known | frame["intended_action"].isna()))
        for column, holds in rules:
            for row in frame.index[~holds.astype(bool)][:1]:
                yield int(row), f"{column}: {_told(frame, column, row)}"

    def _constant(self, frame: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
        """What every card of the release tells alike."""
        for name in CONSTANT:
            wanted = getattr(self._facts, name)
            if name not in frame:
                raise self._refusal({"customer_id": frame["customer_id"].iloc[0]}, f"{name}: none")
            is_day = isinstance(wanted, dt.date)
            yield name, frame[name] == (pd.Timestamp(wanted) if is_day else wanted)

    def _refusal(self, row: dict[str, Any], why: str) -> ArtifactError:
        try:
            card_of(row, told_by(self._facts), PUBLISHING)
        except ValidationError as error:
            why = "; ".join(
                f"{'.'.join(map(str, part['loc'])) or 'card'}: {part['msg']}"
                for part in error.errors(include_input=False, include_url=False)
            )
        except (LookupError, TypeError, ValueError):
            pass  # the finding itself says more
        return ArtifactError(
            f"{self._folder}/cards.parquet: the card of customer {row['customer_id']!r} cannot be "
            f"published ({why}). Run `dvc repro release` with this code."
        )


def _known(frame: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Fields that belong together are there together."""
    for field, statuses in KNOWN_FOR.items():
        is_theirs = frame["status"].isin(statuses)
        column = REACH if field == "next_purchase_date" else field
        if field == "next_purchase_date" and (frame["churn_definition"] == LABEL).all():
            continue  # a ready table holds no purchases
        yield column, ~is_theirs | _there(frame, column)
    if "churn_risk" in frame:
        yield "churn_risk", frame["churn_risk"].isna() | (frame["status"] == SCORED)
    is_here = frame["status"] != ALREADY_CHURNED
    yield "return_probability", ~is_here | ~_there(frame, "return_probability")
    if "value_at_risk" in frame and frame["value_at_risk"].notna().any():
        for name in MONEY:
            yield name, (frame["status"] != SCORED) | _there(frame, name)
    for field, others in NEEDS.items():
        for name in others:
            yield name, ~_there(frame, field) | _there(frame, name)
    if set(DATES.values()) <= set(frame):
        low, median, high = (frame[DATES[end]] for end in ("low", "median", "high"))
        yield DATES["low"], low.notna() | (median.isna() & high.isna())


def _there(frame: pd.DataFrame, column: str) -> pd.Series:
    return frame[column].notna() if column in frame else pd.Series(False, frame.index)


def _sense(frame: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """What no true card tells."""
    yield "customer_id", frame["customer_id"].str.len() > 0
    for name in NEVER_NEGATIVE:
        if name in frame and pd.api.types.is_numeric_dtype(frame[name]):
            yield name, frame[name].isna() | (frame[name] >= 0)
    for name in ("risk_rank", "rank_in_stage"):
        if name in frame and pd.api.types.is_numeric_dtype(frame[name]):
            yield name, frame[name].isna() | (frame[name] >= 1)
    yield "expires_at", frame["expires_at"] > frame["as_of_date"]
    if "last_purchase_date" in frame:
        day = frame["last_purchase_date"]
        yield "last_purchase_date", day.isna() | (day < frame["as_of_date"])
    if set(DATES.values()) <= set(frame):
        low, median, high = (frame[DATES[end]] for end in ("low", "median", "high"))
        yield DATES["low"], low.isna() | (low >= frame["as_of_date"])
        yield DATES["median"], median.isna() | (median >= low)
        yield DATES["high"], high.isna() | (high >= median.fillna(low))


@cache
def _columns_of_cards() -> pa.DataFrameSchema:
    columns = _columns(ScoreCard, set(AS_THEY_ARE) - set(NESTED))
    actions = set(ACTION) - set(NESTED)
    columns |= _columns(IntendedAction, actions)
    columns["intended_action"] = column_of(IntendedAction.model_fields["action_id"], True)
    probability = FieldInfo.from_annotation(_probability())
    columns[r"^purchase_probability_\d+d$"] = column_of(probability, True, regex=True)
    return pa.DataFrameSchema(columns)


def _probability() -> Any:
    return get_args(ScoreCard.model_fields["purchase_probability"].annotation)[1]


def _columns(schema: type[Schema], names: set[str]) -> dict[str, pa.Column]:
    """A rule for each column that becomes one of these fields."""
    fields = {name: field for name, field in schema.model_fields.items() if name in names}
    # An action's fields are empty where the customer has none.
    optional = schema is IntendedAction
    return {name: column_of(field, optional) for name, field in fields.items()}


def _failures(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> Iterator[tuple[int, str]]:
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        for case in error.failure_cases.itertuples():
            row = 0 if pd.isna(case.index) else int(case.index)
            yield row, f"{case.column}: {case.failure_case!r}, {case.check}"


NESTED: dict[str, type[Schema]] = {
    "reasons": Reason,
    "blocked": Blocked,
    "why": Why,
    "category_risks": CategoryRisk,
    **dict.fromkeys(CATEGORIES.values(), LikelyCategory),
}


def _inner_findings(name: str, column: arrow.ChunkedArray) -> Iterator[tuple[int, str]]:
    """Findings in rows within cells, by the row of the card."""
    whole = column.combine_chunks()
    if arrow.types.is_null(whole.type):
        return
    rows = arrow.array(np.arange(len(whole)))
    if not arrow.types.is_struct(whole.type):
        rows, whole = pc.list_parent_indices(whole), pc.list_flatten(whole)
    else:
        rows, whole = rows.filter(whole.is_valid()), whole.filter(whole.is_valid())
    if not arrow.types.is_struct(whole.type):
        return
    table = arrow.Table.from_struct_array(whole)
    scalars = [field.name for field in table.schema if not arrow.types.is_nested(field.type)]
    parents = rows.to_numpy()
    for row, why in _failures(table.select(scalars).to_pandas(), _columns_of(NESTED[name])):
        yield int(parents[row]), f"{name}.{why}"
    for field in set(table.column_names) - set(scalars):
        yield from _numbers_within(f"{name}.{field}", table[field], parents)


def _numbers_within(
    name: str, column: arrow.ChunkedArray, parents: np.ndarray
) -> Iterator[tuple[int, str]]:
    """Numbers of a row within a cell, as those of `why`, may be unknown and are never endless."""
    if not arrow.types.is_struct(column.type):
        return
    for field, values in zip(column.type, column.combine_chunks().flatten(), strict=True):
        if arrow.types.is_floating(field.type):
            known = pd.Series(values.to_numpy(zero_copy_only=False))
            for row in known.index[known.abs() >= TOO_LARGE][:1]:
                yield int(parents[row]), f"{name}.{field.name}: {known[row]}"


@cache
def _columns_of(schema: type[Schema]) -> pa.DataFrameSchema:
    fields = {name: field for name, field in schema.model_fields.items() if name != "sentence"}
    columns = {name: column_of(field) for name, field in fields.items() if name != "values"}
    if schema is Reason:
        for name, text in (("value", "value_text"), ("typical_value", "typical_text")):
            columns[text] = column_of(Reason.model_fields[name], optional=True)
    return pa.DataFrameSchema(columns)


def _told(frame: pd.DataFrame, column: str, row: Any) -> str:
    value = frame[column][row] if column in frame else None
    return "missing" if value is None or pd.isna(value) else f"{value} cannot be"


def _day_of(value: Any) -> Any:
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
