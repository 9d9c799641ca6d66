"""Leak checks: a feature or a model that predicts the outcome too well to be true.

A feature that ranks nearly every leaver above nearly every customer who stays was usually recorded
after the customer had left (leakage: Kaufman, Rosset & Perlich 2011). Such a run stops and names
the feature; a reason written in params.yaml under `model.accepted_leaks` lets it pass.

Features computed from the days of purchases alone use nothing but rows before the as-of date, and
pass with that reason: where everybody buys every thirty days, a customer who bought 23 days ago is
sure to be back within a week. With few leavers some feature sorts them by chance: with fewer than
FEWEST of either outcome nothing is too good to be true.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from core.errors import LeakError, ParamsError, did_you_mean
from features.params import ATTRIBUTE
from features.snapshot import all_features
from models.params import MODEL_ITSELF, ModelParams

FEATURE_LIMIT = 0.95  # AUC of a single feature
MODEL_LIMIT = 0.98  # AUC of the model
FEWEST = 20  # of leavers and of stayers: with fewer, a feature can be this good by chance
OWN_RHYTHM = "made of the days of purchases before the as-of date alone"
AS_SILENCE = "hardly better than the days of purchases before the as-of date alone"
BETTER = 0.5  # of the rhythm's errors (1 - AUC): with fewer, a feature knows more than silence does
DOMINANT = 0.60  # share of the model's gain that one feature brings
OUT_OF_DATA = "take it out of the data (or give its rows their known_at)"


def check_leaks(
    alone: "pd.Series[float]", model_auc: float | None, features: Sequence[str], params: ModelParams
) -> list[dict[str, Any]]:
    """Refuse what is too good to be true; return what was accepted: name, auc, limit and reason.

    `alone` is the AUC of each feature alone, `model_auc` that of the model; `features` are all that
    the model reads. The model itself needs no reason where an accepted feature alone exceeds
    MODEL_LIMIT or the rhythm of purchases exceeds FEATURE_LIMIT: the model cannot be worse than
    these. Raises LeakError naming every feature above its limit, or the strongest feature when only
    the model is above its own; ParamsError for a reason given for a feature that does not exist.
    """
    _check_names(params.accepted_leaks, features)
    reasons = dict.fromkeys(_own_rhythm(), OWN_RHYTHM) | params.accepted_leaks
    found = {str(name): float(area) for name, area in alone[alone > FEATURE_LIMIT].items()}
    rhythm = max((area for name, area in found.items() if name in _own_rhythm()), default=0.0)
    if rhythm:
        # Where silence alone shows who has left, so do visits and whatever else stops with the
        # customer.
        reasons |= {
            name: AS_SILENCE
            for name, area in found.items()
            if name not in reasons and 1.0 - area >= (1.0 - rhythm) * BETTER
        }
    unexplained = {name: area for name, area in found.items() if name not in reasons}
    if unexplained:
        named = ", ".join(f"{name} (AUC {area:.3f})" for name, area in unexplained.items())
        many = len(unexplained) > 1
        first = next(iter(unexplained))
        raise LeakError(
            f"Too good to be true: {named} alone {'tell' if many else 'tells'} who leaves, above "
            f"{FEATURE_LIMIT}. The last release stays as it is. {_do(unexplained)}model: "
            f"accepted_leaks: {{{_key(first)}: <why it was known>}}."
        )
    accepted = [
        {"name": name, "auc": area, "limit": FEATURE_LIMIT, "reason": reasons[name]}
        for name, area in found.items()
    ]
    explained = rhythm or max(found.values(), default=0.0) > MODEL_LIMIT
    if (model_auc or 0.0) > MODEL_LIMIT and not explained:
        if MODEL_ITSELF not in reasons:
            raise LeakError(
                f"Too good to be true: the churn model has AUC {model_auc:.3f} on the test dates, "
                f"above {MODEL_LIMIT}. Its strongest feature alone is {alone.index[0]} (AUC "
                f"{float(alone.iloc[0]):.3f}): look there first. The last release stays as it is. "
                f"{_do([])}model: accepted_leaks: {{{MODEL_ITSELF}: <why it can be that good>}}."
            )
        own = {"name": MODEL_ITSELF, "auc": model_auc, "limit": MODEL_LIMIT}
        accepted.append({**own, "reason": reasons[MODEL_ITSELF]})
    return accepted


def dominance(importance: pd.DataFrame) -> list[str]:
    """A warning where one feature brings more than DOMINANT of the model's gain.

    `importance` has the columns feature and gain_share, largest first.
    """
    first = importance.iloc[0]
    if first["gain_share"] <= DOMINANT:
        return []
    return [
        f"{first['feature']} brings {first['gain_share']:.0%} of the gain, more than "
        f"{DOMINANT:.0%}: the model is nearly that feature alone; see that it is known at the "
        "as-of date"
    ]


def _own_rhythm() -> list[str]:
    """The features computed from nothing but the days on which a customer bought."""
    return [
        feature.name
        for feature in all_features()
        if feature.base == "purchase_days" and not feature.needs
    ]


def _do(names: Iterable[str]) -> str:
    """What to do about a leak; a column that is no feature of ours can be left out by its name."""
    ours = {feature.name for feature in all_features()}
    own = [name for name in names if name not in ours and not name.startswith(ATTRIBUTE)]
    out = OUT_OF_DATA
    if own:
        listed = ", ".join(_key(name) for name in own)
        out = f"leave it out, in params.yaml: model: excluded_attributes: [{listed}]"
    return (
        f"Was it known at the as-of date? If not, {out}. If it was, write the reason into "
        "params.yaml: "
    )


def _key(name: str) -> str:
    """A feature's name as a YAML key, quoted if needed: an attribute may have any name."""
    return name if re.fullmatch(r"[A-Za-z]\w*", name) else json.dumps(name, ensure_ascii=False)


def _check_names(reasons: dict[str, str], features: Sequence[str]) -> None:
    for name in reasons:
        if name == MODEL_ITSELF or name in features:
            continue
        hint = did_you_mean(name, [*features, MODEL_ITSELF]) or " Take it out again."
        raise ParamsError(
            f"params.yaml: model.accepted_leaks gives a reason for {name}, which is no feature the "
            f"churn model reads.{hint}"
        )
