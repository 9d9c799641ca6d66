"""What a column of a release may hold: it follows from the field of the card that it becomes."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.compute as pc
from pydantic.fields import FieldInfo

from serving.wording.sentences import is_message

COMPARED = {"ge": np.greater_equal, "le": np.less_equal, "gt": np.greater, "lt": np.less}
ENDLESS = 100_000  # letters of a text that has no limit of its own


@dataclass(frozen=True)
class Rule:
    """What the values of a column may be; unknown ones are the column's own question."""

    kinds: frozenset[type]
    words: frozenset[str]
    limits: tuple[tuple[str, float], ...]
    longest: int | None
    is_message: bool

    def holds(self, values: pd.Series) -> Any:
        """True where all values hold, else whether each does; fast where nothing is wrong."""
        if pd.api.types.is_numeric_dtype(values):
            wrong = self._wrong_numbers(values)
            return True if not wrong.any() else pd.Series(~wrong, values.index)
        known = values.dropna()
        if not len(known):
            return True  # a column without any value has no type
        if pd.api.types.is_datetime64_any_dtype(values):
            return True if dt.date in self.kinds else pd.Series(values.isna(), values.index)
        if bool in self.kinds:  # with unknown ones among them they are objects
            return values.isna() | values.isin([True, False])
        if str not in self.kinds and not self.words:
            return values.isna()
        if not self.words and not self.is_message and pd.api.types.is_string_dtype(known):
            texts = arrow.array(known, arrow.large_string())
            lengths, nuls = pc.utf8_length(texts), pc.match_substring(texts, "\x00")
            if pc.max(lengths).as_py() <= (self.longest or ENDLESS) and not pc.any(nuls).as_py():
                return True
        wrong_texts = {text for text in known.unique() if not self._fits(text)}
        return True if not wrong_texts else ~values.isin(wrong_texts)

    def _wrong_numbers(self, values: pd.Series) -> Any:
        numbers = values.to_numpy(dtype="float64", na_value=np.nan)
        known = ~np.isnan(numbers)
        if not self.kinds & {float, int, bool}:
            return known
        wrong = np.zeros(len(numbers), dtype=bool)
        if float not in self.kinds and int in self.kinds:
            wrong |= known & (numbers != np.round(numbers))
        for name, bound in self.limits:
            wrong |= known & ~COMPARED[name](numbers, bound)
        return wrong

    def _fits(self, text: Any) -> bool:
        if not isinstance(text, str) or (self.words and text not in self.words):
            return False
        if self.is_message and not is_message(text):
            return False
        return len(text) <= (self.longest or ENDLESS) and "\x00" not in text


def column_of(field: FieldInfo, optional: bool = False, regex: bool = False) -> pa.Column:
    parts = list(_parts(field.annotation, field.metadata))
    limits = [part for part in parts if not isinstance(part, type | tuple)]
    kinds = frozenset(part for part in parts if isinstance(part, type))
    lengths = [part.max_length for part in limits if hasattr(part, "max_length")]
    rule = Rule(
        kinds=kinds,
        words=frozenset(word for part in parts if isinstance(part, tuple) for word in part),
        limits=tuple(
            (name, getattr(part, name))
            for part in limits
            for name in COMPARED
            if hasattr(part, name)
        ),
        longest=max(lengths, default=None),
        is_message=any(hasattr(part, "func") for part in limits),
    )
    check = pa.Check(rule.holds, name="no such value is allowed", ignore_na=False)
    nullable = optional or type(None) in kinds
    return pa.Column(None, check, nullable=nullable, required=False, regex=regex)


def _parts(annotation: Any, metadata: Any = ()) -> Iterator[Any]:
    """Types, tuples of literals and limits that an annotation is made of."""
    yield from metadata
    annotation = getattr(annotation, "__value__", annotation)
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        for one in more:
            yield from one.metadata if isinstance(one, FieldInfo) else (one,)
        yield from _parts(inner)
    elif origin is Literal:
        for one in get_args(annotation):
            if isinstance(one, str):
                yield (one,)
            else:
                yield from _parts(one)
    elif origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _parts(one)
    elif isinstance(annotation, type):
        yield annotation
