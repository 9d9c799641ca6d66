"""Stage `plan`: score cards and the catalogue in; one intended action per customer out."""

from pathlib import Path

import pandas as pd

from actions.plan.catalog import load_catalog
from actions.plan.gates import History, with_pauses
from actions.plan.plan import make_plan
from core.digits import as_told
from core.files import read_json, write_json
from features.building import tables_at
from features.engines.duckdb import DuckEngine
from features.usability.seasons import YEARLY
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import read_timeline
from pipelines.reports.plan_report import plan_report
from serving.wording.languages import Language

GATE_TABLES = ("contacts", "consents", "tickets")


def main() -> None:
    """Plan the actions, gates first and arms last."""
    params = load_params().actions
    there = [name for name in stage.table_names() if name in GATE_TABLES]
    history = tables_at(DuckEngine(stage.tables(there)), read_timeline(), there)
    only_told = read_json(stage.ONLY_TOLD) if stage.ONLY_TOLD.exists() else []
    report = read_json(stage.USABILITY)
    is_seasonal = YEARLY in {finding["check"] for finding in report["findings"]}
    cards = with_pauses(pd.read_parquet(stage.SCORES), report["long_gap_days"], is_seasonal)
    # The next plan is due when the cards of this one expire.
    between = pd.Timedelta(days=load_params().timeline.step_days)
    cards = cards.assign(expires_at=cards["as_of_date"] + between)
    plan, summary = make_plan(
        cards,
        load_catalog(params.catalog),
        params,
        History(**history, only_told=tuple(only_told)),
        report["currency"],
    )
    stage.write_parquet(plan, stage.PLAN)
    write_json(stage.PLAN_SUMMARY, as_told(summary))
    stage.REPORTS.mkdir(exist_ok=True)
    pages: dict[Language, Path] = {"en": stage.PLAN_PAGE, "ru": stage.PLAN_PAGE_RU}
    for language, path in pages.items():
        path.write_text(plan_report(plan, cards, summary, language), encoding="utf-8")


if __name__ == "__main__":
    stage.run(main)
