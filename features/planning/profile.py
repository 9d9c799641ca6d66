"""The rhythm of the data: how long customers stay silent, and whether they come back."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import ibis.expr.types as ir
import pandas as pd

from core.errors import DataGateError
from features.engines.duckdb import Engine
from features.history.facts import collect
from features.params import Churn
from features.planning.phase import Phase, leaving_days, measure, season_phase, usual_absence
from features.planning.season import Season, season_of

USUAL_GAPS = 3  # a customer's own quantile needs a few gaps
WEEKLY = 0.75  # share of the events on two weekdays: by chance it is two sevenths


@dataclass(frozen=True)
class Profile:
    """Span (days since 1970-01-01) and rhythm of the purchases.

    `long_gap` is the median over customers of the 90 % quantile of their own gaps (days): silence
    beyond it is unusual for the typical repeat customer. None without repeat customers. `buying`
    and `leaving` are the phase at which purchases, and ends of all that ran, fall; None without.
    `phase` is the one of the two that matters for what is predicted. `season` holds nearly all
    purchases; `weekly` says that most purchases, or ends, fall on one or two days of the week.
    `purchases` are orders with a positive net, `absence` is how long (days) those who leave and
    come back are away, where that is usual.
    """

    data_from: int
    data_until: int
    customers: int
    one_time_share: float
    long_gap: float | None
    buying: Phase | None = None
    leaving: Phase | None = None
    phase: Phase | None = None
    season: Season | None = None
    weekly: bool = False
    absence: int | None = None
    purchases: int = 0

    def asked(self, churn: Churn) -> "Profile":
        """The profile with the `phase` that matters for what is predicted."""
        if churn == "cancellation":
            return replace(self, phase=self.leaving)
        season = None if self.season is None else season_phase(self.season)
        return replace(self, phase=self.buying or season)


def profile(engine: Engine) -> Profile:
    """Measure the rhythm. Raises DataGateError without purchases or with a single customer."""
    facts = collect(engine.schemas)
    spans, customers = [], []
    bought_on: Counter[int] = Counter()
    left_on: Counter[int] = Counter()
    away: Counter[int] = Counter()
    for _ in engine.parts(facts.steps, ()):
        rows, bought = facts.tables["customer_days"], facts.tables["purchase_days"]
        spans.append(engine.frame(rows.aggregate(first=rows.day.min(), last=rows.day.max())))
        customers.append(
            engine.frame(
                bought.group_by("customer_id")
                .aggregate(
                    gaps=bought.gap.count(),
                    long_gap=bought.gap.quantile(0.9),
                    purchases=bought.orders.sum(),
                )
                .drop("customer_id")
            )
        )
        bought_on += _counted(engine, bought.group_by("day").aggregate(events=bought.count()))
        if "subscriptions_days" in facts.tables:
            left = engine.frame(leaving_days(facts.tables["subscriptions_days"]))
            left_on += _summed(left["day"], left["events"])
            away += _summed(left["away"].fillna(0), left["events"])
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
        season=season_of(bought_on, first, last),
        absence=usual_absence(away),
        purchases=int(per_customer["purchases"].sum()),
        weekly=is_weekly(bought_on) or is_weekly(left_on),
    )


def is_weekly(counts: Counter[int]) -> bool:
    """Whether most events, by day, fall on one or two days of the week: a box, a market day."""
    by_weekday = Counter[int]()
    for day, events in counts.items():
        by_weekday[day % 7] += events
    most = sum(events for _, events in by_weekday.most_common(2))
    return most > WEEKLY * max(by_weekday.total(), 1)


def _counted(engine: Engine, days: ir.Table) -> Counter[int]:
    found = engine.frame(days)
    return _summed(found["day"], found["events"])


def _summed(by: "pd.Series[int]", events: "pd.Series[int]") -> Counter[int]:
    summed = Counter[int]()
    for key, number in zip(by.astype("int64"), events.astype("int64"), strict=True):
        summed[key] += number
    return summed


def purchase_days(engine: Engine) -> Iterator[pd.DataFrame]:
    """One part of the customers after another: columns customer_id, day, gap.

    The gap is the days since the customer's purchase day before; NaN for the first.
    """
    facts = collect(engine.schemas)
    rows = facts.tables["purchase_days"]
    days = rows.select("customer_id", "day", gap=rows.gap.cast("float64"))
    sorted_days = days.order_by("customer_id", "day")
    for _ in engine.parts(facts.steps, ()):
        yield engine.frame(sorted_days)
