"""Monitoring: drift since training, how past releases turned out, and whether to retrain."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray, blocks
from models.churn.model import ChurnModel
from models.judging.realised import falls_short
from models.params import MonitorParams
from models.watching.drift import Size, feature_drift, shift
from models.words import CALIBRATED, DRIFTED

MOST_ROWS = 200_000  # of the rows learned from: more would change no digit that is shown
MOST_NAMED = 5
FEW_ROWS = 25_000  # whose risks are told at once


def compared(learned: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows learned from that drift is measured against: all of them, or MOST_ROWS at random."""
    return learned.sample(MOST_ROWS, random_state=seed) if len(learned) > MOST_ROWS else learned


def drift(
    churn: ChurnModel, then: pd.DataFrame, now: pd.DataFrame, params: MonitorParams
) -> dict[str, Any]:
    """`score` and `features`: the snapshots of the score date against those learned from.

    `then` are those of `compared`. Without any nothing can be compared: `score` and `drifted` are
    None.
    """
    if then.empty:
        return {"score": None, "features": [], "drifted": None}
    gain = dict(churn.importance().itertuples(index=False, name=None))
    features = feature_drift(then, now, gain, params)
    size = Size(int(then["customer_id"].nunique()), len(now))
    before, after = _risks(churn, then), _risks(churn, now)
    score = {
        **shift(pd.Series(before), pd.Series(after), size, params),
        "mean_then": float(np.mean(before)),
        "mean_now": float(np.mean(after)),
    }
    drifted = [feature for feature in features if feature["level"] == DRIFTED]
    return {
        "score": score,
        "features": features,
        "drifted": {
            "features": len(drifted),
            "gain_share": float(sum(feature["gain_share"] for feature in drifted)),
        },
    }


def _risks(churn: ChurnModel, rows: pd.DataFrame) -> FloatArray:
    """The churn risk of each row (n,): what trees and columns make of the rows is of a block."""
    return np.concatenate([churn.predict(rows.iloc[some]) for some in blocks(len(rows), FEW_ROWS)])


def advice(
    report: Mapping[str, Any],
    latest: Mapping[str, Any] | None,
    newly_closed: bool,
    params: MonitorParams,
) -> dict[str, Any]:
    """`retrain`, and `reasons`: which figure crossed which limit, as message key and values.

    `report` is that of `drift`, `latest` the newest release that could be judged. Retraining is
    advised by drift of the score or of features with much of the trees' gain, and by a release that
    ranked worse than promised, or in which more or fewer left than predicted, beyond what chance
    explains. Where no outcome is `newly_closed` since the models learned, drift is reported but
    advises nothing: there is nothing new to learn from.
    """
    of_drift, of_release = _of_drift(report, params), _of_release(latest) if latest else []
    retrain = bool(of_release or (of_drift and newly_closed))
    return {
        "retrain": retrain,
        "reasons": [*of_drift, *of_release],
        "newly_closed": newly_closed,
    }


def _of_drift(report: Mapping[str, Any], params: MonitorParams) -> list[dict[str, Any]]:
    found, score, drifted = [], report["score"], report["drifted"]
    if score is None:
        return []
    if score["level"] == DRIFTED:
        found.append(_reason("score", psi=score["psi"], limit=params.psi_drifted))
    if drifted["gain_share"] >= params.gain_share:
        names = [feature for feature in report["features"] if feature["level"] == DRIFTED]
        names.sort(key=lambda feature: -feature["gain_share"])
        found.append(
            _reason(
                "features",
                n=drifted["features"],
                gain_share=drifted["gain_share"],
                limit=params.gain_share,
                names=[feature["feature"] for feature in names[:MOST_NAMED]],
            )
        )
    return found


def _of_release(release: Mapping[str, Any]) -> list[dict[str, Any]]:
    found, promised = [], release["promised"]
    as_of = {"as_of_date": release["as_of_date"]}
    everybody, untreated = release["groups"]["all"], release["groups"]["untreated"]
    for name in ("auc", "capture_at_10"):
        if name in everybody and name in promised and falls_short(everybody[name], promised[name]):
            values = {"promised": promised[name]["value"], **everybody[name], **as_of}
            found.append(_reason(name, **values))
    ratio = untreated.get("observed_over_expected")
    low, high = CALIBRATED
    if ratio and not low <= ratio["value"] <= high and not ratio["low"] <= 1 <= ratio["high"]:
        found.append(_reason("calibration", **ratio, **as_of, limit_low=low, limit_high=high))
    return found


def _reason(name: str, **values: Any) -> dict[str, Any]:
    return {"message_key": f"monitor.reason.{name}", "values": values}


def latest_judged(releases: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The newest release with figures for all its customers; None where there is none."""
    judged = [release for release in releases if "auc" in release.get("groups", {}).get("all", {})]
    return max(judged, key=lambda release: release["as_of_date"], default=None)
