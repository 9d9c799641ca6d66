"""The sales forecast of a release, as the API returns it."""

import datetime as dt

from pydantic import Field

from serving.cards.codes import Reach
from serving.cards.parts import Number, Sample, Schema, Text
from serving.cards.release import Stamp


class Expected(Schema):
    """The forecast for one period, beside earlier sales; null where the data does not have them."""

    expected: Number
    low: Number | None = Field(description="95 % interval; null: too short a history for one.")
    high: Number | None
    last_period: Number | None = Field(description="The same customers, as many days before.")
    last_year: Number | None = Field(description="A year earlier, the customers of then.")


class ForecastPeriod(Schema):
    """A period with its first and last day; money is null without amounts."""

    starts: dt.date
    ends: dt.date
    orders: Expected
    spend: Expected | None = None


class SegmentForecast(Schema):
    """What the customers of one RFM segment bring, by period."""

    rfm_segment: Text
    customers: int
    orders: list[Number]
    spend: list[Number] | None = None


class Sold(Schema):
    """What was sold in a past period, and what would have been forecast for it before."""

    sold: Number
    ours: Number
    low: Number | None
    high: Number | None
    covers: bool | None = Field(description="Whether the interval holds what was sold.")
    last_period: Number | None
    last_year: Number | None


class SoldPeriod(Schema):
    """A past period with its first and last day."""

    starts: dt.date
    ends: dt.date
    orders: Sold
    spend: Sold | None = None


class RelativeError(Schema):
    """An error as a share of what was sold, with its 95 % interval where it has one."""

    value: Number
    low: Number | None = None
    high: Number | None = None


class Outside(Schema):
    """Shares of all sales of that time that the forecast could not include."""

    new: Number = Field(description="Of customers who first bought within the time.")
    back: Number = Field(description="Of customers who had been silent too long to be scored.")


class Backtest(Schema):
    """The forecast as it would have been made on a past date."""

    as_of_date: dt.date
    days: int
    customers: int
    reaches: Reach
    periods: list[SoldPeriod]
    total: SoldPeriod
    errors: dict[str, dict[str, dict[str, RelativeError]]] = Field(
        description="Of orders and spend; by ours, last_period, last_year; total_error is forecast "
        "over sold less 1, segment_error the absolute errors of the RFM segments over all sold."
    )
    not_in_it: dict[str, Outside]


class Season(Schema):
    """Whether the time of year is in the forecast: a year of history is needed to see it."""

    is_told: bool
    days_seen: int = Field(description="Days of history up to the as-of date.")
    days_needed: int


class SalesForecast(Schema):
    """Orders and revenue expected of the customers scored, by periods of 30 days.

    Customers who first buy after the as-of date, or come back after a long silence, are not in it:
    `backtest` says what they brought.
    """

    as_of_date: dt.date
    customers: int
    periods: list[ForecastPeriod]
    total: ForecastPeriod
    segments: list[SegmentForecast]
    season: Season | None = Field(
        default=None, description="Null: the release was made before it was told."
    )
    backtest: list[Backtest]
    backtest_of: Sample | None = Field(
        default=None,
        description="The customers of the backtest, whose sales it sums up; null: all of them. The "
        "forecast itself is of everybody.",
    )


class PublishedForecast(Stamp, SalesForecast):
    """The forecast of a release."""
