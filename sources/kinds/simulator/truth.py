"""The truth behind a simulated company, which no stage reads: customers, and their lives."""

import numpy as np
import pyarrow as pa

from core.arrays import FloatArray as Floats
from sources.kinds.simulator.people import NEVER
from sources.kinds.simulator.tables import Maker
from sources.kinds.simulator.worlds import RESPONSES


def truth(maker: Maker, worth: Floats) -> dict[str, pa.Table]:
    """The tables of the truth; `worth` is the revenue of a day of usual activity, per customer."""
    people, life, days = maker.people, maker.life, maker.days
    now, phases, contacts = life.now(days), life.phases, life.contacts()

    def within(day: Floats) -> pa.Array:
        return pa.array(np.where(day < days, day, np.nan), from_pandas=True)

    customers = {
        "customer_id": maker.customer_ids(np.arange(len(people.number))),
        "response": maker.words(people.response, RESPONSES),
        **{f"chance_{name}": people.chances[:, i] for i, name in enumerate(RESPONSES)},
        "rate": people.rate,
        "satisfaction": people.satisfaction,
        "deals": people.deals,
        "opens": people.opens,
        "worth": worth,
        "joined_day": people.joined,
        "left_day": within(now.leaves),
        "left_day_untreated": within(people.would_leave),
        "fading_from_day": within(np.where(now.onset < now.leaves, now.onset, NEVER)),
        "unresolved_complaint": (people.complained < NEVER) & ~people.is_resolved,
    }
    return {
        "customers": pa.table(customers),
        "phases": pa.table(
            {
                "customer_id": maker.customer_ids(phases.who),
                "begins": phases.begins,
                "onset": phases.onset,
                "leaves": phases.leaves,
            }
        ),
        "contacts": pa.table(
            {
                "customer_id": maker.customer_ids(contacts.who),
                "day": contacts.day,
                "action": contacts.action,
                "is_treated": contacts.is_treated,
                "outcome": contacts.outcome,
                "coupon_day": within(contacts.coupon),
                "takes_coupon": contacts.takes,
            }
        ),
    }
