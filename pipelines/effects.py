"""Stage `effects`: contacts in, with what followed; effects of actions and their report out."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from actions.effects.assigned import wanted
from actions.effects.learners import LearnerParams
from actions.effects.measuring import Known, measure, no_contacts
from actions.plan.catalog_file import load_catalog
from actions.plan.estimates import none_estimated
from actions.plan.gain import has_money
from actions.plan.margin import usable_margin
from actions.plan.offered import ESTIMATED
from core.digits import as_told
from core.files import read_json, write_json
from features.sample import Sample
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import (
    customer_parts,
    read_purchases,
    read_sample,
    read_snapshot,
    read_snapshots,
    read_timeline,
    rows_wanted,
)
from pipelines.reports.effects_report import effects_report
from serving.cards.action_words import NO_ACTIONS, actions_of
from serving.wording.languages import Language
from serving.wording.sentences import sentence

CONTACTS = "contacts"


def main() -> None:
    """Measure what contacts did; without contacts, say what is missing."""
    params = load_params()
    there = stage.table_names()
    estimates = none_estimated(params.actions.effect_confidence)
    facts, actions, currency = no_contacts(), NO_ACTIONS, None
    if CONTACTS in there and not stage.READY_TABLE.exists():
        catalog = load_catalog(params.actions.catalog)
        currency = read_json(stage.USABILITY)["currency"]
        margin = usable_margin(catalog, params.actions.margin_rate, currency)
        known = _known()
        settings = LearnerParams(seed=params.model.seed, threads=params.model.threads)
        facts, estimates = measure(
            known, catalog, params.actions, margin if has_money(known.cards) else None, settings
        )
        actions = actions_of({"actions": catalog.facts()})
    facts = as_told(facts)
    write_json(stage.EFFECTS, facts)
    estimates.save(stage.ESTIMATES)
    pages: dict[Language, Path] = {"en": stage.EFFECTS_PAGE, "ru": stage.EFFECTS_PAGE_RU}
    for language, path in pages.items():
        path.write_text(effects_report(facts, actions, currency, language), encoding="utf-8")
    stage.say(_why_not(facts) or _said(facts["learned"]["actions"]))


def _known() -> Known:
    """What effects are learned from: all contacts, or of a large company those of a sample.

    What is to be expected of customers is learned from the sample that models learn from.
    """
    there, timeline, settings = stage.table_names(), read_timeline(), load_params().model
    paths = stage.tables(name for name in (CONTACTS, "subscriptions") if name in there)
    tables = {name: pd.read_parquet(path) for name, path in paths.items()}
    contacts, learned_from = tables[CONTACTS], read_sample(settings)
    sample = Sample.of_rows(len(contacts), settings.max_rows)
    if not sample.is_everybody:
        tables = {name: rows[sample.has(rows["customer_id"])] for name, rows in tables.items()}
    dates = timeline.as_of_days()
    # a larger sample holds every smaller one
    purchases = read_purchases(max(sample, learned_from, key=lambda one: one.share))
    return Known(
        {name: rows.reset_index(drop=True) for name, rows in tables.items()},
        read_snapshots(learned_from),
        purchases,
        pd.read_parquet(stage.SCORES, columns=_of_cards()),
        timeline,
        before=rows_wanted(wanted(tables[CONTACTS], dates)),
        not_sampled=len(contacts) - len(tables[CONTACTS]),
        today=partial(_today, timeline.score),
    )


def _today(day: int, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    return (read_snapshot(day, customers, columns) for customers in customer_parts(day))


def _of_cards() -> list[str]:
    """What is read of cards, as far as they have it."""
    names = ("customer_id", "churn_risk", "value_if_stays", "value_if_lapses")
    there = pq.read_schema(stage.SCORES).names
    return [name for name in names if name in there]


def _why_not(facts: dict[str, Any]) -> str | None:
    why = facts.get("why_not")
    return why and sentence(why["message_key"], "en", **why["values"])


def _said(actions: list[dict[str, Any]]) -> str:
    count = sum(one["effect_source"] == ESTIMATED for one in actions)
    return f"effects of {count} of {len(actions)} actions are estimated"


if __name__ == "__main__":
    stage.run(main)
