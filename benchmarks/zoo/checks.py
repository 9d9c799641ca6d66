"""Checks of every company: a sentence for everything that does not hold.

Checks of the cards alone are in card_checks.py.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pandas as pd

from benchmarks.zoo.asking import answers
from benchmarks.zoo.card_checks import (
    dates_cohere,
    money_coheres,
    probabilities_cohere,
    ranks_are_a_permutation,
    status_and_grade_are_honest,
)
from benchmarks.zoo.counting import purchases_known, rows_of
from benchmarks.zoo.walk import Walk, files
from core import errors
from serving.store.database import open_store

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
STATUSES = {"scored", "rule", "insufficient_data", "already_churned"}
MOST_CARDS = 30  # cards requested from the service


def ends_in_words(walk: Walk) -> Iterator[str]:
    """A run ends with a release or with one clear sentence, never with a traceback."""
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
    """A run that stops leaves the last release as it was; one that finishes leaves a whole one."""
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
    """Raw rows are kept, quarantined, repeated, or of guests, as counted by hand."""
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
    """Every buyer has one card, and a customer scored for a lapse bought recently enough."""
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


def pages_and_api_answer(walk: Walk) -> Iterator[str]:
    """List and every tenth card return 200 in both languages, without words of a program."""
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
    """The checks that fail, with their sentences, by name."""
    found = {check.__name__: list(check(walk)) for check in CHECKS}
    return {name: said for name, said in found.items() if said}
