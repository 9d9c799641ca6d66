"""Surveys: whether the customer would recommend us (NPS, 0 to 10; Reichheld 2003), and changes."""

import ibis.expr.types as ir

from features.families.definition import feature
from features.history.facts import as_number, exactly

PROMOTER, DETRACTOR = 9, 6  # from this score on, and up to this score


@feature(base="surveys", group="surveys", unit="score")
def nps_last(surveys: ir.Table) -> ir.Value:
    """Last answer to the recommendation question, 0 to 10; of several at one time the lowest."""
    return _answer(surveys, 1)


@feature(base="surveys", group="surveys", unit="score")
def nps_change(surveys: ir.Table) -> ir.Value:
    """Last answer to the recommendation question less the one before; unknown with one answer."""
    return _answer(surveys, 1) - _answer(surveys, 2)


@feature(base="surveys", group="surveys", unit="score")
def nps_mean(surveys: ir.Table) -> ir.Value:
    """Mean answer to the recommendation question in all history."""
    is_nps = surveys.kind == "nps"
    given = exactly(surveys.score, 0.0).sum(where=is_nps).cast("float64")
    return given / is_nps.sum().nullif(0).cast("float64")


@feature(base="surveys", group="surveys", unit="0 or 1")
def nps_is_promoter(surveys: ir.Table) -> ir.Value:
    """1 when the last answer is 9 or 10; unknown without an answer."""
    return as_number(_answer(surveys, 1) >= PROMOTER)


@feature(base="surveys", group="surveys", unit="0 or 1")
def nps_is_detractor(surveys: ir.Table) -> ir.Value:
    """1 when the last answer is 0 to 6; unknown without an answer."""
    return as_number(_answer(surveys, 1) <= DETRACTOR)


@feature(base="surveys", group="surveys", unit="score")
def survey_csat_last(surveys: ir.Table) -> ir.Value:
    """Last satisfaction score given in a survey (kind csat); of several at one time the lowest."""
    is_last = (surveys.kind == "csat") & (surveys.newest == 1)
    return surveys.score.min(where=is_last)


@feature(base="surveys", group="surveys", unit="days")
def days_since_survey(surveys: ir.Table) -> ir.Value:
    """Whole days since the last answer to a survey of any kind."""
    return surveys.ago.min()


def _answer(surveys: ir.Table, newest: int) -> ir.Value:
    return surveys.score.min(where=(surveys.kind == "nps") & (surveys.newest == newest))


FEATURES = (
    nps_last,
    nps_change,
    nps_mean,
    nps_is_promoter,
    nps_is_detractor,
    survey_csat_last,
    days_since_survey,
)
