"""Checks of the cards of every company: consistent figures, and honest words."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.zoo.walk import Walk
from models.calendar.model import Calendar
from models.value.ahead import busier

PROBABILITY = "purchase_probability_"
REPORTED = (7, 14, 30, 60, 90)
MONEY = (
    "expected_spend",
    "value_if_stays",
    "value_if_lapses",
    "expected_value",
    "value_at_risk",
    "expected_gain",
)
JUDGED_BEST, OTHER_CUSTOMERS, UNJUDGED = 1, 4, (6, 7)  # rungs of the ladder
CLOSE = 1e-6


def probabilities_cohere(walk: Walk) -> Iterator[str]:
    """Probabilities lie in [0, 1], rise with the days, and agree with the churn risk."""
    if not walk.ended.through:
        return
    cards = walk.cards
    scored = cards[cards["status"] == "scored"]
    names = [f"{PROBABILITY}{days}d" for days in REPORTED if f"{PROBABILITY}{days}d" in cards]
    for name in ("churn_risk", "second_purchase_probability", *names):
        if name in scored:
            told = scored[name].dropna()
            if not told.between(0, 1).all():
                yield f"{name} outside [0, 1]"
    if scored.empty:
        return
    if scored["churn_risk"].isna().any():
        yield "a scored customer has no churn risk"
    if not names:
        yield "scored customers have no curve"
    curve = scored[names].to_numpy("float64")
    if (np.diff(curve, axis=1) < -CLOSE).any():
        yield "the curve falls"
    if (np.diff(np.isnan(curve).astype(int), axis=1) < 0).any():
        yield "the curve has a hole"
    horizon = int(scored["horizon_days"].iloc[0])
    if scored["churn_definition"].iloc[0] == "lapse":
        for days in (d for d in REPORTED if f"{PROBABILITY}{d}d" in cards):
            stays = (1 - scored["churn_risk"]).to_numpy("float64")
            by = scored[f"{PROBABILITY}{days}d"].to_numpy("float64")
            off = by - stays if days <= horizon else stays - by
            if days == horizon:
                off = np.abs(off)
            if np.nanmax(off, initial=0.0) > 1e-5:
                yield f"purchase by {days} days is at odds with the risk over {horizon}"


def dates_cohere(walk: Walk) -> Iterator[str]:
    """Dates of the next purchase are in the order low, median, high, from the as-of date on."""
    if not walk.ended.through or "next_purchase_date_low" not in walk.cards:
        return
    scored = walk.cards[walk.cards["status"] == "scored"]
    ends = [scored[f"next_purchase_date_{end}"] for end in ("low", "median", "high")]
    for before, after, names in ((0, 1, "low, median"), (1, 2, "median, high")):
        if (ends[before] > ends[after]).any():
            yield f"out of order: {names}"
        if (ends[before].isna() & ends[after].notna()).any():
            yield f"beyond reach and then within it: {names}"
    if (ends[0] < scored["as_of_date"]).any():
        yield "expected before the as-of date"
    if not (scored["last_purchase_date"].dropna() < scored["as_of_date"].iloc[0]).all():
        yield "the last purchase is not before the as-of date"


def money_coheres(walk: Walk) -> Iterator[str]:
    """Money is finite, follows from the risk, and is absent where amounts are unknown."""
    if not walk.ended.through:
        return
    cards = walk.cards
    numbers = cards.select_dtypes("number")
    infinite = [
        name
        for name in numbers
        if np.isinf(numbers[name].to_numpy("float64", na_value=np.nan)).any()
    ]
    if infinite:
        yield f"infinite: {infinite}"
    has_amount = _has_amounts(walk)
    money = [name for name in MONEY if name in cards and cards[name].notna().any()]
    if not has_amount and money:
        yield f"nobody knows an amount, and there is money: {money}"
    scored = cards[cards["status"] == "scored"]
    if scored.empty:
        return
    horizon, value_days = (int(scored[n].iloc[0]) for n in ("horizon_days", "value_horizon_days"))
    calendar = Calendar.load(walk.ended.release / "models")
    level = float(busier(calendar, scored.iloc[:1], horizon, value_days)[0])
    yield from orders_cohere(scored, level)
    if not has_amount:
        return
    if "value_at_risk" not in scored:
        yield "amounts are known, and there is no money"
        return
    risk, stays, lapses = (scored[n] for n in ("churn_risk", "value_if_stays", "value_if_lapses"))
    size = 1 + stays.abs()
    for name, expected in (
        ("value_at_risk", risk * (stays - lapses)),
        ("expected_value", (1 - risk) * stays + risk * lapses),
    ):
        if not ((scored[name] - expected).abs() <= CLOSE * size).all():
            yield f"{name} does not follow from risk and values"
    if (scored["value_at_risk"] < -CLOSE * size).any():
        yield "value at risk below zero: leaving would bring money"
    if (stays < 0).any() or (lapses < 0).any():
        yield "a value below zero"


def orders_cohere(scored: pd.DataFrame, level: float = 1.0) -> Iterator[str]:
    """Orders and value of scored cards follow from their curves, and rise with the time."""
    near, far = scored["expected_orders"], scored["expected_orders_in_value_horizon"]
    if near.isna().any() or (near < 0).any():
        yield "expected orders unknown or below zero"
    is_longer = scored["value_horizon_days"] >= scored["horizon_days"]
    if (is_longer & (far < near - CLOSE)).any():
        yield "fewer orders in the longer time"
    # A customer who stays buys at least once; a subscription can run on without a payment.
    is_lapse = scored["churn_definition"] == "lapse"
    if (is_lapse & (near < 1 - scored["churn_risk"] - CLOSE)).any():
        yield "fewer orders expected than the curve allows"
    if is_lapse.all():
        yield from _within_the_curve(scored, level)


def _within_the_curve(scored: pd.DataFrame, level: float) -> Iterator[str]:
    """Nobody is told more than the probability of a purchase by then, as the card tells it, allows.

    Who buys at all within the value horizon buys at least once, no faster than who stays buys
    within the horizon, and brings no more than who stays. `level` is that of the value horizon
    beside that of the horizon.
    """
    horizon, value_days = (int(scored[n].iloc[0]) for n in ("horizon_days", "value_horizon_days"))
    stays, near, far = (
        scored[name].to_numpy("float64")
        for name in ("churn_risk", "expected_orders", "expected_orders_in_value_horizon")
    )
    stays = 1 - stays
    by = {horizon: stays}
    for days in REPORTED:
        if (
            days > horizon
            and scored.get(f"{PROBABILITY}{days}d", pd.Series([np.nan])).notna().all()
        ):
            by[days] = scored[f"{PROBABILITY}{days}d"].to_numpy("float64")
    last = max(days for days in by if days <= value_days)
    later = [by[days] for days in by if days >= value_days]
    # Beyond the last told day the rate of buying does not rise with the silence.
    most = np.minimum(
        1 - (1 - by[last]) ** (value_days / last * level), min(later, key=np.sum, default=1.0)
    )
    if (far < by[last] - CLOSE).any():
        yield "fewer orders in the value horizon than purchases that the curve expects"
    pace = near / np.maximum(stays, 1e-9) * value_days / horizon * level
    if (far > most * pace * (1 + CLOSE) + CLOSE).any():
        yield "more orders in the value horizon than the curve allows"
    if "value_if_stays" in scored:
        if (scored["value_if_lapses"] > scored["value_if_stays"] * (1 + CLOSE)).any():
            yield "who lapses is worth more than who stays"
        value = most * scored["value_if_stays"].to_numpy("float64")
        if (scored["expected_value"] > value * (1 + CLOSE) + CLOSE).any():
            yield "more value than the curve allows"


def ranks_are_a_permutation(walk: Walk) -> Iterator[str]:
    """Ranks are 1 to n, in the order of the risk, or of the silence where a rule ranks."""
    if not walk.ended.through:
        return
    cards = walk.cards
    ranked = cards[cards["status"].isin(["scored", "rule"])]
    if sorted(ranked["risk_rank"].dropna()) != list(range(1, len(ranked) + 1)):
        yield "ranks are not 1 to n"
    if cards["risk_rank"].notna().sum() != len(ranked):
        yield "somebody who is not judged has a rank"
    for status, by in (("scored", "churn_risk"), ("rule", "silence_over_usual")):
        rows = ranked[ranked["status"] == status].sort_values("risk_rank")
        if len(rows) and (rows[by].astype("float64").diff() > CLOSE).any():
            yield f"a later rank has a higher {by}"


def status_and_grade_are_honest(walk: Walk) -> Iterator[str]:
    """Nothing unjudged is called a probability, and a rule gives none."""
    if not walk.ended.through:
        return
    cards, manifest, evaluation = walk.cards, walk.manifest, walk.evaluation
    unjudged = cards[cards["status"] != "scored"]
    told = [n for n in cards if n == "churn_risk" or n.startswith(PROBABILITY) or n in MONEY]
    told += [n for n in cards if n.startswith(("next_purchase_date", "second_purchase_prob"))]
    wrong = [name for name in told if unjudged[name].notna().any()]
    if wrong:
        yield f"told of customers whom no model scored: {wrong}"
    has_scored = (cards["status"] == "scored").any()
    if manifest["gate"] and has_scored:
        yield "a rule ranks by the manifest, and customers are scored"
    if manifest["gate"] is None and (cards["status"] == "rule").any():
        yield "models score by the manifest, and a rule ranks"
    rung = manifest.get("ladder", {}).get("rung", JUDGED_BEST)
    if "rung" in cards and (cards["rung"] != rung).any():
        yield f"cards tell another rung than {rung}"
    churn = evaluation.get("churn", {})
    if rung in UNJUDGED:
        if churn.get("grade") or churn.get("models"):
            yield f"rung {rung} is not judged, and there are figures or a grade"
    elif has_scored:
        yield from _judged(churn)
        if rung == OTHER_CUSTOMERS and churn.get("grade") == "A":
            yield "judged on other customers alone, and graded A"


def _judged(churn: dict[str, Any]) -> Iterator[str]:
    ours = churn.get("models", {}).get("ours")
    if not ours:
        yield "customers are scored by models that nothing judged"
        return
    grade, auc = churn.get("grade"), ours["auc"]
    if grade not in ("A", "B", "C"):
        yield f"no grade: {grade!r}"
    if not churn["rows"]:
        yield "judged on nothing"
    if not 0 < churn["churn_rate"] < 1 and (auc or grade != "C"):
        yield "judged on one kind of outcome, and told how well it ranks"
    # With five resamples, as in the quick settings, an interval need not contain its value.
    if auc and not (0 <= auc["low"] <= auc["high"] <= 1 and 0 <= auc["value"] <= 1):
        yield f"an interval that is none: {auc}"


def _has_amounts(walk: Walk) -> bool:
    tables = walk.company.tables
    main = tables["orders"] if "orders" in tables else tables["subscriptions"]
    # Of several currencies no sum means anything: their money is left out.
    in_one = "currency" not in main or main["currency"].nunique() < 2
    return in_one and "amount" in main and bool(main["amount"].notna().any())
