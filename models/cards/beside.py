"""What a customer is beside all others: segments and relationship, from a few columns of everybody.

Everything else on a card is told of a customer alone, from the whole row. So a company of any size
is scored part by part, and only these columns are held of all customers at once.
"""

import re
from collections.abc import Iterable

import pandas as pd

from features.planning.timeplan import Timeline
from models.customers.relationship import relationship
from models.customers.segments import segments

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
_WINDOW = re.compile(rf"({'|'.join(FAMILIES)})_\d+d")


def of_everybody(columns: Iterable[str]) -> list[str]:
    """Those of the columns of a snapshot that are read of all customers at once."""
    return [name for name in columns if name in COLUMNS or _WINDOW.fullmatch(name)]


def beside_others(
    snapshot: pd.DataFrame, earlier: pd.DataFrame, timeline: Timeline
) -> pd.DataFrame:
    """Segments and relationship of everybody at the score date, on the snapshot's index.

    `snapshot` and `earlier` are those of `relationship`; the columns `of_everybody` are enough.
    """
    return segments(snapshot).join(relationship(snapshot, earlier, timeline))
