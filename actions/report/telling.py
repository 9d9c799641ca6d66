"""A judged report as JSON, and as text for a terminal."""

import math
from typing import Any

from actions.effects.intervals import Estimate
from actions.report.judging import Judged, people
from actions.report.reading import Asked
from actions.report.wording import Words, summary
from core.digits import TOLD, to_digits


def as_json(judged: Judged, asked: Asked, words: Words) -> dict[str, Any]:
    """The report: numbers in outcome units, null for what could not be computed, never NaN."""
    trial, policy, prepared = judged.prepared.trial, judged.targeting, judged.prepared
    people_of = _customers(judged)
    arms = {
        name: {"customers": people_of[place], "mean": _number(_mean(judged, place))}
        for place, name in enumerate(trial.arms)
    }
    qini = None if policy is None else policy.qini
    report: dict[str, Any] = {
        "n": people(trial),
        "arms": arms,
        "control": trial.arms[0],
        "average": _effect(judged.effect.plain),
        "adjusted": _effect(judged.effect.adjusted),
        "by_arm": {
            name: {
                "average": _effect(one.plain),
                "adjusted": _effect(one.adjusted),
                "claimed": one.claimed,
            }
            for name, one in judged.by_arm.items()
        },
        "running": {"low": _number(judged.running[0]), "high": _number(judged.running[1])},
        "targeting": {
            "qini": None if qini is None else _number(qini.value),
            "se": None if qini is None else _number(qini.se),
            "gain_over_all": _effect(None if policy is None else policy.over_all),
            "gain_over_nobody": _effect(None if policy is None else policy.over_nobody),
            "treated_share": None if policy is None else _number(policy.share),
            "claimed": judged.is_targeting_claimed,
        },
        "claims": judged.claims,
        "sample_ratio_p": _number(judged.ratio.p),
        "planned_shares": {
            "shares": [_number(share) for share in judged.ratio.planned],
            "is_guess": judged.ratio.is_guess,
        },
        "balance_p": _number(judged.balance.p),
        "arm_predictability": {
            "auc": _number(judged.predicted.auc),
            "p": _number(judged.predicted.p),
        },
        "missing_outcomes": {
            name: int(count) for name, count in zip(trial.arms, prepared.missing, strict=True)
        },
        "findable_effect": _number(judged.findable),
        "more_customers": judged.more,
        "refused": [
            {"column": one.column, "why": words.reason(one.why)} for one in prepared.refused
        ],
        "warnings": [words.warning(one) for one in judged.warnings],
        "sentence": summary(judged, asked, words),
    }
    return report


def as_text(report: dict[str, Any], words: Words) -> list[str]:
    """Lines for a terminal: the sentence first, then the figures that it rests on."""
    lines = [report["sentence"], ""]
    lines += [words.label("arm", name=name, **arm) for name, arm in report["arms"].items()]
    lines.append("")
    for name in ("average", "adjusted"):
        lines.append(f"{words.label(name)}: {words.label('estimate', **report[name])}")
    if len(report["by_arm"]) > 1:
        for arm, one in report["by_arm"].items():
            lines.append(f"{arm}: {words.label('estimate', **one['adjusted'])}")
    targeting = report["targeting"]
    if targeting["qini"] is not None:
        qini, error = (words.number(targeting[name]) for name in ("qini", "se"))
        lines.append(f"{words.label('qini')}: {qini} ± {error}")
        for name in ("gain_over_all", "gain_over_nobody"):
            lines.append(f"{words.label(name)}: {words.label('estimate', **targeting[name])}")
    for name in ("sample_ratio_p", "balance_p"):
        value = report[name]
        lines.append(f"{words.label(name)}: {'?' if value is None else words.number(value)}")
    lines += [f"- {one['column']}: {one['why']}" for one in report["refused"]]
    lines += [f"! {warning}" for warning in report["warnings"]]
    return lines


def _effect(found: Estimate | None) -> dict[str, float | None]:
    if found is None:
        return {"effect": None, "low": None, "high": None}
    return {
        "effect": _number(found.effect),
        "low": _number(found.low),
        "high": _number(found.high),
    }


def _number(value: float) -> float | None:
    return to_digits(float(value), TOLD) if math.isfinite(value) else None


def _customers(judged: Judged) -> list[int]:
    trial = judged.prepared.trial
    if trial.cluster is None:
        return [int(count) for count in trial.counts]
    return [len(set(trial.cluster[trial.arm == arm].tolist())) for arm in range(len(trial.arms))]


def _mean(judged: Judged, arm: int) -> float:
    trial = judged.prepared.trial
    return float(trial.outcome[trial.arm == arm].mean())
