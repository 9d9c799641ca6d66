"""Live scoring: histories that are sent in, score cards out, by the same steps as stage `score`.

What a card says by comparison with all other customers (ranks, RFM segment, ABC class, strength,
what holds the customer) takes everybody's history, and is null in a live card.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import ArtifactError
from core.files import check_manifest, version
from features.live import LiveFeatures
from features.timeline import date_of, day_of
from models.bundle import Bundle
from models.cards.category_risks import with_category_risks
from models.cards.ranked import rule_cards
from models.cards.scored import score_alone, with_next_categories
from models.cards.whole import whole
from models.churn.reasons import Explainer
from models.customers.relationship import relationship_level, second_purchase
from models.customers.segments import lifecycle_stage
from models.next_purchase.category_risk import CategoryRiskModel
from models.next_purchase.what import NextCategoriesModel
from models.params import BandParams
from models.simple.silence_rule import Rule
from models.words import PURCHASE_PROBABILITY, REPORTED_DAYS
from serving.cards.stored import Card, fitted
from serving.live.basis import FOLDER, Basis
from serving.live.golden import check_golden, made_up
from serving.live.histories import Sent
from serving.store.errors import HistoryError
from serving.store.shapes import as_in_json, shape_of

MODELS = "models"
# What only the whole cohort shows.
PROBABILITIES = tuple(f"{PURCHASE_PROBABILITY}{days}d" for days in REPORTED_DAYS)
COMPARED = (
    "risk_rank",
    "rank_in_stage",
    "rfm_segment",
    "abc_class",
    "suggested_level",
    "held_by",
)


@dataclass(frozen=True)
class Settings:
    """The settings of cards that scoring anew needs."""

    bands: BandParams
    reasons_share: float


@dataclass(frozen=True)
class Scores:
    """Cards by customer (None: nobody to score) as of a date; `left_out` was not learned from."""

    as_of_date: dt.date
    data_until: dt.date
    cards: list[tuple[str, Card | None]]
    left_out: list[str]


class LiveScorer:
    """The models of one release in memory, with their features. Calls run one after another."""

    def __init__(self, folder: Path, release_id: str) -> None:
        """Load what lies in `folder`: `models/` and `live/` of a release.

        Raises ArtifactError for files that are not those of their manifest, for models of other
        code, and where histories cannot be scored with this release.
        """
        manifest = check_manifest(folder / MODELS)
        self.release_id, self.model_version = release_id, version(manifest)
        self.basis = Basis.load(folder / FOLDER)
        if self.basis.why_not is not None:
            raise ArtifactError(self.basis.why_not)
        self.timeline = self.basis.timeline
        self._rule = Rule.load(folder / MODELS)
        self._served: tuple[Bundle, Explainer, str] | None = None
        if self._rule is None:
            # Threads of one request would only wait for those of others.
            bundle = Bundle.load(folder / MODELS).on_threads(1)
            explainer = Explainer.load(folder / MODELS)
            self._served = (bundle, explainer, self.model_version)
            categories = NextCategoriesModel.load(folder / MODELS)
            self._categories = categories and replace(categories, threads=1)
            self._category_risk = CategoryRiskModel.load(folder / MODELS)
            self._popular = pd.DataFrame(self.basis.popular)
        self.schemas = self.basis.table_schemas()
        self.features = LiveFeatures(self.schemas, self.basis.known_features(), self.timeline)
        self._folder = folder

    def check(self) -> None:
        """Try the golden batch. Raises ArtifactError where the answers differ from those kept."""
        rows = made_up(self.basis.features, self.basis.text_features)
        models = self._rule or (self._served and self._served[0])
        if models is not None:
            check_golden(self._folder / FOLDER, rows, models)
        self.features.snapshot({}, self.timeline.score)

    def score(
        self, histories: Sequence[Any], as_of_date: dt.date | None, with_reasons: bool
    ) -> Scores:
        """Score histories (serving/live/histories.py) as of a date, all by the same models.

        Without a date it is that of the release, or the day after the newest order where that is
        later. Raises HistoryError for a history or a date that cannot be used.
        """
        sent = Sent(histories, self.schemas, self.basis.currency)
        timeline = self._at(as_of_date, sent.newest_day())
        cards = self._scored(sent.customers, sent.tables, timeline, 1.0 if with_reasons else 0.0)
        return Scores(
            date_of(timeline.score),
            date_of(timeline.data_until),
            [(customer, cards.get(customer)) for customer in sent.customers],
            sent.left_out,
        )

    def score_tables(
        self, customers: Sequence[str], tables: Mapping[str, pa.Table], newest: dt.date
    ) -> dict[str, tuple[Card, list[Card]]]:
        """Cards and days with purchases by customer, as of the day after `newest` or later.

        `tables` hold every row of these customers in the release's schemas. Who never bought, or
        objects to profiling, is left out.
        """
        timeline = self._at(None, newest)
        cards = self._scored(customers, tables, timeline, 1.0)
        rows = pa.Table.from_pandas(self.features.timelines(tables, timeline.score)).to_pylist()
        bought: dict[str, list[Card]] = defaultdict(list)
        for row in rows:
            day = row["event_day"].date().isoformat()
            known = {"day": day, "orders": row["orders"], "amount": row.get("amount")}
            bought[row["customer_id"]].append(known)
        return {who: (card, bought[who]) for who, card in cards.items()}

    def _scored(
        self,
        customers: Sequence[str],
        tables: Mapping[str, pa.Table],
        timeline: Any,
        reasons_share: float,
    ) -> dict[str, Card]:
        snapshot, bought = self.features.with_categories(tables, timeline.score)
        cards = self._cards(snapshot, bought, timeline, reasons_share)
        absent = sorted(set(customers) - set(snapshot["customer_id"]))
        if absent:
            cards += self._lapsed(tables, absent, timeline)
        return {card["customer_id"]: card for card in cards}

    def _at(self, as_of_date: dt.date | None, newest: dt.date | None) -> Any:
        """The time plan as of the date that is meant."""
        known_until = max(newest, date_of(self.timeline.data_until)) if newest else None
        after = day_of(known_until) + 1 if known_until else self.timeline.score
        score = max(self.timeline.score, after) if as_of_date is None else day_of(as_of_date)
        if score <= self.timeline.data_from:
            raise HistoryError(
                f"as_of_date {date_of(score)} lies before the data of this release, which begins "
                f"on {date_of(self.timeline.data_from)}."
            )
        until = min(max(self.timeline.data_until, after - 1), score - 1)
        return replace(self.timeline, score=score, data_until=until)

    def _cards(
        self,
        snapshot: pd.DataFrame,
        bought: pd.DataFrame | None,
        timeline: Any,
        reasons_share: float,
    ) -> list[Card]:
        if snapshot.empty:
            return []
        purchases = _last_purchases(snapshot, timeline.score)
        if self._rule is not None:
            cards = rule_cards(snapshot, purchases, self._rule, self.model_version, timeline)
        elif self._served is not None:
            settings = Settings(self.basis.bands, reasons_share)
            cards = score_alone(snapshot, purchases, self._served, timeline, settings)
            cards = _with_relationship(cards, snapshot)
            if bought is not None and len(self._popular):
                cards = self._with_categories(cards, snapshot, bought)
        by_customer = snapshot.set_index("customer_id")
        stages = lifecycle_stage(by_customer, self.basis.usual_gap)
        cards["lifecycle_stage"] = cards["customer_id"].map(stages)
        return self._as_cards(cards, timeline)

    def _with_categories(
        self, cards: pd.DataFrame, snapshot: pd.DataFrame, bought: pd.DataFrame
    ) -> pd.DataFrame:
        """What is bought next, and which categories may be left, as far as there are models."""
        popular = self._popular.assign(as_of_date=snapshot["as_of_date"].iloc[0])
        names = sorted({*popular["category"], *bought["category"]})
        bought = bought.assign(
            category=pd.Categorical(bought["category"], names),
            customer_id=pd.Categorical(bought["customer_id"]),
        )
        if self._categories is not None:
            cards = with_next_categories(cards, snapshot, bought, self._categories, popular)
        if self._category_risk is not None:
            cards = with_category_risks(cards, snapshot, bought, self._category_risk, popular)
        return cards

    def _lapsed(
        self, tables: Mapping[str, pa.Table], customers: list[str], timeline: Any
    ) -> list[Card]:
        """Cards of who bought before and is in no cohort any more; none for who never bought."""
        theirs = {
            name: table.filter(pc.is_in(table["customer_id"], pa.array(customers)))
            for name, table in tables.items()
        }
        purchases = self.features.timelines(theirs, timeline.score)
        if purchases.empty:
            return []
        nobody = pd.DataFrame({"customer_id": pd.Series([], dtype="str")})
        cards = whole(nobody, purchases, self.model_version, timeline)
        if self._rule is None:  # the columns that the others have, empty
            cards = cards.assign(**dict.fromkeys(PROBABILITIES))
        return self._as_cards(cards, timeline)

    def _as_cards(self, cards: pd.DataFrame, timeline: Any) -> list[Card]:
        expires = pd.Timestamp(date_of(timeline.score + self.basis.valid_days)).as_unit("us")
        absent = [name for name in COMPARED if name in cards.columns]
        cards = cards.drop(columns=absent).assign(expires_at=expires, rung=self.basis.rung)
        rows = pa.Table.from_pandas(cards, preserve_index=False).to_pylist()
        told = {"release_id": self.release_id}
        return [fitted(shape_of(as_in_json(row), told)) for row in rows]


def _with_relationship(cards: pd.DataFrame, snapshot: pd.DataFrame) -> pd.DataFrame:
    """The fields of the relationship that a customer's own history shows."""
    level = relationship_level(snapshot).set_axis(snapshot["customer_id"])
    bought_once = (snapshot["orders_total"] == 1).set_axis(snapshot["customer_id"])
    is_one_time = cards["customer_id"].map(bought_once).eq(True)
    cards["relationship_level"] = cards["customer_id"].map(level)
    return cards.join(second_purchase(cards, is_one_time))


def _last_purchases(snapshot: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """The last day with a purchase of the customers of a snapshot who ever bought."""
    known = snapshot[snapshot["days_since_last_purchase"].notna()]
    days = as_of - known["days_since_last_purchase"]
    event_day = pd.to_datetime(days, unit="D").astype("datetime64[us]")
    return pd.DataFrame({"customer_id": known["customer_id"], "event_day": event_day})
