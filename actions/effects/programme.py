"""What all actions do together: customers of the persistent control against the others.

The persistent control is withheld whatever is intended, as long as it is drawn; so a long window
after a customer's first intended contact shows the programme as a whole, which single actions do
not: effects wear off, and contacts tire.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from actions.effects.average import difference
from actions.effects.following import Outcomes
from actions.effects.report import FEWEST, shown
from actions.effects.trial import Trial
from actions.effects.window import Window

WINDOWS = (
    365,
    180,
    90,
)  # days from a customer's first intended contact on; the longest that closed
ARMS = ("persistent_control", "programme")


def programme(rows: pd.DataFrame, outcomes: Outcomes, data_until: int) -> dict[str, Any] | None:
    """The difference between the programme and its persistent control (JSON); None without one.

    `rows` are intended contacts with customer_id, day and persistent. Outcomes are whether the
    customer stays in the last third of the window, and the spend over all of it.
    """
    first = rows.sort_values("day", kind="stable").drop_duplicates("customer_id")
    first = first.reset_index(drop=True)
    is_control = first["persistent"].to_numpy(bool)
    if is_control.sum() < FEWEST or (~is_control).sum() < FEWEST:
        return None
    for days in WINDOWS:
        window = Window(0, days, (0, days))
        closed = window.closed(first["day"].to_numpy(np.int64), data_until)
        count = {
            ARMS[0]: int((closed & is_control).sum()),
            ARMS[1]: int((closed & ~is_control).sum()),
        }
        if min(count.values()) >= FEWEST:
            break
    else:
        return None
    seen = first[closed]
    when = seen["day"].to_numpy(np.int64)
    customers = seen["customer_id"].tolist()
    late = Outcomes(
        outcomes.purchases,
        outcomes.subscriptions,
        outcomes.churn,
        replace(window, first=days * 2 // 3),
    )
    whole = Outcomes(outcomes.purchases, outcomes.subscriptions, outcomes.churn, window)
    found: dict[str, Any] = {"window_days": days, "customers": count}
    measured = {"stays": late.of(customers, when)[0], "spend": whole.of(customers, when)[1]}
    for name, outcome in measured.items():
        if outcome is None:
            continue
        trial = Trial(
            arm=(~is_control[closed]).astype(np.int64),
            arms=ARMS,
            outcome=outcome,
            covariates=np.zeros((len(seen), 0)),
            names=(),
        )
        found[name] = shown(difference(trial))
    return found
