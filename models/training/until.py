"""Snapshots as they were known at a split date: which rows are learned from, and which stop."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import DataGateError
from features.history.periods import histories
from features.planning.rungs import BY_FOLDS, OTHER_CUSTOMERS
from features.planning.timeplan import Timeline
from features.timeline import as_known_on, date_of
from models.calendar.model import Calendar, calendar_of
from models.probability.calibration import fold_of
from models.simple.btyd_orders import BtydOrders, fit_rhythm, last_histories

FEWEST_FOLDS = 3  # one to judge, one to stop, and at least one to learn from


@dataclass(frozen=True)
class Until:
    """Snapshots with the labels known at a split date (a day since 1970-01-01).

    `purchases` are the purchase timelines of everybody, from which the purchase rhythm is learned;
    without them it is learned from the cohort. Where the history leaves no validation dates,
    customers of the first of `folds` folds stand in for them. `known_days` are
    those of sources/known_days.py. `rhythms` and `calendars` keep those already fitted.
    """

    snapshots: pd.DataFrame
    timeline: Timeline
    purchases: pd.DataFrame | None = None
    folds: int = 5
    known_days: pd.DataFrame | None = None
    rhythms: dict[int, BtydOrders | None] = field(default_factory=dict, compare=False)
    calendars: dict[int, Calendar | None] = field(default_factory=dict, compare=False, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folds", max(self.folds, FEWEST_FOLDS))

    @property
    def train(self) -> pd.DataFrame:
        """The rows of the training dates, as known where validation starts."""
        if self.timeline.rung >= BY_FOLDS:
            rows = self.teaching
            train: pd.DataFrame = rows[~self._stops(rows)]
            return train
        return self.rows(self.timeline.validation[0], self.timeline.train)

    @property
    def valid(self) -> pd.DataFrame:
        """The rows of the validation dates, as known at the first test date."""
        if self.timeline.rung >= BY_FOLDS:
            rows = self.teaching
            valid: pd.DataFrame = rows[self._stops(rows)]
            return valid
        return self.rows(self.timeline.test[0], self.timeline.validation)

    @property
    def earlier(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """As `train` and `valid`, one window of outcomes earlier: inside the training dates.

        The second are the rows of as many of the latest training dates as there are validation
        dates, the first those of the dates whose outcomes had closed before them: none in a short
        history.
        """
        plan = self.timeline
        late = plan.train[-len(plan.validation) :] if plan.validation else ()
        if not late:
            return self.snapshots[:0], self.snapshots[:0]
        closed = tuple(day for day in plan.train if day + plan.horizon_days <= late[0])
        return self.rows(late[0], closed), self.rows(plan.validation[0], late)

    def _stops(self, rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Whether each row is of the first fold that has any customers."""
        fold = fold_of(rows["customer_id"], self.folds)
        first: npt.NDArray[np.bool_] = fold == (fold.min() if len(fold) else 0)
        return first

    @property
    def teaching(self) -> pd.DataFrame:
        """All rows from which the judged models are chosen."""
        if self.timeline.rung == OTHER_CUSTOMERS:
            return self.rows(self.timeline.data_until, self.timeline.train)
        return self.rows(self.timeline.test[0], self.timeline.train)

    @property
    def test(self) -> pd.DataFrame:
        """The rows of the test dates, with their outcomes."""
        return self.rows(self.timeline.data_until, self.timeline.test)

    def known(self, day: int) -> pd.DataFrame:
        """All rows, with the labels known on a day."""
        return as_known_on(self.snapshots, pd.Timestamp(date_of(day)), self.timeline.windows)

    def rows(self, day: int, dates: tuple[int, ...]) -> pd.DataFrame:
        """The rows of some as-of dates."""
        wanted = self.snapshots["as_of_date"].isin([pd.Timestamp(date_of(d)) for d in dates])
        return self.known(day)[wanted]

    def closed(self, day: int) -> pd.DataFrame:
        """The rows whose outcome was known on a day."""
        known = self.known(day)
        return known[known["outcome_known"]]

    def latest(self, day: int) -> pd.DataFrame:
        """The rows of the latest as-of date up to the day after `day`: it may be the score date."""
        dates = self.snapshots["as_of_date"]
        past = self.snapshots[dates <= pd.Timestamp(date_of(day + 1))]
        newest: pd.DataFrame = past[past["as_of_date"] == past["as_of_date"].max()]
        return newest

    def followed(self, day: int) -> pd.DataFrame:
        """The rows that, on a day, had been followed for at least one day."""
        known = self.known(day)
        return known[known["followup_days"] > 0]

    def rhythm(self, day: int) -> BtydOrders | None:
        """BG/NBD of all who had bought by a day, gone or not; None where nobody bought on two days.

        The customers who are still in the cohort bought lately: a rhythm learned from them alone
        would know nobody who dropped out.
        """
        if day not in self.rhythms:
            try:
                if self.purchases is None:
                    found = fit_rhythm(last_histories(self.known(day)))
                else:
                    found = fit_rhythm(histories(self.purchases, day))
            except DataGateError:
                found = None
            self.rhythms[day] = found
        return self.rhythms[day]

    def calendar(self, day: int) -> Calendar | None:
        """The calendar of the company as known on a day; None where models go by none."""
        if self.purchases is None:
            return None
        if day not in self.calendars:
            self.calendars[day] = calendar_of(self.timeline, self.purchases, day, self.known_days)
        return self.calendars[day]

    def without(self, held_out: int) -> "Until":
        """The same snapshots and timelines without the customers of a fold."""
        inside = fold_of(self.snapshots["customer_id"], self.folds) == held_out
        bought = self.purchases
        if bought is not None:
            bought = bought[fold_of(bought["customer_id"], self.folds) != held_out]
        return Until(self.snapshots[~inside], self.timeline, bought, self.folds, self.known_days)


def has_both_outcomes(rows: pd.DataFrame) -> bool:
    """Whether somebody left and somebody stayed."""
    left = rows["churned"].to_numpy(np.float64)
    return bool(len(left)) and 0 < left.sum() < len(left)
