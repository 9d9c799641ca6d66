"""What has been sold on the dates of a time plan, and what was known of the days ahead of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from features.history.periods import Codes, PurchaseDays
from features.planning.timeplan import Timeline
from features.timeline import is_closed, whole_days
from models.calendar.model import YEAR_DAYS, Calendar, calendar_of, seen_days

NOBODY = np.empty(0, np.intp)
# What is read of the rows of all dates.
PAST_COLUMNS = ("customer_id", "as_of_date", "spend_in_horizon")


@dataclass(frozen=True)
class Past:
    """What a forecast needs besides the models: snapshots, purchase timelines, time plan.

    Of the snapshots only PAST_COLUMNS are needed, the last of them as far as there is money.
    `known_days` are those of sources/known_days.py; `calendars` keeps the calendars already fitted.
    """

    snapshots: pd.DataFrame
    purchases: pd.DataFrame
    timeline: Timeline
    known_days: pd.DataFrame | None = None
    calendars: dict[int, Calendar | None] = field(default_factory=dict, compare=False, init=False)

    def calendar(self, day: int) -> Calendar | None:
        """The calendar of the company as known on a day; None where models go by none."""
        if day not in self.calendars:
            self.calendars[day] = calendar_of(self.timeline, self.purchases, day, self.known_days)
        return self.calendars[day]

    def season(self, day: int) -> dict[str, Any]:
        """Whether a yearly shape is in forecasts as of a day, and how many days had been seen."""
        calendar = self.calendar(day)
        return {
            # A shop of one season has its dates at the same phase of every year.
            "is_told": self.timeline.is_seasonal or (calendar is not None and calendar.season > 0),
            "days_seen": seen_days(self.purchases, day),
            "days_needed": YEAR_DAYS,
        }

    def rows(self, day: int) -> pd.DataFrame:
        """The snapshot of one as-of day, with an index of its own."""
        return self.snapshots.iloc[self._places.get(day, NOBODY)].reset_index(drop=True)

    @cached_property
    def _places(self) -> dict[int, Codes]:
        """The places of the rows of each as-of day among the snapshots."""
        days = whole_days(self.snapshots["as_of_date"])
        order = np.argsort(days, kind="stable")
        known, first = np.unique(days[order], return_index=True)
        return dict(zip(known.tolist(), np.split(order, first)[1:], strict=True))

    @cached_property
    def by_day(self) -> PurchaseDays:
        """The purchases in the order of their days."""
        return PurchaseDays.of(self.purchases)

    def closed(self, days: int, until: int) -> list[int]:
        """The as-of days of the plan whose next `days` had closed by the day `until`."""
        return [day for day in self.timeline.as_of_days() if is_closed(day, days, until)]

    def bought(
        self, day: int, ends: Sequence[int], customers: Sequence[str]
    ) -> dict[str, FloatArray]:
        """`orders` and, with amounts, `spend` (customers, periods) from a day on, less refunds."""
        found = self.by_day.bought_in(day, ends, self.by_day.codes_of(customers))
        if "spend" in found:
            found["spend"] = found["spend"] * self.net_share
        return found

    @cached_property
    def net_share(self) -> float:
        """Net over gross spend within the horizon, over all closed outcomes.

        Purchase timelines do not hold the refunds of later days; labels do, and so do the models.
        """
        net = gross = 0.0
        for day in self.closed(self.timeline.horizon_days, self.timeline.data_until):
            rows, ends = self.rows(day), [self.timeline.horizon_days]
            rows = rows[rows["spend_in_horizon"].notna()]
            net += float(rows["spend_in_horizon"].sum())
            codes = self.by_day.codes_of(rows["customer_id"])
            gross += float(self.by_day.bought_in(day, ends, codes)["spend"].sum())
        return net / gross if gross > 0 else 1.0
