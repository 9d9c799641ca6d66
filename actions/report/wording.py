"""Puts a judged report into words of either language."""

from collections.abc import Mapping
from typing import Any

from actions.effects.intervals import Estimate
from actions.report.judging import Judged, people
from actions.report.reading import Asked
from actions.report.said import Said
from actions.report.texts import LABELS, LANGUAGES, REASONS, SENTENCES, WARNINGS

DIGITS = 3  # of effects in sentences
SMALLEST_P = 0.001
MOST_TIMES = 100  # times the present customers, beyond which no number is named


class Words:
    """Texts of one language; outcomes of 0 and 1 are told in percentage points."""

    def __init__(self, language: str, is_rate: bool = False) -> None:
        self.place = LANGUAGES.index(language)
        self.is_rate = is_rate

    def sentence(self, key: str, **values: Any) -> str:
        """A part of the sentence that sums up."""
        return SENTENCES[key][self.place].format_map(self._shown(values))

    def warning(self, said: Said) -> str:
        """A warning."""
        return WARNINGS[said.key][self.place].format_map(self._shown(said.values))

    def reason(self, said: Said) -> str:
        """Why a covariate is not used."""
        return REASONS[said.key][self.place].format_map(self._shown(said.values))

    def label(self, key: str, **values: Any) -> str:
        """The name of a figure, or what is told of an arm; unknown numbers are a question mark."""
        shown = {name: "?" if one is None else one for name, one in values.items()}
        return LABELS[key][self.place].format_map(self._shown(shown))

    def amount(self, value: float) -> str:
        """An effect: 12.5 for each customer, or 4.53 percentage points."""
        key, factor = ("points", 100) if self.is_rate else ("each", 1)
        return self.sentence(key, number=self.number(factor * value))

    def number(self, value: float) -> str:
        """A number with three digits, or all of those before its decimal mark."""
        if not abs(value) < float("inf"):
            return "∞" if value > 0 else "−∞"
        whole = abs(value) >= 10 ** (DIGITS - 1)
        text = f"{value:,.0f}" if whole else f"{value:.{DIGITS}g}"
        if "e" in text:
            text = f"{value:.1e}"
        if self.place:
            text = text.replace(",", "\u202f").replace(".", ",")
        return text.replace("-", "−")

    def interval(self, found: Estimate) -> str:
        """The interval of an estimate."""
        key, factor = ("interval_points", 100) if self.is_rate else ("interval", 1)
        ends = (self.number(factor * end) for end in (found.low, found.high))
        return self.sentence(key, **dict(zip(("low", "high"), ends, strict=True)))

    def _shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._value(name, value) for name, value in values.items()}

    def _value(self, name: str, value: Any) -> str:
        if name == "p":
            return (
                f"< {self.number(SMALLEST_P)}" if value < SMALLEST_P else f"= {self.number(value)}"
            )
        if name == "share":
            return str(value)
        if isinstance(value, int):
            return f"{value:,}".replace(",", "\u202f" if self.place else ",")
        return self.number(value) if isinstance(value, float) else str(value)


def summary(judged: Judged, asked: Asked, words: Words) -> str:
    """The report in a few sentences: what is shown, what is not, and what is missing."""
    trial = judged.prepared.trial
    found = judged.effect.adjusted
    parts: list[str] = []
    common = {"effect": words.amount(found.effect), "interval": words.interval(found)}
    if judged.doubt is not None:
        return words.sentence(judged.doubt.key, **{**judged.doubt.values, **common})
    if trial.outcome.min() == trial.outcome.max():
        value = float(trial.outcome[0])
        parts.append(words.sentence("constant", outcome=asked.outcome, value=value))
    else:
        parts += _average(judged, asked, words)
    parts += _targeting(judged, words)
    return " ".join(parts)


def _average(judged: Judged, asked: Asked, words: Words) -> list[str]:
    trial, found = judged.prepared.trial, judged.effect.adjusted
    treated = " + ".join(trial.arms[1:])
    key = "not_shown"
    if judged.effect.claimed:
        key = "more" if found.effect > 0 else "less"
    size = found.effect if key == "not_shown" else abs(found.effect)
    shown = found
    if key == "less":  # lowered by 3 (2 to 4)
        shown = Estimate(-found.effect, found.se, -found.high, -found.low, found.p)
    parts = [
        words.sentence(
            key,
            treated=treated,
            control=trial.arms[0],
            outcome=asked.outcome,
            effect=words.amount(size),
            interval=words.interval(shown),
        )
    ]
    if len(trial.arms) > 2:
        arms = ", ".join(
            words.sentence(
                "arm_shown" if one.claimed else "arm_not_shown",
                name=name,
                effect=words.amount(one.adjusted.effect),
            )
            for name, one in judged.by_arm.items()
        )
        parts.append(words.sentence("by_arm", arms=arms))
        if key == "not_shown" and not found.low <= 0 <= found.high:
            parts.append(words.sentence("within_chance", count=len(judged.by_arm) + 1))
    if not judged.claims:
        n, more = people(trial), judged.more
        findable = words.amount(judged.findable)
        if more is None or more > MOST_TIMES * n:
            parts.append(words.sentence("not_enough_at_all", n=n, findable=findable))
        else:
            rounded = _rounded(more)
            parts.append(words.sentence("not_enough", n=n, findable=findable, more=rounded))
    return parts


def _rounded(count: int) -> int:
    """Up, to two digits: a forecast says no more."""
    scale = int(10 ** max(len(str(count)) - 2, 0))
    return -(-count // scale) * scale


def _targeting(judged: Judged, words: Words) -> list[str]:
    policy = judged.targeting
    if policy is None:
        has = judged.prepared.trial.covariates.shape[1] > 0
        return [words.sentence("too_few_to_target" if has else "no_covariates")]
    if judged.is_targeting_claimed:
        return [
            words.sentence(
                "targeting",
                share=f"{policy.share:.0%}",
                over_all=words.amount(policy.over_all.effect),
                over_nobody=words.amount(policy.over_nobody.effect),
            )
        ]
    if judged.differs:
        qini = policy.qini
        return [words.sentence("differs", qini=float(qini.value), se=float(qini.se))]
    return [words.sentence("no_targeting")]
