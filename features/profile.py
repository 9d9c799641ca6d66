"""The data's own rhythm: how long customers stay silent, and whether the silent come back."""

from dataclasses import dataclass

import ibis
import pandas as pd

from features.history import Facts, purchases
from sources.errors import DataGateError

USUAL_GAPS = 3  # a customer's own quantile needs a few gaps
SILENCES = (7, 14, 21, 28, 42, 56, 90, 120, 180, 270, 365)


@dataclass(frozen=True)
class Profile:
    """Span (days since 1970-01-01) and rhythm of the purchases.

    `long_gap` is the median over customers of the 90 % quantile of their own gaps (days): silence
    beyond it is unusual for the typical repeat customer. None without repeat customers.
    """

    data_from: int
    data_until: int
    customers: int
    one_time_share: float
    long_gap: float | None


def profile(facts: Facts) -> Profile:
    """Measure the rhythm. Raises DataGateError without purchases or with a single customer."""
    days = purchase_days(facts)
    if days.empty:
        raise DataGateError(
            "There is no purchase (an order with positive net amount) in the data: "
            "check the amount column, or source.derive in params.yaml."
        )
    per_customer = days.groupby("customer_id")["gap"]
    if per_customer.ngroups == 1:
        raise DataGateError(
            "All purchases belong to one customer: there is nobody to compare with. "
            "Check that customer_id is the customer's id and not the shop's."
        )
    gaps = per_customer.count()
    own = per_customer.quantile(0.9)[gaps >= USUAL_GAPS]
    rows = facts.order_days
    span = rows.aggregate(first=rows.day.min(), last=rows.day.max()).to_pandas().iloc[0]
    return Profile(
        data_from=int(span["first"]),
        data_until=int(span["last"]),
        customers=int(per_customer.ngroups),
        one_time_share=float((gaps == 0).mean()),
        long_gap=float(own.median()) if len(own) else None,
    )


def purchase_days(facts: Facts) -> pd.DataFrame:
    """Columns customer_id, day, gap (days since the purchase day before; NaN for the first)."""
    rows = purchases(facts.order_days)
    days = rows.filter(rows.is_purchase).select("customer_id", "day").distinct()
    before = days.day.lag().over(ibis.window(group_by=days.customer_id, order_by=days.day))
    gaps = days.mutate(gap=(days.day - before).cast("float64"))
    frame: pd.DataFrame = gaps.order_by("customer_id", "day").to_pandas()
    return frame


def return_curve(days: pd.DataFrame, data_until: int) -> pd.DataFrame:
    """Of the silences that reached N days, the share that ended in a purchase within N more days.

    `days` is `purchase_days`. Only silences whose 2 N days lie inside the data are counted; its
    last day may be incomplete and lies outside.
    Columns: silence_days, silences, returned (share in [0, 1]).
    """
    silence = days.groupby("customer_id")["gap"].shift(-1).fillna(float("inf"))
    rows = []
    for reached in SILENCES:
        observed = (days["day"] + 2 * reached < data_until) & (silence > reached)
        if observed.any():
            back = float((silence[observed] <= 2 * reached).mean())
            rows.append(
                {"silence_days": reached, "silences": int(observed.sum()), "returned": back}
            )
    return pd.DataFrame(rows, columns=["silence_days", "silences", "returned"])
