"""The answer of live scoring: a card for each history that was sent."""

from pydantic import Field

from serving.cards.card import (
    ScoreCard,
)
from serving.cards.parts import (
    Id,
    Schema,
)
from serving.cards.release import Stamp


class ScoredHistory(Schema):
    """One of the histories that were sent, under the id it was sent with."""

    customer_id: Id
    card: ScoreCard | None = Field(
        description="Without a plan, and null where it would take a comparison with all others; "
        "null as a whole for who never bought before as_of_date, or objects to profiling."
    )


class LiveScores(Stamp):
    """Cards of histories, all by the models of one release; in the order they were sent in.

    `as_of_date` and `data_until` are those of the histories, with what was sent.
    """

    left_out: list[str] = Field(
        description="Tables and columns that were sent and that the release does not have: the "
        "models have learned nothing from them."
    )
    customers: list[ScoredHistory]
