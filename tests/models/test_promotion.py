import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from core.errors import ArtifactError
from core.files import write_manifest
from models.churn.parametric import fit_parametric
from models.probability.calibration import IDENTITY, BetaMap
from models.probability.metrics import log_loss
from models.training.facts import facts
from models.trees.inputs import Inputs
from models.watching import promotion
from models.watching.promotion import decide
from tests.snapshots import FEATURES, model_params, simulate, timeline, trained

pytestmark = pytest.mark.xdist_group("trained")

PARAMS = model_params(bootstrap_draws=100)


@pytest.fixture(scope="module")
def rows():
    return simulate()


WHOSE = "files mydata"


def folder(
    path,
    bundle=None,
    evaluated=None,
    served_until=None,
    evaluated_until=None,
    whose=WHOSE,
    **task,
):
    """The models as a release holds them, by default those of the usual customers."""
    made, plan = trained(), timeline()
    for name, models, until in (
        ("models", bundle or made.served, served_until or plan.data_until),
        ("evaluated", evaluated or made.evaluated, evaluated_until or plan.test[0]),
    ):
        (path / name).mkdir(parents=True)
        models.churn.save(path / name)
        told = facts(plan, until)
        own = {"company": whose} if whose and name == "evaluated" else {}
        write_manifest(path / name, **{**told, **own, "task": {**told["task"], **task}})
    return path


def off(bundle, shift):
    """The same models with the log odds of every risk shifted."""
    wrong = BetaMap(1.0, 1.0, shift)
    return replace(bundle, churn=replace(bundle.churn, calibration=wrong))


def decided(rows, one, other, features=FEATURES, params=PARAMS):
    return decide(rows, timeline(), one, other, features, WHOSE, params)


@pytest.fixture
def ours(tmp_path):
    return folder(tmp_path / "ours")


def another(tmp_path, shift=0.0, **changes):
    made = trained()
    return folder(
        tmp_path / "theirs", off(made.served, 0.01 + shift), off(made.evaluated, shift), **changes
    )


def test_the_first_models_are_promoted_without_a_comparison(rows, ours):
    decision = decided(rows, ours, None)
    assert (decision.promoted, decision.outcome, decision.figures) == (True, "first", None)


def test_the_same_models_have_nothing_to_decide(rows, ours, tmp_path):
    decision = decided(rows, ours, folder(tmp_path / "theirs"))
    assert (decision.promoted, decision.outcome) == (True, "same")
    assert decision.challenger == decision.champion


def test_a_better_challenger_is_promoted_with_its_figures(rows, ours, tmp_path):
    decision = decided(rows, ours, another(tmp_path, shift=1.5))
    assert (decision.promoted, decision.outcome) == (True, "promoted")
    assert decision.figures.difference["high"] < 0
    json.dumps(decision.to_json(), allow_nan=False)


def test_a_worse_challenger_is_refused_and_the_figures_are_those_of_the_rows(rows, tmp_path):
    made, plan = trained(), timeline()
    worse = folder(tmp_path / "ours", off(made.served, 1.5), off(made.evaluated, 1.5))
    decision = decided(rows, worse, folder(tmp_path / "theirs"))
    assert (decision.promoted, decision.outcome) == (False, "refused")
    figures = decision.figures
    assert figures.champion_as == "evaluated"  # the served one learned from every test date
    tested = rows[rows["split"] == "test"]
    assert figures.rows == len(tested)
    assert len(figures.as_of_dates) == len(plan.test)
    y, one = tested["churned"].to_numpy(float), np.ones(len(tested))
    for said, model in (
        (figures.champion, made.evaluated),
        (figures.challenger, off(made.evaluated, 1.5)),
    ):
        assert said == pytest.approx(log_loss(y, model.churn.predict(tested), one))
    assert figures.difference["value"] == pytest.approx(figures.challenger - figures.champion)
    assert figures.difference["low"] > 0.002
    assert "not under 0.002" in decision.why


def test_the_margin_decides_at_the_upper_end_of_the_interval(rows, ours, tmp_path, monkeypatch):
    theirs = another(tmp_path)  # evaluated alike, so the difference is nought
    high = decided(rows, ours, theirs).figures.difference["high"]
    monkeypatch.setattr(promotion, "MARGIN", high)
    assert not decided(rows, ours, theirs).promoted
    monkeypatch.setattr(promotion, "MARGIN", high + 1e-9)
    assert decided(rows, ours, theirs).promoted


def test_the_champion_is_judged_as_it_serves_where_dates_lie_after_what_it_learned(
    rows, ours, tmp_path
):
    plan = timeline()
    figures = decided(rows, ours, another(tmp_path, served_until=plan.test[1])).figures
    assert figures.champion_as == "served"
    assert len(figures.as_of_dates) == 1  # the first test date it may have learned from
    served = off(trained().served, 0.01)
    tested = rows[rows["as_of_date"] == figures.as_of_dates[0]]
    y, one = tested["churned"].to_numpy(float), np.ones(len(tested))
    assert figures.champion == pytest.approx(log_loss(y, served.churn.predict(tested), one))


def test_without_a_date_that_neither_learned_from_the_champion_stays(rows, ours, tmp_path):
    late = timeline().test[-1] + 1
    theirs = another(tmp_path, shift=1.5, evaluated_until=late)
    decision = decided(rows, ours, theirs)
    assert (decision.promoted, decision.outcome, decision.figures) == (False, "refused", None)
    assert "model.replace_champion" in decision.why
    forced = decided(rows, ours, theirs, params=model_params(replace_champion="always"))
    assert (forced.promoted, forced.outcome) == (True, "forced")


# Cards, manifest and forecast take the days of a value from the run: a champion must keep to them.
# One from before the days learned were told may lack the trees for its orders too.
@pytest.mark.parametrize(
    "task",
    [
        {"horizon_days": 14},
        {"churn": "cancellation"},
        {"learned_value_days": 28},
        {"learned_value_days": None},
    ],
)
def test_a_champion_that_answers_another_question_gives_way(rows, ours, tmp_path, task):
    decision = decided(rows, ours, another(tmp_path, **task))
    assert (decision.promoted, decision.outcome) == (True, "other")
    assert "another question" in decision.why


def test_a_champion_that_reads_what_is_gone_or_forbidden_today_gives_way(rows, ours, tmp_path):
    theirs = another(tmp_path)
    decision = decided(rows, ours, theirs, features=[f for f in FEATURES if f != "gap_mean"])
    assert (decision.promoted, decision.outcome) == (True, "other")
    assert "gap_mean" in decision.why
    text = rows.assign(gap_mean="often")
    assert "now text" in decided(text, ours, theirs).why


def test_a_champion_whose_regression_reads_what_is_gone_gives_way(rows, ours, tmp_path):
    """Of few customers a regression tells a part, by columns that need be no feature."""
    plan = timeline()
    closed = rows[rows["outcome_known"]]
    usual = fit_parametric(closed, closed, None, plan.horizon_days, "cancellation")
    made = trained()

    def partly(bundle):
        churn = replace(bundle.churn, parametric=usual, tree_weight=0.5)
        return replace(bundle, churn=churn)

    theirs = folder(tmp_path / "theirs", partly(made.served), partly(made.evaluated))
    column = next(c for c in usual.reads if c.startswith("orders_") and c.endswith("d"))
    rest = [name for name in FEATURES if name != column]
    decision = decided(rows.drop(columns=column), ours, theirs, features=rest)
    assert (decision.promoted, decision.outcome) == (True, "other")
    assert column in decision.why
    model = replace(made.served.churn, inputs=Inputs(tuple(rest)), parametric=usual)
    alone = folder(tmp_path / "alone", replace(made.served, churn=model))
    told = decided(rows.drop(columns=column), ours, alone, features=rest)
    assert "1 of the features" in told.why and column in told.why


def test_the_champion_of_another_company_gives_way(rows, ours, tmp_path):
    theirs = another(tmp_path, shift=0.5, whose="cdnow")
    decision = decided(rows, ours, theirs)
    assert (decision.promoted, decision.outcome, decision.figures) == (True, "other", None)
    assert "another company's data (cdnow, now files mydata)" in decision.why


def test_a_champion_that_does_not_say_whose_data_it_learned_from_is_compared(rows, ours, tmp_path):
    assert decided(rows, ours, another(tmp_path, shift=1.5, whose=None)).outcome == "promoted"


def test_models_that_scored_before_take_over_when_they_are_gone_back_to(rows, tmp_path):
    made = trained()
    worse = folder(tmp_path / "ours", off(made.served, 1.5), off(made.evaluated, 1.5))
    theirs = folder(tmp_path / "theirs")
    refused = decided(rows, worse, theirs)
    (theirs / promotion.FORMER).mkdir()
    (theirs / promotion.FORMER / f"{refused.challenger}.json").write_text("{}")
    back = decided(rows, worse, theirs)
    assert (refused.outcome, back.outcome, back.promoted) == ("refused", "back", True)


def test_a_damaged_champion_is_told_and_never_loaded(rows, ours, tmp_path):
    theirs = another(tmp_path)
    (theirs / "models" / "booster_0.txt").write_text("torn")
    with pytest.raises(ArtifactError, match=r"booster_0\.txt was changed"):
        decided(rows, ours, theirs)


def test_a_shift_of_the_map_is_a_shift_of_log_odds(rows):
    model, one = off(trained().served, 0.7), rows.head(5)
    plain = replace(model.churn, calibration=IDENTITY).predict(one)
    assert logit(model.churn.predict(one)) - logit(plain) == pytest.approx(0.7)
