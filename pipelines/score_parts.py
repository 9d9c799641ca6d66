"""What stage `score` does for each part of the customers, in this process or on workers.

Every task can be pickled: models are read by the process that it runs in, once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from core.arrays import FloatArray
from core.errors import ArtifactError
from core.files import check_manifest, version
from core.parts import Spilled
from features.planning.timeplan import Timeline
from features.reading import Customers
from models.bundle import Bundle
from models.cards import ranked, scored
from models.cards.beside import with_words
from models.cards.category_risks import with_category_risks
from models.cards.scored import with_next_categories
from models.churn.reasons import Explainer
from models.next_purchase.category_risk import CategoryRiskModel
from models.next_purchase.what import NextCategoriesModel
from models.params import BandParams
from models.value.forecast import AMOUNTS, period_ends, year_earlier
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import history_of, purchases_of, read_snapshot

COMPARED = ("churn_risk", "value_at_risk")  # told of everybody, to be ranked by
FORECAST_COLUMNS = tuple(name for both in AMOUNTS.values() for name in both)
Numbered = tuple[int, Customers]


@dataclass(frozen=True)
class Models:
    """The champion as a process has loaded it; `version` is that of all its files."""

    bundle: Bundle
    explainer: Explainer
    version: str
    what: NextCategoriesModel | None
    leaves: CategoryRiskModel | None

    @property
    def served(self) -> tuple[Bundle, Explainer, str]:
        return self.bundle, self.explainer, self.version

    @property
    def knows_categories(self) -> bool:
        return self.what is not None or self.leaves is not None


def models_of(wanted: str) -> Models:
    """The champion whose version this is, loaded once in each process.

    Raises ArtifactError where the files are others.
    """
    return _models_in(stage.CHAMPION_MODELS.absolute(), wanted)


@lru_cache(maxsize=1)
def _models_in(folder: Path, wanted: str) -> Models:
    load_params()  # the models may be made by code of the company's own
    if version(check_manifest(folder)) != wanted:
        raise ArtifactError(f"{folder}: the models were changed while they were used: score again.")
    what, leaves = NextCategoriesModel.load(folder), CategoryRiskModel.load(folder)
    return Models(Bundle.load(folder), Explainer.load(folder), wanted, what, leaves)


@dataclass(frozen=True)
class Tell:
    """What the models say of a range of customers, kept in `told` under its number.

    Returned are COMPARED, and what the forecast sums up, FORECAST_COLUMNS, as far as they are
    known. `popular` is that of all customers, None without categories.
    """

    version: str
    timeline: Timeline
    bands: BandParams
    popular: pd.DataFrame | None
    told: Spilled

    def __call__(self, part: Numbered) -> tuple[pd.DataFrame, pd.DataFrame]:
        number, customers = part
        models = models_of(self.version)
        snapshot = read_snapshot(self.timeline.score, customers)
        told = scored.tell(snapshot, models.served, self.timeline, self.bands)
        told = self._with_categories(told, snapshot, customers, models)
        self.told.put(number, told)
        expected = told
        if models.bundle.knows_purchases and self.timeline.extrapolated_from is not None:
            # the forecast ends where what was learned ends
            learned = models.bundle.value.learned()
            expected = learned.predict(snapshot, told["churn_risk"].to_numpy())
        return (
            told[[name for name in COMPARED if name in told]],
            expected[[name for name in FORECAST_COLUMNS if name in expected]],
        )

    def _with_categories(
        self, told: pd.DataFrame, snapshot: pd.DataFrame, customers: Customers, models: Models
    ) -> pd.DataFrame:
        if self.popular is None:
            return told
        categories = self.popular["category"].cat.categories
        bought = history_of(customers, self.timeline.score, categories)
        if models.what is not None:
            told = with_next_categories(told, snapshot, bought, models.what, self.popular)
        if models.leaves is not None:
            told = with_category_risks(told, snapshot, bought, models.leaves, self.popular)
        return told


@dataclass(frozen=True)
class MakeCards:
    """The cards of a range of customers, of what `Tell` kept and what they are beside others."""

    version: str
    timeline: Timeline
    rung: int
    told: Spilled

    def __call__(self, part: tuple[int, tuple[Customers, pd.DataFrame]]) -> pd.DataFrame:
        number, (customers, beside) = part
        beside = with_words(beside.drop(columns="customer_id"))
        snapshot = read_snapshot(self.timeline.score, customers)
        told, purchases = self.told.read(number), purchases_of(customers)
        served = models_of(self.version).served
        cards = scored.cards_of(told, beside, snapshot, purchases, served, self.timeline)
        return cards.assign(rung=self.rung)


@dataclass(frozen=True)
class MakeRuleCards:
    """The cards of a range of customers whom the rule has ranked."""

    version: str
    timeline: Timeline
    rung: int

    def __call__(self, part: tuple[Customers, pd.DataFrame]) -> pd.DataFrame:
        customers, told = part
        cards = ranked.cards_of(told, purchases_of(customers), self.version, self.timeline)
        return cards.assign(rung=self.rung)


@dataclass(frozen=True)
class BoughtAYearEarlier:
    """What a range of customers bought a year before the months of the forecast."""

    timeline: Timeline

    def __call__(self, customers: Customers) -> dict[str, FloatArray]:
        ends = period_ends(self.timeline.learned_value_days)
        return year_earlier(purchases_of(customers), self.timeline, self.timeline.score, ends)


def with_rows_of(
    parts: list[Customers], rows: pd.DataFrame
) -> Iterator[tuple[Customers, pd.DataFrame]]:
    """Ranges of customers, each with its rows of a table that is sorted by customer_id."""
    return ((customers, customers.of(rows)) for customers in parts)
