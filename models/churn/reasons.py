"""Reasons: the groups of features that raise or lower a customer's risk most, by TreeSHAP.

Correlated features (all windows of order counts, say) form one reason: their contributions are
summed (Lundberg et al. 2020, Nature Machine Intelligence 2: Shapley values add up, in log odds).
Reasons say "associated with", never "because": the model saw who left, not why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.errors import ArtifactError
from core.files import read_json, write_json
from features.families import own_events
from features.params import OWN, OWN_NAMES
from models.churn.model import ChurnModel
from models.churn.parametric import BASE
from models.trees.inputs import is_text

FILE = "reasons.json"
DECIMALS = 6  # of a contribution, before groups are put in order by them
SMALLEST_CONTRIBUTION = 0.05  # log odds; below it a group moves the odds by less than 5 %
LONGEST = 100  # characters of a text that is shown

# The features that can be shown for a group: of those the data has, the one that moved this
# customer's risk most in the direction of the group. Second, the feature that holds the customer's
# own usual value, if there is one.
FEATURES_SHOWN: dict[str, tuple[tuple[str, ...], str | None]] = {
    "recency": (("days_since_last_purchase",), None),
    "rhythm": (("days_since_last_purchase",), "gap_mean"),
    "frequency": (("orders_30d", "orders_90d", "orders_180d", "orders_total"), None),
    "trend": (("orders_change_30d", "orders_change_14d", "gap_recent_over_mean"), None),
    "spend": (
        ("amount_90d", "amount_30d", "amount_total", "amount_mean", "lines_per_order_90d"),
        None,
    ),
    "categories": (("categories_90d", "categories_30d", "categories_total"), None),
    "tenure": (("tenure_days",), None),
    "campaigns": (("campaigns_exposed_90d", "campaigns_exposed_total"), None),
    "coupons": (("coupons_redeemed_90d", "coupons_redeemed_total", "days_since_coupon"), None),
    "stores": (("stores_90d", "stores_total"), None),
    "refunds": (("refund_share_90d", "refund_share_total"), None),
    "discounts": (("discounted_orders_share_90d", "discounted_orders_share_total"), None),
    "calendar": (("weekend_share",), None),
    "season": (("orders_year_ago_30d", "orders_year_ago_90d", "season_cosine"), None),
    "visits": (("visits_30d", "visits_90d", "visits_total", "days_since_visit"), None),
    "mailings": (
        ("email_opens_90d", "email_opens_30d", "open_rate_total", "days_since_email_open"),
        None,
    ),
    "loyalty": (("loyalty_points_balance", "referrals_total"), None),
    "contacts": (("contacts_90d", "contacts_30d", "days_since_contact"), None),
    "consents": (("channels_granted",), None),
    "support": (
        ("complaints_open", "tickets_open", "complaints_90d", "tickets_90d", "csat_mean"),
        None,
    ),
    "surveys": (("nps_last", "nps_change", "days_since_survey"), None),
    "subscription": (
        (
            "subscription_tenure_days",
            "subscriptions_running",
            "subscriptions_ended",
            "days_to_renewal",
            "payment_overdue_days",
            "subscription_amount",
        ),
        None,
    ),
}


@dataclass(frozen=True)
class Explainer:
    """Which features form a group, which of them can be shown, and their typical values.

    A group is named after its reason group, or `group:feature` where a feature is a reason of its
    own, and `events:kind` where the features of one kind of events are. `typical` is the typical
    value among those who stayed, by feature; a group with an entry in `own_usual` shows the typical
    value of that feature. `wording` holds unit and label of features that have no message, and goes
    into their reasons.
    """

    groups: dict[str, list[str]]
    shown: dict[str, list[str]]
    own_usual: dict[str, str]
    typical: dict[str, float | str | None]
    max_reasons: int
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
        """Up to `max_reasons` reasons per row, strongest first.

        None where the model gives no contributions. A reason holds group, feature, value,
        typical_value (among those who stayed: the median, or the most frequent text), own_usual
        (the customer's own usual value, where the group has one), direction (`up` raises the risk),
        contribution (log odds) and message_key.
        """
        if not model.gives_reasons:
            return [[] for _ in range(len(snapshot))]
        by_feature = model.contributions(snapshot)
        names = list(self.groups)
        values = self._grouped(model, by_feature, snapshot.index)[names].to_numpy(np.float64)
        values = values.round(DECIMALS)
        order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, : self.max_reasons]
        position = {name: i for i, name in enumerate(model.features)}
        of_shown = {
            group: by_feature[:, [position[name] for name in shown]]
            for group, shown in self.shown.items()
            if len(shown) > 1
        }
        columns = {name for shown in self.shown.values() for name in shown}
        columns |= set(self.own_usual.values())
        values_shown = {name: list(snapshot[name]) for name in sorted(columns)}
        reasons = []
        for row, picked in enumerate(order):
            found = []
            for i in picked:
                group, contribution = names[i], values[row, i]
                if abs(contribution) >= SMALLEST_CONTRIBUTION:
                    feature = self._strongest(group, contribution, of_shown, row)
                    found.append(self._reason(group, feature, contribution, row, values_shown))
            reasons.append(found)
        return reasons

    def _strongest(
        self, group: str, contribution: float, of_shown: Mapping[str, FloatArray], row: int
    ) -> str:
        """The feature that moved the risk most in the group's direction; the first if none did."""
        if group not in of_shown:
            return self.shown[group][0]
        along = of_shown[group][row] * np.sign(contribution)
        return self.shown[group][int(along.argmax())] if along.max() > 0 else self.shown[group][0]

    def _reason(
        self,
        group: str,
        feature: str,
        contribution: float,
        row: int,
        values_shown: Mapping[str, list[Any]],
    ) -> dict[str, Any]:
        direction = "up" if contribution > 0 else "down"
        reason_group = group.partition(":")[0]
        usual = self.own_usual.get(group)
        return {
            "group": reason_group,
            "feature": feature,
            "value": _plain(values_shown[feature][row]),
            "typical_value": self.typical[usual or feature],
            "own_usual": _plain(values_shown[usual][row]) if usual else None,
            "direction": direction,
            "contribution": float(contribution),
            "message_key": f"reason.{reason_group}.{direction}",
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
        """Read what `save` wrote; ArtifactError when it is missing."""
        return cls(**read_json(folder / FILE))


def fit_explainer(
    rows: pd.DataFrame,
    features: Sequence[str],
    group_of: Mapping[str, str],
    max_reasons: int,
    wording: Mapping[str, dict[str, Any]] | None = None,
) -> Explainer:
    """Group the model's features and take the typical values of the rows whose customer stayed.

    Where no outcome is known, all rows are used. `group_of` names the group of every feature, and
    `wording` how features are told that have no message.
    Raises ArtifactError for a group that has no feature to show.
    """
    groups: dict[str, list[str]] = {}
    for name in features:
        group = group_of[name]
        groups.setdefault(_reason_of(name, group), []).append(name)
    stayed = rows[rows["churned"] != 1]
    shown: dict[str, list[str]] = {}
    usual: dict[str, str] = {}
    for group, members in groups.items():
        if group not in group_of.values():
            shown[group] = members
            continue
        candidates, own = FEATURES_SHOWN.get(group, ((), None))
        there = [name for name in candidates if name in features]
        # Else a column of the snapshot that the model does not read.
        there = there or [name for name in candidates if name in rows.columns][:1]
        # Else any feature of the group: the data may have lines per order but no amounts, say.
        there = there or (members if group in FEATURES_SHOWN else [])
        if not there:
            raise ArtifactError(
                f"The reason group {group} has no feature to show: add one of the snapshot's "
                "columns to SHOWN in models/churn/reasons.py."
            )
        shown[group] = there
        if own is not None and own in rows.columns:
            usual[group] = own
    needed = {name for names in shown.values() for name in names} | set(usual.values())
    typical = {name: _typical(stayed[name]) for name in sorted(needed)}
    told = {name: told for name, told in (wording or {}).items() if name in features}
    return Explainer(groups, shown, usual, typical, max_reasons, told)


def _reason_of(name: str, group: str) -> str:
    """The group, or `group:…` where a feature or all those of one kind of events stand alone."""
    if name.startswith((*OWN_NAMES, OWN)):
        return f"{group}:{name}"
    event = own_events.parse(name)
    return group if event is None else f"{group}:{event.kind}"


def _typical(stayed: "pd.Series[Any]") -> float | str | None:
    """The median of numbers; the most frequent text, on a tie the first alphabetically."""
    if is_text(stayed):
        most = stayed.mode()
        return _plain(str(most.iloc[0])) if len(most) else None
    return _plain(stayed.median())


def _plain(value: Any) -> float | str | None:
    """A value for JSON, None if unknown: six digits or LONGEST characters are all anyone reads."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
    return round(float(value), 6) if pd.notna(value) and np.isfinite(value) else None
