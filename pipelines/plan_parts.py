"""What stage `plan` reads of each part of the customers, in this process or on workers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from actions.plan.catalog import Catalog
from actions.plan.eligibility import FROM_FEATURES, with_history
from actions.plan.estimates import Estimates
from actions.plan.everybody import Settings
from actions.plan.gates import GATE_TABLES, History, with_pauses
from actions.plan.part import EXPIRES_AT
from actions.plan.setting_limits import limits_owners
from actions.plan.win_back import win_back
from core.files import read_json
from features.planning.timeplan import Timeline
from features.reading import Customers
from features.usability.seasons import YEARLY
from pipelines import stage
from pipelines.reading import categories_of, owners_of, read_snapshot


@dataclass(frozen=True)
class Company:
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
class PlannedPart:
    """A range of customers, read when it is its turn."""

    company: Company
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
        gates = self.company.gates
        # Spark writes a large table to several files.
        files = {name: sorted(gates.glob(f"{name}*.parquet")) for name in GATE_TABLES}
        there = {name: self.customers.read_all(found) for name, found in files.items() if found}
        only_told = read_json(stage.ONLY_TOLD) if stage.ONLY_TOLD.exists() else []
        return History(**there, only_told=tuple(only_told))

    def of(self, estimates: Estimates) -> Estimates:
        """Those of these customers; the estimates of a run are sorted by their ids."""
        return estimates.at(self.customers.places(estimates.customers))


def asked_to_come_back(part: PlannedPart) -> pd.DataFrame:
    """By whom of the lapsed of a part it pays to be asked (actions/plan/win_back.py)."""
    return win_back(part.cards(), part.history(), part.company.settings)
