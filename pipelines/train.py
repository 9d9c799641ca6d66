"""Stage `train`: snapshots in; evaluated and served models out, with their baselines.

The rung of the ladder that they stand on (models/training/ladder.py) is written beside the served
models.
"""

import pandas as pd

from core.errors import DataGateError, ParamsError, did_you_mean
from core.files import read_json, write_json, write_manifest
from features.families.own_features import own_features, wordings
from features.history.category_history import read_categories
from features.params import LABEL
from features.planning.rungs import BY_RULE, OTHER_CUSTOMERS, UNJUDGED
from features.sample import Sample
from features.snapshot import group_of, model_features
from features.timeline import date_of
from models.bundle import Bundle
from models.cards.whole import nobody
from models.churn.enough import check_both_outcomes, gate_distance, tree_distance
from models.churn.explainer import fit_explainer
from models.churn.fitting import parametric_churn
from models.churn.own import own_class
from models.gate import Gate
from models.leaving import LAPSE
from models.params import ModelParams
from models.simple.columns import fit_columns
from models.simple.silence_rule import Rule
from models.training.categories import train_categories, train_category_risk
from models.training.facts import facts
from models.training.fitting import VALID_SHARE, lacks_rhythm
from models.training.ladder import Rung, history_needs, needs_of, rung_of, rung_of_table
from models.training.models import FOLD, PAST, Trained, train_all
from models.training.unjudged import unjudged_bundle
from models.training.until import Until, has_both_outcomes
from pipelines import stage
from pipelines.enough_memory import check_memory_to_learn
from pipelines.params import load_params
from pipelines.reading import (
    own_code,
    read_purchases,
    read_sample,
    read_snapshots,
    read_timeline,
)
from sources.contract import COLUMN


def main() -> None:
    """Fit everything and write it as text and JSON, each folder with a manifest."""
    params = load_params().model
    own_code()  # refused, before anything is fitted, where it is not what this run began with
    check_memory_to_learn(params)
    sample, timeline = read_sample(params), read_timeline()
    snapshots, purchases = read_snapshots(sample), read_purchases(sample)
    known_days, folds = pd.read_parquet(stage.KNOWN_DAYS), params.calibration_folds
    until = Until(snapshots, timeline, purchases, folds, known_days)
    stage.empty(stage.EVALUATED, stage.SERVED)
    if not sample.is_everybody:
        stage.say(
            f"models learn from {sample.share:.1%} of the customers, drawn by a hash of their ids "
            f"({len(snapshots):,} rows: model.max_rows)"
        )
    why = _why_unjudged(until, params)
    rung = _unjudged(until, params, why) if why else _train(until, params, sample)
    rung.save(stage.SERVED)
    stage.say(rung.words)
    tested = (*timeline.test, timeline.data_until)[0]
    if timeline.rung == OTHER_CUSTOMERS:
        tested = timeline.data_until
    write_manifest(stage.EVALUATED, **facts(timeline, tested))
    write_manifest(stage.SERVED, **facts(timeline, timeline.data_until))


def _why_unjudged(until: Until, params: ModelParams) -> str:
    """Why no outcome can judge the models; empty where some can.

    With few customers it is no surprise that all stay, or all leave, on the test dates. With many
    the question has no answer, and training says so. An exception are models judged by folds of
    customers: the one or two customers who stayed may all be in the fold that is left out.
    """
    below = read_json(stage.GATE)
    if below:
        return str(below["why"])
    empty = _without_cohort(until)
    if empty and until.test.empty:
        return empty
    if empty:
        stage.say(f"warning: {empty}")
    closed = until.closed(until.timeline.data_until)
    parts = {"closed dates": closed, "test dates": until.test, "training dates": until.train}
    folds: dict[str, pd.DataFrame] = {}
    if until.timeline.rung == OTHER_CUSTOMERS:  # each fold is judged by models of the others
        others = (until.without(fold).train for fold in range(until.folds))
        without = "training dates without fold {} of the customers"
        folds = {without.format(number): rows for number, rows in enumerate(others, 1)}
    for dates, rows in (parts | folds).items():
        few = rows["customer_id"].nunique() < params.gates.min_customers
        if (few or dates in folds) and not has_both_outcomes(rows):
            left = "everybody" if rows["churned"].sum() else "nobody"
            return f"of {rows['customer_id'].nunique():,} customers {left} left on the {dates}"
    if has_both_outcomes(until.test) and lacks_rhythm(until, params):
        return "nobody bought on two different days"
    return ""


def _without_cohort(until: Until) -> str:
    """The test dates on which the cohort was empty, in words; "" where there are none."""
    timeline, rows = until.timeline, until.snapshots
    there = rows["as_of_date"].drop_duplicates()
    days = [pd.Timestamp(date_of(day)) for day in timeline.test]
    empty = ", ".join(f"{day:%Y-%m-%d}" for day in days if day not in set(there))
    if not empty:
        return ""
    who = f"had bought in the {timeline.active_within_days} days before"
    if timeline.churn != LAPSE:
        who = "had a running subscription on"
    return (
        f"nobody {who} the test date {empty}, so nothing is judged there; dates with customers "
        f"run from {there.min():%Y-%m-%d} to {there.max():%Y-%m-%d}"
    )


def _unjudged(until: Until, params: ModelParams, why: str) -> Rung:
    """Save models of the rhythm of the whole history, or the rule where that cannot be learned."""
    timeline, now = until.timeline, until.snapshots[until.snapshots["split"] == "score"]
    if now.empty:
        raise nobody(timeline)
    if timeline.churn == LABEL:
        return _unjudged_table(until, params, why)
    orders = until.rhythm(timeline.score)
    below = read_json(stage.GATE)
    distance = {**below.get("distance", {}), **gate_distance(now, params)}
    if orders is None or timeline.churn != LAPSE:
        gate = Gate.of(why, distance)
        stage.say(f"no model, so a rule will score: {gate.why}")
        Rule.fit(now, gate).save(stage.SERVED)
        return Rung(BY_RULE, gate.distance, 0.0, why)
    features = model_features(until.snapshots, params.excluded_attributes)
    bundle, explainer = unjudged_bundle(now, orders, timeline, features, params)
    bundle.save(stage.SERVED)
    explainer.save(stage.SERVED)
    needs = history_needs(timeline) or needs_of(distance)
    return Rung(UNJUDGED, needs, 0.0, why)


def _unjudged_table(until: Until, params: ModelParams, why: str) -> Rung:
    """Save a regression on the columns of a ready table, which too few outcomes could judge.

    Raises OneSidedError where they do not even show both outcomes.
    """
    timeline = until.timeline
    closed = until.closed(timeline.data_until)
    check_both_outcomes(closed, "rows with a label", timeline.churn)
    features = _features_of_table(until.snapshots, params)
    churn = parametric_churn(closed, features, fit_columns(closed, features))
    Bundle(churn).save(stage.SERVED)
    groups = group_of(features)
    explainer = fit_explainer(closed, features, groups, params.max_reasons, churn=timeline.churn)
    explainer.save(stage.SERVED)
    return rung_of_table(Rung(UNJUDGED, needs_of(gate_distance(closed, params)), 0.0, why))


def _features_of_table(snapshots: pd.DataFrame, params: ModelParams) -> list[str]:
    """The columns that are learned from.

    Raises ParamsError for one of `model.excluded_attributes` that the table does not have, and
    where none is left.
    """
    there = [name.removeprefix(COLUMN) for name in model_features(snapshots)]
    for name in params.excluded_attributes:
        if name not in there:
            hint = did_you_mean(name, there) or f" It has: {', '.join(there)}."
            raise ParamsError(
                f"params.yaml: model.excluded_attributes names {name}, which is no column that is "
                f"learned from.{hint}"
            )
    features = model_features(snapshots, params.excluded_attributes)
    if not features:
        raise DataGateError(
            "The table has no column to learn from: reports/data_usability.html says why each was "
            "left out."
        )
    return features


def _train(until: Until, params: ModelParams, sample: Sample) -> Rung:
    snapshots, timeline = until.snapshots, until.timeline
    if timeline.churn == LABEL:
        features = _features_of_table(snapshots, params)
    else:
        features = model_features(snapshots, params.excluded_attributes)
    trained = train_all(
        snapshots,
        timeline,
        features,
        group_of(features),
        params,
        stage.say,
        until.purchases,
        own_class(),
        wordings(own_features(own_code())),
        until.known_days,
    )
    _save_evaluated(trained)
    write_json(stage.SEARCH, trained.search.to_dict())
    trained.served.save(stage.SERVED)
    trained.explainer.save(stage.SERVED)
    if trained.tree_weight and timeline.rung < OTHER_CUSTOMERS and timeline.churn != LABEL:
        _train_categories(until, sample, features, params)
    distance = tree_distance(until.train, params)
    # Where nothing is short, the rows that stop the trees are.
    if all(have >= need for have, need in distance.values()):
        distance = gate_distance(until.valid, params, VALID_SHARE)
    rung = rung_of(timeline, trained.tree_weight, distance)
    return rung_of_table(rung) if timeline.churn == LABEL else rung


def _save_evaluated(trained: Trained) -> None:
    """One folder for each fold of held-out customers; else one, and what stood in the past."""
    for number, evaluated in enumerate(trained.judged):
        folder = stage.EVALUATED
        if evaluated.past is None:
            folder = folder / FOLD.format(number)
        else:
            for model in evaluated.past:
                model.save(folder / PAST)
        evaluated.bundle.save(folder)
        evaluated.baselines.save(folder)


def _train_categories(
    until: Until, sample: Sample, features: list[str], params: ModelParams
) -> None:
    """The models on categories; where there is too little for one, the others still stand."""
    snapshots, timeline = until.snapshots, until.timeline
    categories = read_categories(stage.CATEGORIES, sample)
    if categories is None:
        return
    try:
        trained = train_categories(snapshots, categories, timeline, features, params)
    except DataGateError as error:  # there may be a single category
        stage.say(f"left out: {error}")
    else:
        stage.say(f"next categories: {trained.served.rounds} trees were enough")
        trained.evaluated.save(stage.EVALUATED)
        trained.served.save(stage.SERVED)
    if timeline.churn != LAPSE:
        return
    try:
        risk = train_category_risk(snapshots, categories, timeline, features, params)
    except DataGateError as error:
        stage.say(f"left out: {error}")
    else:
        risk.evaluated.save(stage.EVALUATED)
        risk.served.save(stage.SERVED)


if __name__ == "__main__":
    stage.run(main)
