"""Fits an explainer: which features form a group, which can be told, and beside what."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd

from features.families import own_events
from features.params import OWN, OWN_NAMES, Churn
from features.snapshot import all_features
from models.churn.reasons import Explainer
from models.churn.shown import features_shown
from models.churn.twins import learn_twins
from models.churn.typical import learn_comparisons
from models.leaving import LAPSE


def fit_explainer(
    rows: pd.DataFrame,
    features: Sequence[str],
    group_of: Mapping[str, str],
    max_reasons: int,
    wording: Mapping[str, dict[str, Any]] | None = None,
    churn: Churn = LAPSE,
) -> Explainer:
    """Group the model's features, and learn what to compare them with.

    Typical values are those of the rows whose customer stayed or, where no outcome is known, of
    all. `group_of` names the group of every feature, and `wording` how features are told that have
    no message. Raises ArtifactError for a group that has no feature to show.
    """
    groups: dict[str, list[str]] = {}
    for name in features:
        group = group_of[name]
        groups.setdefault(_reason_of(name, group), []).append(name)
    columns = list(rows.columns)
    shown = {
        group: features_shown(group, members, features, columns)
        if group in group_of.values()
        else members
        for group, members in groups.items()
    }
    names = sorted({name for several in shown.values() for name in several})
    told = {name: told for name, told in (wording or {}).items() if name in features}
    units = {name: unit for name in names if (unit := _unit_of(name, told))}
    comparisons = learn_comparisons(rows, names, units, churn)
    return Explainer(groups, shown, comparisons, max_reasons, learn_twins(rows, names), told)


def _reason_of(name: str, group: str) -> str:
    """The group, or `group:…` where a feature or all those of one kind of events stand alone."""
    if name.startswith((*OWN_NAMES, OWN)):
        return f"{group}:{name}"
    event = own_events.parse(name)
    return group if event is None else f"{group}:{event.kind}"


def _unit_of(name: str, told: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The unit of a feature: of ours, of an event or of the company's own code."""
    if name in told:
        return str(told[name]["unit"])
    event = own_events.parse(name)
    return _units().get(name) if event is None else event.unit


@cache
def _units() -> Mapping[str, str]:
    return {feature.name: feature.unit for feature in all_features()}
