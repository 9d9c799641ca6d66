"""What each intended action did in each period, by assignment: effect, interval, checks, verdict.

A period is a calendar quarter of contacts. Treated and withheld are compared among those for whom
the same action was intended (intention to treat), without the persistent control. While windows of
the period are still open the interval is a confidence sequence, which holds however often it is
looked at; once all have closed there is one verdict. Of arms that chance hardly drew nothing is
claimed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from actions.effects.average import adjusted, difference, returns
from actions.effects.checks import balance
from actions.effects.intervals import Estimate
from actions.effects.sequences import confidence_sequence
from actions.effects.trial import Trial
from actions.effects.window import Window
from core.arrays import BoolArray, FloatArray
from features.timeline import date_of, day_of, is_closed

ARMS = ("withheld", "treated")
FEWEST = 30  # customers of each arm with a closed contact, or no interval is given
REFUSED = 0.001  # p-value of a check of all of an action's contacts below which nothing is claimed
POWER = 2.8  # standard errors: an effect as large is shown by four of five such trials
# What is said of an action in a quarter.
BETTER, WORSE, NOT_SHOWN = "better", "worse", "not_shown"
RUNNING = "running"  # nothing shown while windows are open
TOO_FEW = "too_few"  # customers of an arm, however often each was contacted
NOT_BY_CHANCE = "not_by_chance"  # arms that chance hardly drew: nothing is claimed of them
VERDICTS = (BETTER, WORSE, NOT_SHOWN, RUNNING, TOO_FEW, NOT_BY_CHANCE)


@dataclass(frozen=True)
class Followed:
    """Contacts with what followed: `kept` (n,), `spend` (n,) or None, and what was expected.

    `expected` (n, k) are the chance to stay and, with money, the spend, foreseen before the contact
    by models that have not seen the customer. `traits` (n, k) are further things known before.
    `closed` (n,) says whose window is over.
    """

    rows: pd.DataFrame
    closed: BoolArray
    kept: FloatArray
    spend: FloatArray | None
    expected: FloatArray
    traits: FloatArray

    def trial(self, chosen: BoolArray, outcome: FloatArray) -> Trial:
        """The chosen rows as a trial of this outcome (n,), with all that was known before."""
        rows = self.rows[chosen]
        propensity = rows["propensity"].to_numpy(np.float64)
        known = np.hstack([self.expected, self.traits])[chosen]
        return Trial(
            arm=rows["treated"].to_numpy(np.int64),
            arms=ARMS,
            outcome=outcome[chosen],
            covariates=known,
            names=tuple(f"known_{place}" for place in range(known.shape[1])),
            propensity=np.column_stack([1 - propensity, propensity]),
            cluster=pd.factorize(rows["customer_id"])[0].astype(np.int64),
        )


def customers_of(rows: pd.DataFrame) -> dict[str, int]:
    """How many customers each arm of these contacts has: a customer's contacts tell one story."""
    treated = rows["treated"].to_numpy(bool)
    return {
        "treated": rows["customer_id"][treated].nunique(),
        "withheld": rows["customer_id"][~treated].nunique(),
    }


def checks_of(followed: Followed, chosen: BoolArray) -> dict[str, float]:
    """P-values of the arms' sizes, and of their balance in what was known before (JSON).

    All assigned rows are looked at, whether their outcome is known or not.
    """
    trial = followed.trial(chosen, followed.kept)
    chance = followed.rows["propensity"].to_numpy(np.float64)[chosen]
    off = (trial.arm.sum() - chance.sum()) / np.sqrt((chance * (1 - chance)).sum())
    return {"sample_ratio_p": float(2 * ndtr(-abs(off))), "balance_p": balance(trial).p}


def not_by_chance(followed: Followed) -> dict[str, dict[str, float]]:
    """Checks of the actions whose arms can hardly have been drawn as their propensities say."""
    found = {}
    for name in sorted(followed.rows["action_id"].unique()):
        chosen = (followed.rows["action_id"] == name).to_numpy(bool)
        if len(followed.rows.loc[chosen, "treated"].unique()) == len(ARMS):
            checks = checks_of(followed, chosen)
            if min(checks.values()) < REFUSED:
                found[str(name)] = checks
    return found


def by_period(
    followed: Followed,
    window: Window,
    data_until: int,
    margin_rate: float | None,
    doubted: Collection[str] = (),
) -> list[dict[str, Any]]:
    """One entry for each intended action and quarter, in the order of time (JSON).

    Nothing is claimed of the actions in `doubted` (those of `not_by_chance`).
    """
    days = pd.Series(pd.to_datetime(followed.rows["day"], unit="D"))
    quarter = days.dt.to_period("Q").astype(str)
    told = []
    for (period, action), rows in followed.rows.groupby([quarter, "action_id"], sort=True):
        chosen = np.zeros(len(followed.rows), bool)
        chosen[rows.index] = True
        ends = day_of(pd.Period(str(period)).end_time.date()) + 1
        is_over = bool(is_closed(ends, window.last, data_until))
        compared = _compared(followed, chosen, is_over, margin_rate)
        if "checks" in compared and (
            action in doubted or min(compared["checks"].values()) < REFUSED
        ):
            compared["verdict"] = NOT_BY_CHANCE
        told.append(
            {
                "action_id": str(action),
                "period": str(period),
                "closes": date_of(ends + window.last).isoformat(),
                "is_over": is_over,
                **compared,
            }
        )
    return told


def _compared(
    followed: Followed, chosen: BoolArray, is_over: bool, margin_rate: float | None
) -> dict[str, Any]:
    planned, all_of_them = int(chosen.sum()), chosen
    chosen = chosen & followed.closed
    treated = followed.rows["treated"].to_numpy(bool)
    count = {"treated": int(treated[chosen].sum()), "withheld": int((~treated[chosen]).sum())}
    told: dict[str, Any] = {"contacts": planned, "closed": count}
    fewest = min(customers_of(followed.rows[chosen]).values())
    if fewest < FEWEST:
        return told | {"verdict": TOO_FEW, "missing": FEWEST - fewest}
    stays = _outcome(followed, chosen, followed.kept, is_over, planned)
    told |= {"stays": stays, "verdict": _verdict(stays, is_over)}
    told["checks"] = checks_of(followed, all_of_them)
    if followed.spend is not None:
        told["spend"] = _outcome(followed, chosen, followed.spend, is_over, planned)
        if margin_rate is not None:
            told["return"] = _return(followed.rows[chosen], told["spend"], margin_rate)
    return told


def by_action(followed: Followed, usable: BoolArray) -> dict[str, Estimate]:
    """What usable contacts (n,) show of each action over all quarters, and nothing else assumed.

    The adjusted average effect on who stays; none where an arm has too few customers.
    """
    found = {}
    for name in sorted(followed.rows["action_id"].unique()):
        chosen = usable & (followed.rows["action_id"] == name).to_numpy(bool)
        if min(customers_of(followed.rows[chosen]).values()) < FEWEST:
            continue
        estimate = adjusted(
            followed.trial(chosen, followed.kept), expected=followed.expected[chosen]
        )
        if estimate.se > 0:  # else all did the same
            found[str(name)] = estimate
    return found


def _outcome(
    followed: Followed, chosen: BoolArray, outcome: FloatArray, is_over: bool, planned: int
) -> dict[str, Any]:
    """Means of the arms, plain and adjusted differences, and the interval that counts now."""
    trial = followed.trial(chosen, outcome)
    plain, better = difference(trial), adjusted(trial, expected=followed.expected[chosen])
    low, high = (better.low, better.high)
    if not is_over:
        low, high = confidence_sequence(better, len(trial.arm), planned)
    return {
        "mean": {
            name: float(trial.outcome[trial.arm == place].mean()) for place, name in enumerate(ARMS)
        },
        "difference": shown(plain),
        "adjusted": shown(better),
        "interval": {"low": low, "high": high} if np.isfinite(low) else None,
        "narrower": 1 - better.se / plain.se if plain.se > 0 else 0.0,
        "smallest_shown": POWER * better.se,
    }


def shown(found: Estimate) -> dict[str, float]:
    """An estimate as JSON."""
    return {"effect": found.effect, "low": found.low, "high": found.high, "se": found.se}


def _verdict(outcome: dict[str, Any], is_over: bool) -> str:
    interval = outcome.get("interval")
    if interval and interval["low"] > 0:
        return BETTER
    if interval and interval["high"] < 0:
        return WORSE
    return NOT_SHOWN if is_over else RUNNING


def _return(rows: pd.DataFrame, spend: dict[str, Any], margin_rate: float) -> dict[str, Any] | None:
    """Margin, cost and net for each treated; None where nobody noted what contacts cost."""
    cost = rows.loc[rows["treated"], "cost"]
    if "adjusted" not in spend or cost.isna().any():
        return None
    one = spend["adjusted"]
    found = Estimate(one["effect"], one["se"], one["low"], one["high"], p=1.0)
    earned = returns(found, margin_rate, float(cost.mean()))
    return {"cost": earned.cost, "margin": shown(earned.margin), "net": shown(earned.net)}
