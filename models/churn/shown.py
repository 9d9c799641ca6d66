"""Which features tell a reason, and what more of each means to anybody who reads it.

A reason is a group of features, and people read one feature of it. Where more of a feature plainly
means a lower or a higher risk, its value is only told for a reason of that direction. Of all other
features the data says it (models/churn/comparisons.py).
"""

from collections.abc import Sequence

from core.errors import ArtifactError
from features.params import Churn
from models.leaving import CANCELLATION

# Of each group, the features that can be told, of those the data has.
FEATURES_SHOWN: dict[str, tuple[str, ...]] = {
    "recency": ("days_since_last_purchase",),
    "rhythm": (
        "days_since_last_purchase",
        "gap_mean",
        "gap_recent_mean",
        "gap_last",
        "gap_max",
        "gap_variation",
    ),
    "frequency": (
        "orders_14d",
        "orders_30d",
        "orders_60d",
        "orders_90d",
        "orders_180d",
        "orders_365d",
        "orders_total",
        "orders_rate",
    ),
    "trend": (
        "orders_change_30d",
        "orders_change_14d",
        "amount_change_30d",
        "gap_recent_over_mean",
    ),
    "spend": (
        "amount_90d",
        "amount_30d",
        "amount_total",
        "amount_mean",
        "lines_per_order_90d",
    ),
    "categories": (
        "categories_90d",
        "categories_30d",
        "categories_total",
        "categories_dropped_30d",
        "category_repeat_share",
        "category_top_share",
        "days_since_top_category",
    ),
    "tenure": ("tenure_days", "account_days"),
    "campaigns": ("campaigns_exposed_90d", "campaigns_exposed_total"),
    "coupons": ("coupons_redeemed_90d", "coupons_redeemed_total", "days_since_coupon"),
    "stores": ("stores_90d", "stores_total", "store_top_share", "days_since_top_store"),
    "refunds": ("refund_share_90d", "refund_share_total"),
    "discounts": ("discounted_orders_share_90d", "discounted_orders_share_total"),
    "calendar": ("weekend_share", "morning_share", "afternoon_share", "evening_share"),
    "season": ("orders_year_ago_30d", "orders_year_ago_90d", "season_cosine"),
    "visits": ("visits_30d", "visits_90d", "visits_total", "days_since_visit"),
    "mailings": ("email_opens_90d", "email_opens_30d", "open_rate_total", "days_since_email_open"),
    "loyalty": ("loyalty_points_balance", "referrals_total"),
    "contacts": ("contacts_90d", "contacts_30d", "days_since_contact"),
    "consents": ("channels_granted",),
    "support": ("complaints_open", "tickets_open", "complaints_90d", "tickets_90d", "csat_mean"),
    "surveys": ("nps_last", "nps_change", "days_since_survey"),
    "subscription": (
        "subscription_tenure_days",
        "subscriptions_running",
        "subscriptions_ended",
        "days_to_renewal",
        "payment_overdue_days",
        "subscription_amount",
    ),
}

RISKIER = {
    "days_since_last_purchase",
    *("gap_mean", "gap_recent_mean", "gap_last", "gap_max", "gap_recent_over_mean"),
    *("days_since_coupon", "days_since_visit", "days_since_email_open"),
    *("complaints_open", "tickets_open", "complaints_90d", "payment_overdue_days"),
}
SAFER = {
    *FEATURES_SHOWN["frequency"],
    *("orders_change_30d", "orders_change_14d", "amount_change_30d"),
    *("amount_90d", "amount_30d", "amount_total", "amount_mean", "lines_per_order_90d"),
    *("categories_90d", "categories_30d", "categories_total"),
    *("coupons_redeemed_90d", "coupons_redeemed_total"),
    *("visits_30d", "visits_90d", "visits_total"),
    *("email_opens_90d", "email_opens_30d", "open_rate_total"),
    *FEATURES_SHOWN["loyalty"],
    *FEATURES_SHOWN["consents"],
    *("csat_mean", "nps_last", "nps_change", "subscriptions_running"),
}


# Of a subscription purchases are payments: how many there are and what they cost is its contract.
PAYMENTS = ("recency", "rhythm", "frequency", "trend", "spend", "categories")


def plain_meaning(feature: str, churn: Churn) -> int:
    """1 where more of it plainly means a higher risk, -1 a lower one, 0 where only data can say."""
    if churn == CANCELLATION and any(feature in FEATURES_SHOWN[group] for group in PAYMENTS):
        return 0
    return int(feature in RISKIER) - int(feature in SAFER)


def features_shown(
    group: str, members: Sequence[str], features: Sequence[str], columns: Sequence[str]
) -> list[str]:
    """The features that can be told of a reason group, of those a model reads; at least one.

    Where the model reads none of them it is a column of the snapshot or, as the data may have lines
    per order but no amounts, any feature of the group. Raises ArtifactError for a group that
    FEATURES_SHOWN does not know.
    """
    candidates = FEATURES_SHOWN.get(group, ())
    there = [name for name in candidates if name in features]
    there = there or [name for name in candidates if name in columns][:1]
    there = there or (list(members) if group in FEATURES_SHOWN else [])
    if not there:
        raise ArtifactError(
            f"The reason group {group} has no feature to show: add one of the snapshot's columns "
            "to FEATURES_SHOWN in models/churn/shown.py."
        )
    return there
