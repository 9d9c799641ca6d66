"""The customers of a plan, one range of them after another: their cards, and their past."""

from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from actions.plan.estimates import Estimates
from actions.plan.gates import History

EXPIRES_AT = "expires_at"


class Part(Protocol):
    """A range of customers, in whose order parts follow each other. Cards are read twice.

    It can be pickled, and is then read elsewhere.
    """

    def cards(self) -> pd.DataFrame:
        """One row per customer of one as-of date, the same columns in every part.

        What is not scored is left out of the plan. `expires_at`, where it is a column, is the last
        day on which a card may be used.
        """

    def history(self) -> History:
        """What is known of them at the as-of date."""

    def of(self, estimates: Estimates) -> Estimates:
        """Estimates of everybody without those of customers of other parts."""


@dataclass(frozen=True)
class InMemory:
    """A part that is there already: all customers of a small company."""

    scores: pd.DataFrame
    past: History

    def cards(self) -> pd.DataFrame:
        """The cards as they were given."""
        return self.scores

    def history(self) -> History:
        """The tables as they were given."""
        return self.past

    def of(self, estimates: Estimates) -> Estimates:
        """All of them: nothing is saved where everything is in memory."""
        return estimates
