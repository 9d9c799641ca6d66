"""Stage `plan`: score cards and the catalogue in; one intended action per customer out."""

import tempfile
from dataclasses import replace
from pathlib import Path

from actions.plan.catalog_file import load_catalog
from actions.plan.estimates import Estimates
from actions.plan.everybody import Settings
from actions.plan.gates import GATE_TABLES
from actions.plan.plan import plan_of, rows_of
from core.digits import as_told
from core.files import read_json, write_json
from core.parts import write_each
from features.building import write_tables_at
from pipelines import stage
from pipelines.params import load_params
from pipelines.plan_parts import Company, PlannedPart, asked_to_come_back
from pipelines.reading import customer_parts, read_timeline
from pipelines.reports.plan_report import plan_report
from pipelines.workers import table_engine, workers
from serving.wording.languages import Language


def main() -> None:
    """Plan the actions, gates first and arms last."""
    params = load_params().actions
    timeline, report = read_timeline(), read_json(stage.USABILITY)
    estimates = Estimates.load(stage.ESTIMATES)
    settings = Settings(load_catalog(params.catalog), params, report["currency"], estimates)
    parts = customer_parts(timeline.score)
    each = workers(load_params().engine, len(parts))
    with tempfile.TemporaryDirectory(dir=stage.DATA, prefix=".gates-") as folder:
        there = [name for name in stage.table_names() if name in GATE_TABLES]
        columns = {name: GATE_TABLES[name] for name in there}
        engine = table_engine(load_params().engine, len(parts), stage.tables(there))
        write_tables_at(engine, timeline, columns, Path(folder))
        company = Company(
            Path(folder),
            replace(settings, estimates=None),
            timeline,
            report,
            load_params().timeline.step_days,
        )
        planned = [PlannedPart(company, customers) for customers in parts]
        plan = plan_of(planned, settings, each)
        if told := settings.catalog.misfit(timeline.churn):
            stage.say(told)
        write_each(each, rows_of, plan.parts_of_rows(), stage.PLAN)
        write_each(each, asked_to_come_back, planned, stage.WIN_BACK)
    write_json(stage.PLAN_SUMMARY, as_told(plan.summary))
    stage.REPORTS.mkdir(exist_ok=True)
    pages: dict[Language, Path] = {"en": stage.PLAN_PAGE, "ru": stage.PLAN_PAGE_RU}
    for language, path in pages.items():
        path.write_text(plan_report(plan.decided, plan.summary, language), encoding="utf-8")


if __name__ == "__main__":
    stage.run(main)
