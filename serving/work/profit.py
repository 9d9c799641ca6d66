"""From which risk on a contact pays, for any costs, from the counts that a release keeps."""

from sqlalchemy import Engine

from models.probability.cuts import Cuts, Terms
from serving.cards.profit import TERMS, BestCut, CutProfit, KeptCuts, Profit, ProfitQuery, Today
from serving.cards.query import AtRiskQuery
from serving.cards.release import Release
from serving.store.errors import NoReportError
from serving.store.model_report import cuts_of
from serving.work.threshold import threshold


def profit(engine: Engine, asked: ProfitQuery) -> tuple[Release, Profit]:
    """The curve at these terms, its best cut, and what that reaches of the list.

    Raises NoReportError for a release that keeps no counts, and as `current`.
    """
    its, kept = cuts_of(engine, asked.release)
    if kept is None:
        raise NoReportError(
            f"Release {its.release_id} does not tell from which risk on a contact pays: a rule "
            "ranks in it, nothing has judged its models, or it is older than this. Run `make run`."
        )
    told = _told(asked, kept)
    is_as_kept = kept.terms is not None and told == kept.terms.model_dump(exclude={"offer"})
    offer = kept.terms.offer if kept.terms is not None and is_as_kept else None
    missing = [name for name, value in told.items() if value is None]
    facts = {**its.stamp(), **told, "currency": its.currency, "offer": offer, "missing": missing}
    if missing:
        return its, Profit.model_validate({**facts, "best": None, "today": None, "curve": []})
    cuts, terms = Cuts.from_json(kept.model_dump()), Terms(**_known(told))
    curve, best = _curve(cuts, terms), cuts.best(terms)
    found = BestCut(
        **curve[best.place].model_dump(), share_low=best.share_low, share_high=best.share_high
    )
    answer = Profit.model_validate(
        {**facts, "best": found, "today": _today(engine, found, asked.release), "curve": curve}
    )
    return its, answer


def _told(asked: ProfitQuery, kept: KeptCuts) -> dict[str, float | None]:
    """The terms asked for, the others as the evaluation had them; an incentive may be nothing."""
    told: dict[str, float | None] = {}
    for name in TERMS:
        value = getattr(asked, name)
        known = getattr(kept.terms, name) if kept.terms else None
        told[name] = known if value is None else value
    if told["incentive_cost"] is None:
        told["incentive_cost"] = 0.0
    return told


def _known(told: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in told.items() if value is not None}


def _curve(cuts: Cuts, terms: Terms) -> list[CutProfit]:
    columns = (cuts.churn_risk, cuts.shares, cuts.earned(terms), *cuts.interval(terms))
    names = tuple(CutProfit.model_fields)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [CutProfit(**dict(zip(names, row, strict=True))) for row in rows]


def _today(engine: Engine, best: BestCut, release: str | None) -> Today | None:
    query = AtRiskQuery(release=release, min_churn_risk=best.churn_risk)
    cut = threshold(engine, query)[1]
    if cut is None:
        return None
    if not best.share_contacted:  # its risk is 1, which somebody may have
        return Today(customers=cut.customers, reached=0, leavers=0.0)
    return Today(customers=cut.customers, reached=cut.reached, leavers=cut.leavers)
