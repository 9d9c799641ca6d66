"""A company of which it is known who comes back: drawn from the process that BG/NBD describes."""

import numpy as np
import pandas as pd

from features.history.periods import histories
from features.planning.timeplan import Timeline
from models.simple.btyd_orders import fit_rhythm
from models.win_back.coming_back import Rhythm, fit_coming_back

START, END, HORIZON, ACTIVE, VALUE_DAYS = 19_000, 19_540, 28, 90, 84
TEST, AMOUNT = END - 85, 30.0


def plan(**changes):
    usual = {
        "horizon_days": HORIZON,
        "active_within_days": ACTIVE,
        "value_horizon_days": VALUE_DAYS,
        "data_from": START,
        "data_until": END,
        "train": tuple(range(START + 180, TEST - 27, 42)),
        "test": (TEST,),
        "score": END + 1,
        "value_test": (TEST,),
    }
    empty = dict.fromkeys(("validation", "unused", "value_train", "choices"), ())
    return Timeline(**{**empty, **usual, **changes})


def company(customers=700, seed=3):
    """Purchase timelines, and by customer the day and the rate at which he buys until he leaves.

    Rates are drawn from a Gamma distribution, joining days from the first three months; after each
    purchase a customer leaves with a chance of his own, for ever. `left_on` is his last purchase.
    """
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.2, 1 / 60, customers)
    leaves = rng.beta(1.0, 3.0, customers)
    rows, left_on = [], []
    for number in range(customers):
        day, is_here = float(rng.integers(0, 90)), True
        while is_here and day <= END - START:
            rows.append((f"c{number:04d}", START + int(day)))
            is_here = rng.random() >= leaves[number]
            last, day = day, day + rng.exponential(1 / rate[number])
        left_on.append(np.inf if is_here else START + int(last))
    table = pd.DataFrame(rows, columns=["customer_id", "day"]).drop_duplicates()
    known = pd.DataFrame({"rate": rate, "left_on": left_on})
    known.index = pd.Index([f"c{number:04d}" for number in range(customers)])
    day = pd.to_datetime(table["day"], unit="D").astype("datetime64[us]")
    bought = pd.DataFrame({"customer_id": table["customer_id"], "event_day": day})
    return bought.assign(orders=1, amount=AMOUNT), known


def returning(known, customers, day):
    """The probability (n,) that each buys within the horizon from a day on, as it was drawn."""
    their = known.loc[customers]
    is_here = (their["left_on"] >= day).to_numpy()
    return np.where(is_here, 1 - np.exp(-HORIZON * their["rate"].to_numpy()), 0.0)


def rhythm_at(purchases, day=TEST):
    return Rhythm(HORIZON, fit_rhythm(histories(purchases, day)))


def fitted(purchases, timeline, rhythm, until=TEST):
    return fit_coming_back(purchases, timeline, until, rhythm)
