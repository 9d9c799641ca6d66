"""What must hold for every company. Each check yields a sentence for everything that does not."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from benchmarks.zoo.asking import answers
from benchmarks.zoo.counting import purchases_known, rows_of
from benchmarks.zoo.walk import Walk, files
from serving.store import open_store
from sources import errors

Check = Callable[[Walk], Iterator[str]]
ERRORS = {name for name, one in vars(errors).items() if isinstance(one, type)}
PROGRAMS_WORDS = re.compile(
    r"\b(?:nan|NaN|NaT|None|Traceback|KeyError|ValueError)\b|<class|object at 0x"
)
# A word that says what to do.
CURE = re.compile(
    r"\b(?:Bring|Check|Set|Shorten|Lengthen|Raise|Lower|Name|Rename|Mend|Add|Take|Map|Export|Choose"
    r"|Write|write|Run|run|Give|Wait|Save|Put|Split|Say|Make|Use|Leave|Derive|that works|Convert"
    r"|Declare|Correct|Look)\b"
)
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
STATUSES = {"scored", "rule", "insufficient_data", "already_churned"}
JUDGED_BEST, OTHER_CUSTOMERS, UNJUDGED = 1, 4, (6, 7)  # rungs of the ladder
MOST_CARDS = 30  # asked of the service
CLOSE = 1e-6


def ends_in_words(walk: Walk) -> Iterator[str]:
    """A road ends with a release or with one clear sentence, never with a traceback."""
    ended = walk.ended
    if ended.crash:
        yield f"{ended.stage} ends with a traceback: {ended.crash.strip().splitlines()[-1]}"
    elif not ended.through:
        name, _, said = ended.error.partition(": ")
        if name not in ERRORS:
            yield f"{name} is no error of ours"
        if len(said) < 40 or not CURE.search(said):
            yield f"not a sentence that says what to do: {said!r}"
        if PROGRAMS_WORDS.search(said):
            yield f"the words of a program in: {said!r}"


def warns_of_nothing(walk: Walk) -> Iterator[str]:
    """No warning of a library reaches the person who runs it."""
    yield from walk.warned


def the_last_release_is_whole(walk: Walk) -> Iterator[str]:
    """A road that stops leaves the last release as it was; one that goes through a whole one."""
    ended = walk.ended
    there = files(ended.release)
    if not ended.through and ended.stage != "publish":
        if there != walk.before:
            changed = {n for n in {*there, *walk.before} if there.get(n) != walk.before.get(n)}
            yield f"stopped at {ended.stage}, and the last release changed: {sorted(changed)}"
        return
    if not ended.through:
        return
    told = walk.manifest["files"]
    found = {name: sha for name, sha in there.items() if name != "manifest.json"}
    if told != found:
        yield f"the manifest tells other files: {sorted(set(told.items()) ^ set(found.items()))}"


def the_same_bytes_twice(walk: Walk) -> Iterator[str]:
    """The same data and parameters give the same release, byte by byte."""
    if not walk.again:
        return
    there = files(walk.ended.release)
    names = sorted(n for n in {*there, *walk.again} if there.get(n) != walk.again.get(n))
    if names:
        yield f"other bytes the second time: {', '.join(names)}"


def every_row_is_accounted_for(walk: Walk) -> Iterator[str]:
    """Rows in are rows kept, quarantined, told twice, or of guests, as counted by hand."""
    if not walk.ended.through:
        return
    counts = json.loads((walk.ended.folder / "data/quarantine/counts.json").read_text())
    for name, frame in walk.company.tables.items():
        told = counts[name]
        if told["rows_in"] != len(frame):
            yield f"{name}: {told['rows_in']} rows in, the file holds {len(frame)}"
        if told["rows_in"] != sum(told.values()) - told["rows_in"]:
            yield f"{name}: the counts do not sum up: {told}"
        kept = len(pd.read_parquet(walk.ended.folder / f"data/tables/{name}.parquet"))
        if told["kept"] != kept:
            yield f"{name}: {told['kept']} kept by the counts, {kept} by the table"
    if "orders" in walk.company.tables:
        expected = rows_of(walk.company.tables["orders"], _source(walk))
        told = {name: counts["orders"][name] for name in expected}
        if told != expected:
            yield f"orders: {told}, by hand {expected}"


def every_purchase_is_counted(walk: Walk) -> Iterator[str]:
    """The purchases of the release are those counted by hand from the raw rows."""
    if not walk.ended.through or "orders" not in walk.company.tables:
        return
    as_of = pd.Timestamp(walk.manifest["as_of_date"]).date()
    expected = purchases_known(walk.company.tables, as_of, _source(walk))
    told = pd.read_parquet(walk.ended.release / "purchases.parquet")
    both = expected.astype({"customer_id": "str"}).merge(
        told.astype({"customer_id": "str"}),
        on=["customer_id", "event_day"],
        how="outer",
        suffixes=("_by_hand", "_told"),
    )
    other = both[both["orders_by_hand"] != both["orders_told"]]
    if len(other):
        columns = ["customer_id", "event_day", "orders_by_hand", "orders_told"]
        first = other[columns].iloc[0].astype("str").to_dict()
        yield f"{len(other)} of {len(both)} customer-days differ, first: {first}"


def everybody_has_one_card(walk: Walk) -> Iterator[str]:
    """Whoever bought has one card, and who is scored for a lapse bought lately enough."""
    if not walk.ended.through:
        return
    cards = walk.cards
    if cards["customer_id"].duplicated().any():
        yield "a customer has two cards"
    if not set(cards["status"]) <= STATUSES:
        yield f"unknown status: {set(cards['status']) - STATUSES}"
    purchases = pd.read_parquet(walk.ended.release / "purchases.parquet")
    bought, carded = set(purchases["customer_id"]), set(cards["customer_id"])
    if bought - carded:
        yield f"{len(bought - carded)} who bought have no card: {sorted(bought - carded)[:3]}"
    if cards["churn_definition"].iloc[0] == "lapse":
        if carded - bought:
            yield f"{len(carded - bought)} who never bought have a card"
        active = walk.company.params["task"]["active_within_days"]
        silent = (cards["as_of_date"] - cards["last_purchase_date"]).dt.days
        late = (silent > active) if active != "auto" else pd.Series(False, cards.index)
        ranked = cards["status"] != "already_churned"
        if (ranked != ~late).any() and active != "auto":
            yield f"{int((ranked != ~late).sum())} are in the cohort or out of it wrongly"


def probabilities_cohere(walk: Walk) -> Iterator[str]:
    """Probabilities lie in [0, 1], rise with the days, and tell the same as the churn risk."""
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
    """The dates of the next purchase come low, median, high, and none before the as-of date."""
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
    yield from _orders_cohere(scored)
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


def _orders_cohere(scored: pd.DataFrame) -> Iterator[str]:
    near, far = scored["expected_orders"], scored["expected_orders_in_value_horizon"]
    if near.isna().any() or (near < 0).any():
        yield "expected orders unknown or below zero"
    is_longer = scored["value_horizon_days"] >= scored["horizon_days"]
    if (is_longer & (far < near - CLOSE)).any():
        yield "fewer orders in the longer time"
    # Whoever stays buys at least once; a subscription can run on without a payment.
    is_lapse = scored["churn_definition"] == "lapse"
    if (is_lapse & (near < 1 - scored["churn_risk"] - CLOSE)).any():
        yield "fewer orders expected than the curve allows"


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
    """Nothing is called a probability that was not judged, and a rule tells none."""
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
    # Of five resamples, which is what quick settings take, an interval need not hold its value.
    if auc and not (0 <= auc["low"] <= auc["high"] <= 1 and 0 <= auc["value"] <= 1):
        yield f"an interval that is none: {auc}"


def pages_and_api_answer(walk: Walk) -> Iterator[str]:
    """List and every tenth card answer with 200 in both languages, without a program's words."""
    if not walk.ended.through:
        return
    everyone = walk.cards["customer_id"].tolist()
    tenth = everyone[:: max(10, len(everyone) // MOST_CARDS)]
    addresses = ["/", "/v1/at-risk", "/monitor", "/forecast", "/v1/monitor"]
    addresses += [f"/customers/{quote(one, safe='')}" for one in tenth]
    addresses += [f"/v1/customers/{quote(one, safe='')}" for one in tenth]
    asked = [f"{one}?language={language}" for one in addresses for language in ("en", "ru")]
    asked += ["/v1/releases/current", "/v1/at-risk?format=csv"]
    engine = open_store(walk.ended.store)
    try:
        found = answers(engine, asked)
    finally:
        engine.dispose()
    for target, (status, text) in found.items():
        may_lack = target.startswith(("/forecast", "/monitor", "/v1/monitor"))
        if status != 200 and not (may_lack and status == 404):
            yield f"{target.split('?')[0]} answers {status}"
        elif PROGRAMS_WORDS.search(re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)):
            word = PROGRAMS_WORDS.search(text)
            yield f"{target} says {word and word[0]!r}"
    told = json.loads(found["/v1/releases/current"][1])
    if told.get("release_id") != walk.manifest["release_id"]:
        yield "another release is served"


def _source(walk: Walk) -> dict[str, Any]:
    source: dict[str, Any] = walk.company.params["source"]
    return source


def _has_amounts(walk: Walk) -> bool:
    tables = walk.company.tables
    main = tables["orders"] if "orders" in tables else tables["subscriptions"]
    return "amount" in main and bool(main["amount"].notna().any())


CHECKS: tuple[Check, ...] = (
    ends_in_words,
    warns_of_nothing,
    the_last_release_is_whole,
    the_same_bytes_twice,
    every_row_is_accounted_for,
    every_purchase_is_counted,
    everybody_has_one_card,
    probabilities_cohere,
    dates_cohere,
    money_coheres,
    ranks_are_a_permutation,
    status_and_grade_are_honest,
    pages_and_api_answer,
)


def broken(walk: Walk) -> dict[str, list[str]]:
    """What does not hold, by the name of the check."""
    found = {check.__name__: list(check(walk)) for check in CHECKS}
    return {name: said for name, said in found.items() if said}
