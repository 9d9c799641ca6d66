"""Marks on the fields of the score card: what else depends on a field, besides its schema.

They are in the annotations of the fields, so that the card is one table. OpenAPI does not show
them.
"""

from dataclasses import dataclass

from models.words import Status


@dataclass(frozen=True)
class Csv:
    """The field is a column of the list as CSV.

    `place` counts from 1; a new column comes last, since programs may count columns. `name` is the
    heading where the field's own name would not be clear, `words` the family of messages that puts
    the field's codes into words.
    """

    place: int
    name: str | None = None
    words: str | None = None


class KnownFor:
    """Every published card with one of these statuses has the field, whatever else is unknown."""

    def __init__(self, *statuses: Status) -> None:
        self.statuses = statuses
