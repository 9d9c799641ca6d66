"""Stage `effects`: contacts in, with what followed; effects of actions and their report out."""

from pathlib import Path
from typing import Any

import pandas as pd

from actions.effects.learners import LearnerParams
from actions.effects.measuring import Known, measure, no_contacts
from actions.plan.catalog_file import load_catalog
from actions.plan.estimates import none_estimated
from actions.plan.gain import has_money
from actions.plan.margin import usable_margin
from actions.plan.offered import ESTIMATED
from core.digits import as_told
from core.files import read_json, write_json
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import read_purchases, read_snapshots, read_timeline
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
        catalog, cards = load_catalog(params.actions.catalog), pd.read_parquet(stage.SCORES)
        currency = read_json(stage.USABILITY)["currency"]
        margin = usable_margin(catalog, params.actions.margin_rate, currency)
        paths = stage.tables(name for name in (CONTACTS, "subscriptions") if name in there)
        known = Known(
            {name: pd.read_parquet(path) for name, path in paths.items()},
            read_snapshots(),
            read_purchases(),
            cards,
            read_timeline(),
        )
        settings = LearnerParams(seed=params.model.seed, threads=params.model.threads)
        facts, estimates = measure(
            known, catalog, params.actions, margin if has_money(cards) else None, settings
        )
        actions = actions_of({"actions": catalog.facts()})
    facts = as_told(facts)
    write_json(stage.EFFECTS, facts)
    estimates.save(stage.ESTIMATES)
    pages: dict[Language, Path] = {"en": stage.EFFECTS_PAGE, "ru": stage.EFFECTS_PAGE_RU}
    for language, path in pages.items():
        path.write_text(effects_report(facts, actions, currency, language), encoding="utf-8")
    stage.say(_why_not(facts) or _said(facts["learned"]["actions"]))


def _why_not(facts: dict[str, Any]) -> str | None:
    why = facts.get("why_not")
    return why and sentence(why["message_key"], "en", **why["values"])


def _said(actions: list[dict[str, Any]]) -> str:
    count = sum(one["effect_source"] == ESTIMATED for one in actions)
    return f"effects of {count} of {len(actions)} actions are estimated"


if __name__ == "__main__":
    stage.run(main)
