"""The data's own rhythm: how long customers stay silent, and whether the silent come back."""

from collections import Counter
from dataclasses import dataclass, replace

import ibis.expr.types as ir
import pandas as pd

from features.engine import Engine
from features.facts import collect
from features.params import Churn
from features.phase import Phase, leaving_days, measure
from sources.errors import DataGateError

USUAL_GAPS = 3  # a customer's own quantile needs a few gaps
SILENCES = (7, 14, 21, 28, 42, 56, 90, 120, 180, 270, 365)


@dataclass(frozen=True)
class Profile:
    """Span (days since 1970-01-01) and rhythm of the purchases.

    `long_gap` is the median over customers of the 90 % quantile of their own gaps (days): silence
    beyond it is unusual for the typical repeat customer. None without repeat customers. `buying`
    and `leaving` are the phase at which purchases, and ends of all that ran, fall; None without.
    `phase` is the one of the two that counts for what is foretold.
    """

    data_from: int
    data_until: int
    customers: int
    one_time_share: float
    long_gap: float | None
    buying: Phase | None = None
    leaving: Phase | None = None
    phase: Phase | None = None

    def asked(self, churn: Churn) -> "Profile":
        """With the `phase` of what is to be foretold."""
        return replace(self, phase=self.leaving if churn == "cancellation" else self.buying)


def profile(engine: Engine) -> Profile:
    """Measure the rhythm. Raises DataGateError without purchases or with a single customer."""
    facts = collect(engine.schemas)
    spans, customers = [], []
    bought_on: Counter[int] = Counter()
    left_on: Counter[int] = Counter()
    for _ in engine.parts(facts.steps, ()):
        rows, bought = facts.tables["customer_days"], facts.tables["purchase_days"]
        spans.append(engine.frame(rows.aggregate(first=rows.day.min(), last=rows.day.max())))
        customers.append(
            engine.frame(
                bought.group_by("customer_id").aggregate(
                    gaps=bought.gap.count(), long_gap=bought.gap.quantile(0.9)
                )
            )
        )
        bought_on += _counted(engine, bought.group_by("day").aggregate(events=bought.count()))
        if "subscriptions_days" in facts.tables:
            left_on += _counted(engine, leaving_days(facts.tables["subscriptions_days"]))
    per_customer, span = pd.concat(customers), pd.concat(spans)
    if per_customer.empty:
        raise DataGateError(
            "There is no purchase (an order with positive net amount) in the data: "
            "check the amount column, or source.derive in params.yaml."
        )
    if len(per_customer) == 1:
        raise DataGateError(
            "All purchases belong to one customer: there is nobody to compare with. "
            "Check that customer_id is the customer's id and not the shop's."
        )
    own = per_customer["long_gap"][per_customer["gaps"] >= USUAL_GAPS]
    first, last = int(span["first"].min()), int(span["last"].max())
    return Profile(
        data_from=first,
        data_until=last,
        customers=len(per_customer),
        one_time_share=float((per_customer["gaps"] == 0).mean()),
        long_gap=float(own.median()) if len(own) else None,
        buying=measure(bought_on, "buying", first, last),
        leaving=measure(left_on, "leaving", first, last),
    )


def _counted(engine: Engine, days: ir.Table) -> Counter[int]:
    found = engine.frame(days)
    counts = zip(found["day"].astype("int64"), found["events"].astype("int64"), strict=True)
    return Counter(dict(counts))


def purchase_days(engine: Engine) -> pd.DataFrame:
    """Columns customer_id, day, gap (days since the purchase day before; NaN for the first)."""
    facts = collect(engine.schemas)
    rows = facts.tables["purchase_days"]
    days = rows.select("customer_id", "day", gap=rows.gap.cast("float64"))
    sorted_days = days.order_by("customer_id", "day")
    found = [engine.frame(sorted_days) for _ in engine.parts(facts.steps, ())]
    return pd.concat(found, ignore_index=True)


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
