"""How much a customer was contacted: caps over all channels and by channel, rest, and cooldown.

Contacts that were intended count, also where the holdout withheld them: a plan is blind to arms.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from actions.params import ActionParams
from actions.plan.catalog import Action
from core.arrays import BoolArray, IntArray
from features.history.contacts_made import was_intended
from features.timeline import days_before


class Pressure:
    """The contacts intended before the as-of date of the cards; none where there is no table."""

    def __init__(self, scores: pd.DataFrame, contacts: pd.DataFrame | None) -> None:
        self._customers = scores["customer_id"]
        self._intended: pd.DataFrame | None = None
        if contacts is not None and len(scores):
            as_of = pd.Timestamp(scores["as_of_date"].iloc[0])
            rows = contacts[was_intended(contacts)]
            self._intended = rows.assign(age=days_before(rows["event_time"], as_of))

    def capped(self, params: ActionParams) -> BoolArray:
        """Who was contacted as often as is allowed over all channels, (customers,)."""
        return self._count(params.max_contacts_days) >= params.max_contacts

    def capped_by(self, channels: Sequence[str], params: ActionParams) -> Mapping[str, BoolArray]:
        """By channel who was contacted there as often as is allowed, (customers,)."""
        caps = params.max_contacts_by_channel
        nobody = np.zeros(len(self._customers), dtype=bool)
        return {
            name: self._count(params.max_contacts_days, channel=name) >= caps[name]
            if name in caps
            else nobody
            for name in channels
        }

    def resting(self, params: ActionParams) -> BoolArray:
        """Who was contacted so shortly ago that they are left alone, (customers,)."""
        return self._count(params.quiet_days) > 0

    def cooling(self, actions: Sequence[Action]) -> BoolArray:
        """Who got the same action within its cooldown, (customers, actions)."""
        cooling = np.zeros((len(self._customers), len(actions)), dtype=bool)
        for number, action in enumerate(actions):
            if action.cooldown_days:
                cooling[:, number] = self._count(action.cooldown_days, action_id=action.id) > 0
        return cooling

    def made(self, action: Action) -> int:
        """How many contacts were intended in the days of the action's capacity; 0 without one."""
        if action.capacity is None:
            return 0
        return len(self._rows(action.capacity.days, action_id=action.id))

    def _count(self, days: int, **of: str) -> IntArray:
        """Contacts in the last `days` days with these values, (customers,)."""
        counts = self._rows(days, **of)["customer_id"].value_counts()
        return np.asarray(self._customers.map(counts).fillna(0), dtype=np.int64)

    def _rows(self, days: int, **of: str) -> pd.DataFrame:
        if self._intended is None:
            return pd.DataFrame({"customer_id": pd.Series([], dtype=object)})
        wanted = self._intended["age"] <= days
        for column, value in of.items():
            wanted &= self._intended[column] == value
        rows: pd.DataFrame = self._intended[wanted]
        return rows
