"""What a release says of its data and model, in the reader's language."""

from features.params import LABEL
from models.words import Grade, Ranks
from serving.cards.model import Finding, KeptFinding, KeptModel, ModelReport, Span
from serving.cards.monitor import Monitor
from serving.cards.release import Release
from serving.cards.verdict_words import verdict_in_words, warnings_in_words
from serving.cards.worded import worded_report
from serving.wording.languages import Language
from serving.wording.sentences import is_message, listing, sentence, written
from serving.wording.writing import KINDS, translation, upper_first

RANKS_OF_GRADE: dict[Grade, Ranks] = {"A": "clearly_better", "B": "better", "C": "not_shown"}
ENGLISH: Language = "en"  # of a finding's own sentences


def told(
    release: Release, kept: KeptModel | None, monitor: Monitor | None, language: Language
) -> ModelReport:
    """The report of a release; of one from before reports were kept, what the release says."""
    advice = worded_report(monitor, language).advice if monitor else None
    return ModelReport(
        **release.stamp(),
        span=kept.span if kept else Span(),
        findings=[_finding(one, language) for one in kept.findings] if kept else [],
        quality=release.quality,
        judged=kept.judged if kept else None,
        judged_on=kept.judged_on if kept else None,
        ladder=release.ladder,
        learned_until=kept.learned_until if kept else None,
        scored_as_of=release.as_of_date,
        grade_in_words=grade_in_words(release, language),
        warnings=_warnings(kept, language),
        retrain=advice.retrain if advice else None,
        retrain_why=[one.sentence for one in advice.reasons] if advice else [],
        card=kept.card if kept else "",
    )


def grade_in_words(release: Release, language: Language) -> str | None:
    """What the grade says; None where nothing has judged the models."""
    if release.quality is None:
        return None
    quality = release.quality
    # Older releases tell the grade alone.
    ranks = quality.ranks or RANKS_OF_GRADE[quality.grade]
    return verdict_in_words(ranks, quality.probabilities, language)


def _warnings(kept: KeptModel | None, language: Language) -> list[str]:
    if kept is None or kept.judged is None:
        return []
    return warnings_in_words([part.model_dump() for part in kept.judged.parts], language)


def quality_in_words(release: Release, language: Language) -> str:
    """How good the model was; below the data gates, and unjudged, how far it is away."""
    figures = release.quality
    if figures is None:
        return "; ".join(needs_in_words(release, language))
    dates = listing((written(day, "day", language) for day in figures.test_as_of_dates), language)
    key = "page.quality"
    if release.churn_definition == LABEL:
        key = "page.label.quality" if figures.test_as_of_dates else "page.label.quality_undated"
    return sentence(key, language, **figures.model_dump() | {"dates": dates})


def needs_in_words(release: Release, language: Language) -> list[str]:
    """What a model, or the next rung, needs and the data does not have yet."""
    of_ladder = release.ladder.needs if release.ladder else []
    needs = release.gate.distance if release.gate else of_ladder
    return [
        sentence(f"gate.{need.what}", language, have=need.have, need=need.need) for need in needs
    ]


def rule_in_words(name: str, language: Language) -> str:
    """A simple model by its name in the reports."""
    key = f"model.rule.{name}"
    return sentence(key, language) if is_message(key) else name.replace("_", " ")


def _finding(kept: KeptFinding, language: Language) -> Finding:
    check = translation(f"check.{kept.check}", language, {}, KINDS)
    words = kept.in_words.get(language)
    said = words or kept
    return Finding(
        check=upper_first(check or kept.check.replace("_", " ")),
        severity=kept.severity,
        table=kept.table,
        column=kept.column,
        rows=kept.rows,
        meaning=_whole(said.meaning),
        what_to_do=_whole(said.what_to_do),
        language=language if words else ENGLISH,
    )


def _whole(text: str) -> str:
    """As a sentence: with a capital, and a stop at its end."""
    return upper_first(text) + ("" if text.endswith((".", "?", "!")) else ".")
