"""Cards as the store keeps them: JSON as the API returns it, read without making models of them.

Checking a card that was checked when it was published, and writing it out again, took longer than
everything else about it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, get_args

import orjson

from serving.cards.card import (
    ScoreCard,
)
from serving.cards.parts import (
    Schema,
)

Card = dict[str, Any]  # what ScoreCard describes, as parsed JSON


def read_card(text: str) -> Card:
    """A stored card as the API returns it, before sentences are made.

    Fields that it is older than have their defaults; fields that other code added are left out.
    """
    return fitted(orjson.loads(text))


def fitted(found: Card) -> Card:
    """The fields of a card that the schema has, no other and no fewer, at any depth."""
    return _fit(found)


def fitted_fields(found: Card, fields: frozenset[str]) -> Card:
    """Some fields of a card, in its order; quicker, as the others are not looked at."""
    return _fit_of(fields)(found)


def as_json(answer: Any) -> bytes:
    """An answer as JSON text."""
    return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)


def _fitting(schema: type[Schema], wanted: frozenset[str] | None = None) -> Callable[[Card], Card]:
    """What makes a parsed object have the fields of the schema, and those within it of theirs.

    `wanted`: only these fields; None: all.
    """
    fields = {
        name: field
        for name, field in schema.model_fields.items()
        if wanted is None or name in wanted
    }
    names = fields.keys()
    defaults = {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in fields.items()
        if not field.is_required()
    }
    within = [
        (name, _fitting(part))
        for name, field in fields.items()
        for part in _schemas_in(field.annotation)
    ]

    def fit(found: Card) -> Card:
        if found.keys() != names:
            for name, value in defaults.items():  # in the order of the schema, in every process
                if name not in found:
                    found[name] = value
            if len(found) > len(names):
                found = {name: value for name, value in found.items() if name in names}
        for name, fit_part in within:
            value = found[name]
            if isinstance(value, list):
                found[name] = [fit_part(part) for part in value]
            elif value is not None:
                found[name] = fit_part(value)
        return found

    return fit


def _schemas_in(annotation: Any) -> list[type[Schema]]:
    """The schemas in the type of a field: itself, or within a list, or where it is not None."""
    if isinstance(annotation, type) and issubclass(annotation, Schema):
        return [annotation]
    return [schema for part in get_args(annotation) for schema in _schemas_in(part)]


_fit = _fitting(ScoreCard)


@lru_cache(64)
def _fit_of(fields: frozenset[str]) -> Callable[[Card], Card]:
    return _fitting(ScoreCard, fields)
