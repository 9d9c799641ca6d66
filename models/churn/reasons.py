"""Reasons: the groups of features that raise or lower a customer's risk most, by TreeSHAP.

Correlated features (all windows of order counts, say) form one reason: their contributions are
summed (Lundberg et al. 2020, Nature Machine Intelligence 2: Shapley values add up, in log odds).
Reasons say "associated with", never "because": the model saw who left, not why.

Of a group one feature is told, whose value argues for the direction of the reason: against the
customer's own past where there is one, else against customers alike (models/churn/comparisons.py).
Where there is no such feature, the reason is told in words. Two reasons that say the same of a
customer are one (models/churn/twins.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.files import read_json, write_json
from models.churn.comparisons import Comparisons
from models.churn.model import ChurnModel
from models.churn.parametric import BASE
from models.churn.shown import plain_meaning
from models.churn.telling import NOTHING, Telling
from models.churn.twins import Twins, merge
from models.leaving import LAPSE

FILE = "reasons.json"
DECIMALS = 6  # of a contribution, before groups are put in order by them
SMALLEST_CONTRIBUTION = 0.05  # log odds; below it a group moves the odds by less than 5 %
ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Explainer:
    """Which features form a group, which of them can be told, and what they are compared with.

    A group is named after its reason group, or `group:feature` where a feature is a reason of its
    own, and `events:kind` where the features of one kind of events are. `wording` holds unit and
    label of features that have no message, and goes into their reasons.
    """

    groups: dict[str, list[str]]
    shown: dict[str, list[str]]
    comparisons: Comparisons
    max_reasons: int
    twins: Twins = field(default_factory=Twins)
    wording: dict[str, dict[str, Any]] = field(default_factory=dict)

    def contributions(self, model: ChurnModel, snapshot: pd.DataFrame) -> pd.DataFrame:
        """Contribution of each group (n, groups) and `base`, in log odds before calibration.

        Rows sum to the log odds of the model's probability before calibration.
        """
        return self._grouped(model, model.contributions(snapshot), snapshot.index)

    def _grouped(
        self, model: ChurnModel, values: FloatArray, index: "pd.Index[int]"
    ) -> pd.DataFrame:
        position = {name: i for i, name in enumerate(model.features)}
        columns = {
            group: values[:, [position[name] for name in names]].sum(axis=1)
            for group, names in self.groups.items()
        }
        columns[BASE] = values[:, -1]
        return pd.DataFrame(columns, index=index)

    def explain(self, model: ChurnModel, snapshot: pd.DataFrame) -> list[list[dict[str, Any]]]:
        """Up to `max_reasons` reasons per row, strongest first; each row is told by itself.

        None where the model gives no contributions. A reason holds group, feature, value,
        typical_value (the median among those who stayed, or the most frequent text), typical_of
        (`alike`: those with about the same usual gap, or `all`), own_usual (the customer's own
        usual value), direction (`up` raises the risk), contribution (log odds), groups (those it is
        the sum of) and message_key. Of typical_value and own_usual it holds those that argue for
        the direction, and no value where none does.
        """
        if not model.gives_reasons:
            return [[] for _ in range(len(snapshot))]
        parts = range(0, len(snapshot), ROWS_AT_ONCE)
        return [
            reasons
            for first in parts
            for reasons in self._explain(model, snapshot.iloc[first : first + ROWS_AT_ONCE])
        ]

    def _explain(self, model: ChurnModel, rows: pd.DataFrame) -> list[list[dict[str, Any]]]:
        by_feature = model.contributions(rows)
        groups = list(self.groups)
        values = self._grouped(model, by_feature, rows.index)[groups].to_numpy(np.float64)
        values = values.round(DECIMALS)
        # Some more than are told: twins become one, and small ones are left out.
        slots = np.argsort(-np.abs(values), axis=1, kind="stable")[:, : 2 * self.max_reasons]
        strength = np.take_along_axis(values, slots, axis=1)
        names = sorted({name for shown in self.shown.values() for name in shown})
        moved = pd.DataFrame(by_feature[:, :-1], columns=list(model.features))
        telling = Telling.of(names, self.comparisons, rows, moved)
        is_shown = np.array([[name in self.shown[group] for name in names] for group in groups])
        candidates = is_shown[slots]
        told, _ = telling.choose(candidates, strength)
        strength, into = merge(told, telling.zeros(told), strength, self.twins.matrices(names))
        strength = strength.round(DECIMALS)
        # What was merged can be told by the features of any of its groups.
        together = into[:, :, None] == np.arange(into.shape[1])
        candidates = np.einsum("njk,njf->nkf", together, candidates)
        told, ways = telling.choose(candidates, strength)
        order = np.argsort(-np.abs(strength), axis=1, kind="stable")[:, : self.max_reasons]
        reasons = []
        for row, picked in enumerate(order):
            found = []
            for k in picked:
                contribution = float(strength[row, k])
                if abs(contribution) < SMALLEST_CONTRIBUTION:
                    continue
                parts = [groups[slot] for slot in slots[row, together[row, :, k]]]
                feature = int(told[row, k])
                if feature == NOTHING:
                    feature = names.index(self.shown[parts[0]][0])
                sign = 1 if contribution > 0 else -1
                said = telling.said(row, feature, int(ways[row, k]), sign)
                found.append(self._reason(parts, names[feature], said, contribution))
            reasons.append(found)
        return reasons

    def _reason(
        self, parts: Sequence[str], feature: str, said: Mapping[str, Any], contribution: float
    ) -> dict[str, Any]:
        # The group whose feature is told comes first, of several the strongest.
        ordered = sorted(parts, key=lambda group: feature not in self.shown[group])
        names = list(dict.fromkeys(part.partition(":")[0] for part in ordered))
        direction = "up" if contribution > 0 else "down"
        return {
            "group": names[0],
            "feature": feature,
            **said,
            "direction": direction,
            "contribution": contribution,
            "groups": names,
            "message_key": f"reason.{names[0]}.{direction}",
            **self.wording.get(feature, {}),
        }

    def save(self, folder: Path) -> None:
        """Write `reasons.json`."""
        content = asdict(self)
        if not self.wording:
            del content["wording"]
        write_json(folder / FILE, content)

    @classmethod
    def load(cls, folder: Path) -> "Explainer":
        """Read what `save` wrote; ArtifactError when it is missing.

        Champions of older releases know typical values among all who stayed, and nothing more.
        """
        content = read_json(folder / FILE)
        if "comparisons" not in content:
            features = {name for shown in content["shown"].values() for name in shown}
            typical = {name: content["typical"][name] for name in features}
            meanings = {name: plain_meaning(name, LAPSE) for name in features}
            content["comparisons"] = {"typical": typical, "meanings": meanings}
        return cls(
            groups=content["groups"],
            shown=content["shown"],
            comparisons=Comparisons.from_dict(content["comparisons"]),
            max_reasons=content["max_reasons"],
            twins=Twins(**content.get("twins", {})),
            wording=content.get("wording", {}),
        )
