"""The plan of a release with names and sentences: the same for the API and the page."""

from sqlalchemy import Engine

from serving.cards.action_words import action_name
from serving.cards.planned import PlanContents, PublishedPlan
from serving.cards.release import Release
from serving.store.reports import plan_contents
from serving.wording.languages import Language
from serving.wording.sentences import label
from serving.work.approvals import approval_of


def planned(
    engine: Engine, language: Language, release: str | None = None
) -> tuple[Release, PublishedPlan]:
    """The plan of a release in this language, and whether it is approved.

    Raises NoPlanError where nothing is planned, and as `current`.
    """
    its, found = plan_contents(engine, release)
    approval = approval_of(engine, its.release_id)[1]
    return its, PublishedPlan(
        **its.stamp(),
        totals=its.plan,
        contents=None if found is None else _worded(found, its, language),
        is_approved=approval.is_approved,
        approval=approval.approval,
    )


def _worded(found: PlanContents, release: Release, language: Language) -> PlanContents:
    actions = []
    for one in found.actions:
        facts = release.actions.get(one.action_id)
        points = facts.talking_points.get(language, ()) if facts else ()
        told = {
            "name": action_name(one.action_id, release.actions, language),
            "talking_points": list(points),
        }
        actions.append(one.model_copy(update=told))
    stopped = [
        one.model_copy(update={"name": label(f"blocked.{one.gate}", language)})
        for one in found.stopped
    ]
    return found.model_copy(update={"actions": actions, "stopped": stopped})
