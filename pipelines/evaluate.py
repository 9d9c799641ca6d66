"""Stage `evaluate`: the evaluated models on their test dates; metrics, plots and model card out."""

from typing import Any

import pandas as pd

from actions.plan.catalog_file import load_catalog
from actions.plan.margin import usable_margin
from actions.plan.offers import offers_of
from core.digits import as_told
from core.files import check_manifest, read_json, version, write_json
from features.history.category_history import read_categories
from features.params import OWN
from features.sample import Sample
from features.timeline import date_of
from models.bundle import Bundle
from models.fitted import features_read, own_model
from models.judging.coming_back import evaluate_coming_back
from models.judging.forecast import backtest, forecast_metrics
from models.judging.influence import COLUMNS, Influence
from models.judging.learning_curve import learning_curve
from models.judging.plots import Costs
from models.judging.run import (
    Evaluated,
    Judged,
    judge,
    judge_categories,
    judge_category_risk,
    judge_influence,
)
from models.params import EnsembleParams, ModelParams
from models.simple.silence_rule import Rule
from models.training.ladder import Rung
from models.training.until import Until
from models.trees.search import Search
from models.value.past import Past
from models.words import CATEGORY_LISTS, OURS
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import read_purchases, read_sample, read_snapshots, read_timeline
from pipelines.reports.headline import headline
from pipelines.reports.model_card import model_card
from pipelines.reports.pictures import (
    calibration_picture,
    empty_picture,
    influence_picture,
    profit_picture,
)
from pipelines.reports.table_card import table_card
from pipelines.reports.unjudged import write_unjudged_reports


def main() -> None:
    """Judge the models on their test dates, and write the reports.

    Raises LeakError before anything is written: without the reports there is no release.
    """
    rung = Rung.load(stage.SERVED)
    if not rung.is_judged:
        write_unjudged_reports(rung, Rule.load(stage.SERVED), read_json(stage.USABILITY))
        return
    params = load_params()
    manifest = check_manifest(stage.EVALUATED)
    timeline = read_timeline()
    catalog = load_catalog(params.actions.catalog)
    currency = read_json(stage.USABILITY)["currency"]
    margin = usable_margin(catalog, params.actions.margin_rate, currency)
    costs = Costs(offers_of(catalog), margin)
    evaluated, served = Evaluated.load(stage.EVALUATED), Bundle.load(stage.SERVED)
    sample = read_sample(params.model)
    snapshots, bought = read_snapshots(sample), read_purchases(sample)
    categories = read_categories(stage.CATEGORIES, sample)
    known_days, folds = pd.read_parquet(stage.KNOWN_DAYS), params.model.calibration_folds
    until = Until(snapshots, timeline, bought, folds, known_days)
    judged = judge(snapshots, timeline, evaluated, costs, params.model)
    told = (snapshots, categories, timeline, evaluated, params.model)
    next_categories, category_risk = judge_categories(*told), judge_category_risk(*told)
    backtests: list[dict[str, Any]] = []
    season: dict[str, Any] = {}
    win_back: dict[str, Any] = {}
    if evaluated.bundle.knows_purchases:
        past = Past(snapshots, bought, timeline, known_days)
        backtests = backtest(past, evaluated, params.model)
        season = past.season(timeline.data_until)
        win_back = evaluate_coming_back(
            bought,
            timeline,
            (evaluated.bundle.win_back_models, evaluated.past.win_back_models),
            params.model,
        )
    moved = judge_influence(snapshots, timeline, evaluated, params.model)
    stage.empty(stage.PLOTS)
    influence = pd.DataFrame(columns=COLUMNS) if moved is None else moved.table.round(5)
    for name, table in {**judged.plots, "influence": influence}.items():
        table.to_csv(stage.PLOTS / f"{name}.csv", index=False)
    tests = ", ".join(date_of(day).isoformat() for day in timeline.test)
    title = f"Churn in {timeline.horizon_days} days, as of {tests}"
    if timeline.label is not None:
        title = f"Churn by the column {timeline.label.column}"
    _pictures(judged, moved, title)
    evaluation: dict[str, Any] = as_told(
        {
            "churn": {**judged.churn, "calibration": _bins(judged)},
            "next_purchase": judged.next_purchase,
            "value": judged.value,
            "next_categories": next_categories,
            "category_risk": category_risk,
            "forecast": backtests,
            "season": season,
            "win_back": win_back,
            "influence": [] if moved is None else moved.to_json(),
            "sample": _sample(sample, evaluated, until, params.model),
            "timeline": timeline.to_json(),
            "ladder": rung.to_json(),
            "features": features_read(served),
            **_own_code(served),
            "versions": {
                "evaluated": version(manifest),
                "served": version(check_manifest(stage.SERVED)),
            },
        }
    )
    write_json(stage.EVALUATION, evaluation)
    churn_metrics = _churn_metrics(judged)
    write_json(stage.CHURN_METRICS, churn_metrics)
    next_metrics = {
        **_next_metrics(judged),
        "next_categories": _category_metrics(next_categories),
        "category_risk": _risk_metrics(category_risk),
        "forecast": _rounded(forecast_metrics(backtests)),
        "win_back": _win_back_metrics(win_back),
    }
    write_json(stage.NEXT_METRICS, next_metrics)
    write_json(stage.HEADLINE, headline(judged.churn, churn_metrics, next_metrics))
    write_card = model_card if timeline.label is None else table_card
    card = write_card(evaluation, read_json(stage.USABILITY))
    stage.MODEL_CARD.write_text(card, encoding="utf-8")
    for warning in judged.churn["warnings"]:
        stage.say(f"warning: {warning}")


def _sample(
    sample: Sample, evaluated: Evaluated, until: Until, settings: ModelParams
) -> dict[str, Any]:
    """The sample that models learned from, with its learning curve; empty where it is everybody.

    Models judged by folds of customers have no curve: there is one for each fold.
    """
    if sample.is_everybody:
        return {}
    curve: dict[str, Any] = {}
    if isinstance(evaluated.bundle, Bundle):
        found = EnsembleParams.model_validate(read_json(stage.SEARCH)["settings"])
        searched = Search(found).applied(settings)
        curve = learning_curve(until, evaluated.bundle.churn, sample, searched)
    return {
        "share": sample.share,
        "customers": int(until.snapshots["customer_id"].nunique()),
        "rows": len(until.snapshots),
        "learning_curve": curve,
    }


def _bins(judged: Judged) -> list[dict[str, Any]]:
    """The tenths of the test rows by risk, as plots/calibration.csv has them."""
    names = ("predicted", "observed", "rows")
    columns = [judged.plots["calibration"][name].tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _pictures(judged: Judged, moved: Influence | None, title: str) -> None:
    calibration_picture(judged.plots["calibration"], title, stage.CALIBRATION)
    if moved is None:
        empty_picture("The churn model says nothing of what moves the risk", stage.INFLUENCE)
    else:
        influence_picture(moved, title, stage.INFLUENCE)
    profit = judged.churn.get("expected_maximum_profit")
    if profit:
        profit_picture(judged.plots["profit"], profit["cut"], title, stage.PROFIT)
    else:
        empty_picture("No amounts or no margin: profit is unknown", stage.PROFIT)


def _own_code(served: Bundle) -> dict[str, Any]:
    """What of the models is code of the company's own: `own_code`, absent where nothing is."""
    dictionary = read_json(stage.FEATURES)["features"]
    features = {
        feature["name"]: feature["description"]
        for feature in dictionary
        if feature["name"].startswith(OWN) and feature["name"] in served.churn.reads
    }
    found = {"model": own_model(served), "features": features}
    return {"own_code": found} if any(found.values()) else {}


def _churn_metrics(judged: Judged) -> dict[str, Any]:
    """Values only: their intervals are in the report."""
    models = {name: _values(figures) for name, figures in judged.churn["models"].items()}
    rule = judged.churn["best_rule"]
    gain = judged.churn["gains"][rule]["auc"]
    profit = judged.churn.get("expected_maximum_profit", {})
    earned = _values(profit.get("models", {}))
    for name in models.keys() & earned.keys():
        models[name]["expected_maximum_profit"] = earned[name]
    return {
        **models,
        "auc_gain_over_best_rule": {k: round(v, 5) for k, v in (gain or {}).items()},
        "grade": judged.churn["grade"],
    }


def _next_metrics(judged: Judged) -> dict[str, Any]:
    return {"when": _rounded(judged.next_purchase), "value": _rounded(judged.value)}


def _category_metrics(judged: dict[str, Any]) -> dict[str, Any]:
    """Values only, for each list that could be judged; empty without a model of them."""
    lists = {name: judged[name] for name in CATEGORY_LISTS if name in judged}
    return {
        name: {
            **_values({"observed_over_expected": figures["observed_over_expected"]}),
            **{model: _values(metrics) for model, metrics in figures["models"].items()},
        }
        for name, figures in lists.items()
    }


def _win_back_metrics(judged: dict[str, Any]) -> dict[str, Any]:
    """Values only, by model, and of the two values their errors; empty where nothing was judged."""
    models = {name: _values(figures) for name, figures in judged.get("models", {}).items()}
    errors = {
        name: _values({"total_error": figures["models"][OURS]["total_error"]})
        for name, figures in judged.get("values", {}).items()
        if isinstance(figures, dict) and "models" in figures
    }
    counts = {name: judged[name] for name in ("rows", "returned") if name in judged}
    return {**counts, **models, **errors}


def _risk_metrics(judged: dict[str, Any]) -> dict[str, Any]:
    """Values only; empty without a model of the categories that are left."""
    if not judged:
        return {}
    return {
        **_rounded({name: judged[name] for name in ("told_share", "left_share")}),
        **{model: _values(of) for model, of in judged["models"].items()},
    }


def _values(figures: dict[str, Any]) -> dict[str, float]:
    """The values without their intervals; undefined figures are left out."""
    return {name: round(f["value"], 5) for name, f in figures.items() if f is not None}


def _rounded(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    return round(content, 5) if isinstance(content, float) else content


if __name__ == "__main__":
    stage.run(main)
