"""What a customer is beside all others: segments and relationship, from a few columns of everybody.

Everything else on a card is told of a customer alone, from the whole row. So a company of any size
is scored part by part, and only these columns are held of all customers at once.
"""

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from features.planning.timeplan import Timeline
from models.customers.relationship import relationship
from models.customers.segments import segments
from models.customers.strength import RECENT_DAYS

# Windows of these families, as orders_90d, and these columns.
FAMILIES = (
    "orders",
    "amount",
    "categories",
    "visits",
    "email_opens",
    "email_clicks",
    "contacts",
    "tickets",
)
COLUMNS = (
    "customer_id",
    "as_of_date",
    "complaints_open",
    "contact_response_rate",
    "coupons_redeemed_total",
    "csat_mean",
    "category_repeat_share",
    "days_since_contact",
    "days_since_last_purchase",
    "days_since_survey",
    "discount_share_total",
    "discounted_orders_share_total",
    "gap_mean",
    "gap_variation",
    "nps_last",
    "orders_per_purchase_day",
    "orders_total",
    "store_top_share",
    "survey_csat_last",
    "tenure_days",
    "weekday_top_share",
)
# What segments take, beside the windows of orders and amounts.
SEGMENTS = (
    "customer_id",
    "days_since_last_purchase",
    "gap_mean",
    "orders_total",
    "tenure_days",
)
# What the strength of a relationship takes of the date that it is compared with.
EARLIER_FAMILIES = ("orders", "categories", "visits", "email_opens", "email_clicks")
EARLIER = (
    "customer_id",
    "complaints_open",
    "csat_mean",
    "gap_variation",
    "nps_last",
    "orders_total",
    "survey_csat_last",
    "tenure_days",
)
_WINDOW = re.compile(r"(\w+)_(\d+)d")


def of_everybody(columns: Iterable[str]) -> list[str]:
    """Those of the columns of a snapshot that are read of all customers at once.

    Of a family the longest window, and the longest that counts as recent.
    """
    there = list(columns)
    lately = _longest(there, FAMILIES, RECENT_DAYS)
    wanted = {*COLUMNS, *_longest(there, FAMILIES, None), *lately}
    return [name for name in there if name in wanted]


def of_segments(columns: Iterable[str]) -> list[str]:
    """Those that segments are made of, and the windows beside which forecasts are told."""
    there = list(columns)
    families = ("orders", "amount")
    windows = _longest(there, families, None) | _longest(there, families, RECENT_DAYS)
    return [name for name in there if name in {*SEGMENTS, *windows}]


def of_earlier(columns: Iterable[str]) -> list[str]:
    """Those that are read of the date that everybody is compared with."""
    there = list(columns)
    wanted = {*EARLIER, *_longest(there, EARLIER_FAMILIES, RECENT_DAYS)}
    return [name for name in there if name in wanted]


def _longest(columns: Iterable[str], families: Sequence[str], most_days: int | None) -> set[str]:
    longest: dict[str, int] = {}
    for match in filter(None, map(_WINDOW.fullmatch, columns)):
        family, days = match[1], int(match[2])
        if family in families and (most_days is None or days <= most_days):
            longest[family] = max(days, longest.get(family, 0))
    return {f"{family}_{days}d" for family, days in longest.items()}


def beside_others(
    snapshot: pd.DataFrame, earlier: pd.DataFrame, timeline: Timeline
) -> pd.DataFrame:
    """Segments and relationship of everybody at the score date, on the snapshot's index.

    `snapshot` and `earlier` are those of `relationship`; the columns `of_everybody` and
    `of_earlier` are enough.
    """
    return segments(snapshot).join(relationship(snapshot, earlier, timeline))


def words_as_numbers(beside: pd.DataFrame) -> pd.DataFrame:
    """The same with words as categories: a byte for each customer, until cards are written."""
    words = [name for name in beside if beside[name].dtype == "str"]
    return beside.astype(dict.fromkeys(words, "category"))


def with_words(beside: pd.DataFrame) -> pd.DataFrame:
    """The same with words as text again."""
    words = [name for name in beside if beside[name].dtype == "category"]
    return beside.astype(dict.fromkeys(words, "str"))
