"""Stage `plan`: score cards and the catalogue in; one intended action per customer out."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from actions.plan.catalog import Catalog
from actions.plan.catalog_file import load_catalog
from actions.plan.eligibility import FROM_FEATURES, with_history
from actions.plan.estimates import Estimates
from actions.plan.gates import GATE_TABLES, History, with_pauses
from actions.plan.plan import make_plan
from actions.plan.win_back import win_back
from core.digits import as_told
from core.files import read_json, write_json
from core.parts import in_parts, write_parts
from features.building import tables_at
from features.engines.duckdb import DuckEngine
from features.history.category_history import read_history
from features.planning.timeplan import Timeline
from features.usability.seasons import YEARLY
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import known_owners, read_snapshot, read_timeline
from pipelines.reports.plan_report import plan_report
from serving.wording.languages import Language


def main() -> None:
    """Plan the actions, gates first and arms last."""
    params = load_params().actions
    catalog, timeline = load_catalog(params.catalog), read_timeline()
    there = [name for name in stage.table_names() if name in GATE_TABLES]
    history = tables_at(DuckEngine(stage.tables(there)), timeline, there)
    only_told = read_json(stage.ONLY_TOLD) if stage.ONLY_TOLD.exists() else []
    report = read_json(stage.USABILITY)
    is_seasonal = YEARLY in {finding["check"] for finding in report["findings"]}
    cards = with_pauses(_cards(catalog, timeline), report["long_gap_days"], is_seasonal)
    # The next plan is due when the cards of this one expire.
    between = pd.Timedelta(days=load_params().timeline.step_days)
    cards = cards.assign(expires_at=cards["as_of_date"] + between)
    known = History(**history, only_told=tuple(only_told))
    plan, summary = make_plan(
        cards,
        catalog,
        params,
        known,
        report["currency"],
        Estimates.load(stage.ESTIMATES),
    )
    if told := catalog.misfit(timeline.churn):
        stage.say(told)
    write_parts(in_parts(plan), stage.PLAN)
    asked = win_back(cards, catalog, known, params, report["currency"])
    write_parts(in_parts(asked), stage.WIN_BACK)
    write_json(stage.PLAN_SUMMARY, as_told(summary))
    stage.REPORTS.mkdir(exist_ok=True)
    pages: dict[Language, Path] = {"en": stage.PLAN_PAGE, "ru": stage.PLAN_PAGE_RU}
    for language, path in pages.items():
        path.write_text(plan_report(plan, cards, summary, language), encoding="utf-8")


def _cards(catalog: Catalog, timeline: Timeline) -> pd.DataFrame:
    """The score cards, with what conditions of the catalogue ask besides, and each one's owner."""
    # Lists of records, as reasons are, take most of the memory, and no rule reads them.
    there = pq.read_schema(stage.SCORES)
    flat = [field.name for field in there if not pa.types.is_nested(field.type)]
    cards = pd.read_parquet(stage.SCORES, columns=flat)
    wanted = catalog.categories()
    bought = read_history(stage.CATEGORIES, timeline.score) if wanted else None
    cards = with_history(cards, _features(timeline.score), bought, wanted)
    return cards.merge(known_owners(), on="customer_id", how="left", validate="one_to_one")


def _features(day: int) -> pd.DataFrame:
    return read_snapshot(day, columns=("customer_id", *FROM_FEATURES.values()))


if __name__ == "__main__":
    stage.run(main)
