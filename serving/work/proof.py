"""Whether actions worked and risks were true, with sentences: the same for the API and the page."""

import datetime as dt
from typing import Any

from sqlalchemy import Engine

from serving.cards.action_words import Actions, action_name
from serving.cards.effects import (
    Became,
    Compared,
    Effects,
    Kept,
    PublishedEffects,
    WhyNot,
    Withheld,
)
from serving.cards.monitor import Became as Judged
from serving.cards.monitor import ClosedRelease
from serving.cards.release import Release
from serving.store.errors import NoReportError
from serving.store.reports import current_report, kept_effects, plan_contents
from serving.wording.languages import Language
from serving.wording.sentences import sentence

WHY = "why_no_effects."


def proof(
    engine: Engine, language: Language, release: str | None = None
) -> tuple[Release, PublishedEffects]:
    """What is known by a release of actions and of earlier releases, in this language.

    Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    its, effects = kept_effects(engine, release)
    closes = its.as_of_date + dt.timedelta(days=its.horizon_days)
    past: list[Kept] = []
    try:
        report = current_report(engine, its.release_id)[1]
        closes = report.next_closes
        past = [_kept(one) for one in reversed(report.releases)]
    except NoReportError:
        pass  # a rule ranks, or the release has not been monitored yet
    return its, PublishedEffects(
        **its.stamp(),
        effects=None if effects is None else _worded(effects, its.actions, language),
        plan=None if its.gate else _withheld(engine, its),
        past=past,
        next_closes=closes,
    )


def _withheld(engine: Engine, release: Release) -> Withheld:
    contents, totals = plan_contents(engine, release.release_id)[1], release.plan
    return Withheld(
        withheld=totals.withheld,
        withheld_by=None if contents is None else contents.withheld_by,
        holdout_share=totals.holdout_share,
        holdout_share_by=totals.holdout_share_by,
        can_show=totals.can_show,
        programme_can_show=None if contents is None else contents.programme_can_show,
    )


def _worded(found: Effects, actions: Actions, language: Language) -> Effects:
    """With the names of actions, and what is to be said of each quarter."""

    def named(one: Any) -> dict[str, Any]:
        return {"name": action_name(one.action_id, actions, language)}

    return found.model_copy(
        update={
            "why_not": found.why_not and _why_not(found.why_not, language),
            "actions": [one.model_copy(update=named(one)) for one in found.actions],
            "periods": [
                one.model_copy(update={**named(one), "sentence": _verdict(one, language)})
                for one in found.periods
            ],
        }
    )


def _why_not(why: WhyNot, language: Language) -> WhyNot:
    text = sentence(f"proof.why_not.{why.message_key.removeprefix(WHY)}", language, **why.values)
    return why.model_copy(update={"sentence": text})


def _verdict(one: Compared, language: Language) -> str:
    return sentence(
        f"proof.verdict.{one.verdict}",
        language,
        missing=one.missing,
        smallest=None if one.smallest_shown is None else 100 * one.smallest_shown,
        closes=one.closes,
    )


def _kept(one: ClosedRelease) -> Kept:
    return Kept(
        release_id=one.release_id,
        as_of_date=one.as_of_date,
        closes=one.closes,
        horizon_days=one.horizon_days,
        auc_promised=one.promised.get("auc"),
        untreated_by=one.untreated_by,
        untreated=_became(one.groups.get("untreated")),
        all=_became(one.groups.get("all")),
    )


def _became(found: Judged | None) -> Became | None:
    """Shares of a group; the interval is that of what was observed against what was expected."""
    if found is None or not found.customers:
        return None
    promised, ratio = found.expected_to_leave / found.customers, found.observed_over_expected
    return Became(
        customers=found.customers,
        promised=promised,
        left=found.left / found.customers,
        low=None if ratio is None else ratio.low * promised,
        high=None if ratio is None else min(ratio.high * promised, 1.0),
        observed_over_expected=ratio,
        auc=found.auc,
    )
