"""What scoring anew takes beside the models: tables, features and dates, as the release had them.

Stage `release` writes it to `live/basis.json`. It holds nothing about any customer.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ibis

from core.errors import ArtifactError
from core.files import read_json, write_json
from features.families import own_events
from features.families.definition import TEXT, Feature
from features.families.own_events import OwnKind, event_features
from features.history.facts import Schemas
from features.params import ATTRIBUTE, LABEL
from features.planning.timeplan import Timeline
from features.snapshot import supported
from models.params import BandParams

FOLDER, FILE = "live", "basis.json"
ANY_HISTORY = 1_000_000  # days: whether the history is long enough was decided when it was made
READY_TABLE = (
    "The release is made of a table with a label: its features come made, and there is no history "
    "to score."
)
DERIVED = (
    "The payments of this company are derived from its subscriptions by `make run`; a history that "
    "is sent has none."
)
OWN_CODE = (
    "The release was made with code of the company's own, which this service does not run: its "
    "customers are scored by `make run` alone."
)


@dataclass(frozen=True)
class Basis:
    """The tables' schemas, the features by name, the time plan, and settings of the cards.

    `usual_gap` is the median gap of the cohort (days), against which the stage of a customer with
    one purchase is told, and `popular` how the cohort buys each category. `why_not` says why
    histories cannot be scored with this release; None where they can.
    """

    schemas: dict[str, dict[str, str]]
    features: dict[str, str]  # the unit of each
    timeline: Timeline
    bands: BandParams
    valid_days: int
    currency: str | None
    usual_gap: float | None
    popular: list[dict[str, Any]]
    rung: int | None
    why_not: str | None = None

    def save(self, folder: Path) -> None:
        """Write `basis.json`."""
        content = asdict(self) | {
            "timeline": self.timeline.to_json(),
            "bands": self.bands.model_dump(),
        }
        write_json(folder / FILE, content)

    @classmethod
    def load(cls, folder: Path) -> "Basis":
        """Read what `save` wrote. Raises ArtifactError when it is missing or of other code."""
        content: dict[str, Any] = read_json(folder / FILE)
        try:
            content["timeline"] = Timeline.from_json(content["timeline"])
            content["bands"] = BandParams(**content["bands"])
            return cls(**content)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(
                f"{folder / FILE} is not what this code reads ({error}): run `dvc repro release`."
            ) from None

    def table_schemas(self) -> Schemas:
        """The schemas of the checked tables."""
        return {name: ibis.schema(columns) for name, columns in self.schemas.items()}

    def known_features(self) -> tuple[Feature, ...]:
        """The features, as functions. Raises ArtifactError for one that this code does not have."""
        names = list(self.features)
        attributes = [n.removeprefix(ATTRIBUTE) for n in names if n.startswith(ATTRIBUTE)]
        there, _ = supported(
            self.table_schemas(), ANY_HISTORY, attributes, event_features(_kinds(names))
        )
        by_name = {feature.name: feature for feature in there}
        unknown = [name for name in names if name not in by_name]
        if unknown:
            raise ArtifactError(
                f"This code does not have the features {', '.join(unknown[:5])} of the release: "
                "it was made by other code. Run `dvc repro release` and publish it."
            )
        return tuple(by_name[name] for name in names)

    @property
    def text_features(self) -> frozenset[str]:
        """The features whose values are text."""
        return frozenset(name for name, unit in self.features.items() if unit == TEXT)


def why_not(timeline: Timeline, has_own_code: bool, has_derived_orders: bool) -> str | None:
    """Why histories cannot be scored with a release; None where they can."""
    if timeline.churn == LABEL:
        return READY_TABLE
    if has_derived_orders:
        return DERIVED
    return OWN_CODE if has_own_code else None


def _kinds(names: list[str]) -> tuple[OwnKind, ...]:
    """The kinds of events of the company's own that give features, by the features' names."""
    with_values: dict[str, bool] = {}
    for name in names:
        told = own_events.parse(name)
        if told is not None:
            of_values = own_events.STATISTICS[told.statistic].of_values
            with_values[told.kind] = with_values.get(told.kind, False) or of_values
    return tuple(OwnKind(kind, 0, 0, has_value) for kind, has_value in with_values.items())
