"""Stage `plan`: score cards and the catalogue in; one intended action per customer out."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from actions.plan.catalog import Catalog
from actions.plan.catalog_file import load_catalog
from actions.plan.eligibility import FROM_FEATURES, with_history
from actions.plan.estimates import Estimates
from actions.plan.everybody import Settings
from actions.plan.gates import GATE_TABLES, History, with_pauses
from actions.plan.part import EXPIRES_AT
from actions.plan.plan import plan_of
from actions.plan.setting_limits import limits_owners
from actions.plan.win_back import win_back
from core.digits import as_told
from core.files import read_json, write_json
from core.parts import write_parts
from features.building import write_tables_at
from features.engines.duckdb import DuckEngine
from features.planning.timeplan import Timeline
from features.reading import Customers
from features.usability.seasons import YEARLY
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import (
    categories_of,
    customer_parts,
    owners_of,
    read_snapshot,
    read_timeline,
)
from pipelines.reports.plan_report import plan_report
from serving.wording.languages import Language


def main() -> None:
    """Plan the actions, gates first and arms last."""
    params = load_params().actions
    timeline, report = read_timeline(), read_json(stage.USABILITY)
    estimates = Estimates.load(stage.ESTIMATES)
    settings = Settings(load_catalog(params.catalog), params, report["currency"], estimates)
    step_days = load_params().timeline.step_days
    with tempfile.TemporaryDirectory(dir=stage.DATA, prefix=".gates-") as folder:
        there = [name for name in stage.table_names() if name in GATE_TABLES]
        columns = {name: GATE_TABLES[name] for name in there}
        write_tables_at(DuckEngine(stage.tables(there)), timeline, columns, Path(folder))
        company = _Company(Path(folder), settings, timeline, report, step_days)
        parts = [_Part(company, customers) for customers in customer_parts(timeline.score)]
        plan = plan_of(parts, settings)
        if told := settings.catalog.misfit(timeline.churn):
            stage.say(told)
        write_parts(plan.rows(), stage.PLAN)
        asked = (win_back(part.cards(), part.history(), settings) for part in parts)
        write_parts(asked, stage.WIN_BACK)
    write_json(stage.PLAN_SUMMARY, as_told(plan.summary))
    stage.REPORTS.mkdir(exist_ok=True)
    pages: dict[Language, Path] = {"en": stage.PLAN_PAGE, "ru": stage.PLAN_PAGE_RU}
    for language, path in pages.items():
        path.write_text(plan_report(plan.decided, plan.summary, language), encoding="utf-8")


@dataclass(frozen=True)
class _Company:
    """What is known of the company whose customers are planned; gate tables lie in a folder."""

    gates: Path
    settings: Settings
    timeline: Timeline
    report: dict[str, Any]  # on usability
    step_days: int

    @property
    def catalog(self) -> Catalog:
        return self.settings.catalog

    @property
    def is_seasonal(self) -> bool:
        """Whether nearly all orders fall into one season."""
        return YEARLY in {finding["check"] for finding in self.report["findings"]}


@dataclass(frozen=True)
class _Part:
    """A range of customers, read when it is its turn."""

    company: _Company
    customers: Customers

    def cards(self) -> pd.DataFrame:
        """The score cards, with what conditions of the catalogue ask besides, and the owners."""
        company, day = self.company, self.company.timeline.score
        # Lists of records, as reasons are, take most of the memory, and no rule reads them.
        there = pq.read_schema(stage.SCORES)
        flat = [field.name for field in there if not pa.types.is_nested(field.type)]
        cards = self.customers.read(stage.SCORES, flat)
        wanted = company.catalog.categories()
        bought = categories_of(self.customers, day) if wanted else None
        columns = ("customer_id", *FROM_FEATURES.values())
        cards = with_history(cards, read_snapshot(day, self.customers, columns), bought, wanted)
        if limits_owners(company.catalog, company.settings.params):
            owners = owners_of(self.customers)
            cards = cards.merge(owners, on="customer_id", how="left", validate="one_to_one")
        cards = with_pauses(cards, company.report["long_gap_days"], company.is_seasonal)
        # The next plan is due when the cards of this one expire.
        between = pd.Timedelta(days=company.step_days)
        return cards.assign(**{EXPIRES_AT: cards["as_of_date"] + between})

    def history(self) -> History:
        """The tables that gates read, as they stood at the score date."""
        paths = {name: self.company.gates / f"{name}.parquet" for name in GATE_TABLES}
        there = {name: self.customers.read(p) for name, p in paths.items() if p.exists()}
        only_told = read_json(stage.ONLY_TOLD) if stage.ONLY_TOLD.exists() else []
        return History(**there, only_told=tuple(only_told))


if __name__ == "__main__":
    stage.run(main)
