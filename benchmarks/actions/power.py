"""What plans can show: shares to withhold, smallest effects by firm size, and a check by trials."""

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np

from actions.plan.power import SHOWN, YEAR, Outlook, share_for, smallest_effect, unexplained

KEY = "power"
CUSTOMERS = (76, 500, 2_000, 10_000, 50_000)  # with an action in each plan
RISK = (2.0, 8.0)  # of the beta distribution of risks: one in five leaves
HOPED = 0.3  # of the risk: the high end of the strongest action of a catalogue
HORIZON = 28  # days, and between plans
CERTAINTIES = (2.8, 3.5, 4.5, 5.5, 8.0)  # standard errors of a known effect from nothing
TRIALS = 2_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """The shares and effects, and how often trials of this size show an effect of this size."""
    rng = np.random.default_rng(20)
    firms = []
    for customers in CUSTOMERS:
        risk = rng.beta(*RISK, customers)
        firm = Outlook(risk, HOPED * float(risk.mean()), HORIZON, HORIZON)
        share = share_for(None, firm)
        effects = [firm.smallest(days, share) for days in (HORIZON, 90, YEAR)]
        firms.append(
            {
                "customers": customers,
                "share": share,
                "hoped": firm.hoped,
                "smallest": dict(zip(("one_plan", "90_days", "a_year"), effects, strict=True)),
            }
        )
    return {
        "firms": firms,
        "known": [{"t": t, "share": share_for(t, None)} for t in CERTAINTIES],
        "standard_errors": SHOWN,
        "shown_of_trials": _shown(rng, 2_000, 0.3),
    }


def lines(found: dict[str, Any]) -> Iterator[str]:
    """Two tables in Markdown, and a sentence on the trials."""
    yield (
        "| customers with an action in each plan | withheld | shown by one plan | in 90 days "
        "| in a year | largest effect hoped for |"
    )
    yield "|---|---|---|---|---|---|"
    for firm in found["firms"]:
        effects = [
            "nothing" if effect is None else f"{100 * effect:.1f} points"
            for effect in firm["smallest"].values()
        ]
        cells = [f"{firm['customers']:,}", f"{firm['share']:.0%}", *effects]
        yield f"| {' | '.join(cells)} | {100 * firm['hoped']:.1f} points |"
    yield ""
    yield (
        "| known effect, in standard errors | "
        + " | ".join(f"{o['t']:g}" for o in found["known"])
        + " |"
    )
    yield "|---|" + "---|" * len(found["known"])
    yield "| withheld | " + " | ".join(f"{o['share']:.0%}" for o in found["known"]) + " |"
    yield ""
    yield (
        f"Of {TRIALS:,} simulated trials with the smallest effect that is shown, "
        f"{found['shown_of_trials']:.0%} showed it."
    )


def _shown(rng: np.random.Generator, customers: int, share: float) -> float:
    """The share of simulated trials whose adjusted interval of 95 % lies above nothing."""
    risk = rng.beta(*RISK, customers)
    effect = smallest_effect(customers, share, unexplained(risk)) or 0.0
    shown = 0
    for _ in range(TRIALS):
        withheld = rng.random(customers) < share
        left = rng.random(customers) < np.where(withheld, risk, np.clip(risk - effect, 0, 1))
        rest = left - risk
        held, treated = rest[withheld], rest[~withheld]
        error = (held.var() / len(held) + treated.var() / len(treated)) ** 0.5
        shown += (held.mean() - treated.mean()) / error > 1.96
    return shown / TRIALS
