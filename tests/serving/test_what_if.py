"""What another budget would gain, as the API tells it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ArtifactError
from core.files import hashes, read_json, write_json
from serving.cards.plan import PlanCurves, PlanPoint
from serving.store.publishing import publish
from serving.store.release_plan import read_plan
from serving.work.what_if import answer
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.release_reports import PLAN, plan_curves, plan_point
from tests.serving.releases import company, write_release

KEPT = PlanCurves.model_validate(
    {
        **{name: PLAN[name] for name in ("no_gains", "currency", "effect_source", "curves")},
        "holdout_share": 0.1,
        "budget": 100.0,
        "capacities": {"phone": 43},
        "planned": plan_point(3.0, 44.0, check_in_email=43, owner_phone_call=43),
    }
)
amounts = st.floats(0, 12).map(lambda value: round(value, 2))
capacities = st.floats(0, 4).map(lambda value: round(value, 2))


def changed(release, folder, **changes):
    """The same release with another plan."""
    write_release(folder, company(), release_id="changed")
    plan = {**read_json(folder / "plan.json"), **changes}
    write_json(folder / "plan.json", {n: part for n, part in plan.items() if part != "gone"})
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
    return folder


def told(service, query=""):
    return service.get(f"/v1/plan:what-if{query}").json()


def test_without_a_question_it_is_the_plan_itself(service, release):
    found = told(service)
    assert found["release_id"] == read_json(release / "manifest.json")["release_id"]
    assert found["currency"] == "USD" and found["effect_source"] == "assumed"
    assert (found["budget"], found["capacity"]) == (100.0, 1.0)
    assert found["is_the_plan"] is True
    assert (found["cost"], found["expected_gain"], found["customers"]) == (3.0, 44.0, 86)
    assert found["next"] is None and found["marginal_return"] == 0.0
    its = told(service, "?budget=3.5")
    assert its["is_the_plan"] is True and its["cost"] == 3.0
    assert its["by_action"] == {"check_in_email": 43, "owner_phone_call": 43}


def test_between_two_plans_it_tells_the_smaller_the_larger_and_the_line_between(service):
    found = told(service, "?budget=2")
    assert (found["cost"], found["expected_gain"]) == (1.0, 24.0)
    assert found["by_action"] == {"check_in_email": 43}
    assert found["next"]["cost"] == 3.0 and found["next"]["expected_gain"] == 44.0
    assert found["expected_gain_at_budget"] == 34.0
    assert found["marginal_return"] == 10.0
    more = told(service, "?budget=2&capacity=1.5")
    assert (more["capacities"], more["owner_capacity"]) == ({"phone": 64}, 10)
    assert more["expected_gain_at_budget"] == (34.0 + 38.0) / 2
    assert more["marginal_return"] == (10.0 + 12.0) / 2
    assert (more["cost"], more["expected_gain"]) == (1.0, 24.0)  # it is a plan at either capacity


def test_nothing_is_bought_for_nothing(service):
    found = told(service, "?budget=0&capacity=0")
    assert (found["cost"], found["customers"], found["expected_gain"]) == (0.0, 0, 0.0)
    assert found["by_action"] == {} and found["marginal_return"] == 24.0


@pytest.mark.parametrize(
    "query", ["budget=-1", "budget=NaN", "budget=inf", "budget=1e999", "budget=", "budget=much"]
)
def test_a_budget_that_is_none_is_refused(service, query):
    said = problem(service.get(f"/v1/plan:what-if?{query}"), "invalid-parameters")
    assert said["status"] == 422 and said["errors"][0]["parameter"] == "budget"


@pytest.mark.slow
def test_a_release_that_limits_no_owner_says_so(engine, release, tmp_path):
    for folder, none in (("a", None), ("b", "gone")):  # of this code, and of older code
        publish(changed(release, tmp_path / folder, owner_capacity=none), engine, keep=2)
        with Running(engine) as service:
            assert told(service, "?capacity=2")["owner_capacity"] is None


@pytest.mark.parametrize("query", ["capacity=-0.1", "capacity=5", "capacity=NaN"])
def test_capacities_beyond_the_curves_are_refused(service, query):
    said = problem(service.get(f"/v1/plan:what-if?{query}"), "invalid-parameters")
    assert said["errors"][0]["parameter"] == "capacity"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("no_gains", "advice"),
    [("no_margin", "actions.margin_rate"), ("no_currency", "source.currency"), ("no_money", "no")],
)
def test_a_plan_without_gains_says_why(engine, release, tmp_path, no_gains, advice):
    publish(changed(release, tmp_path / "r", no_gains=no_gains, curves=[]), engine, keep=2)
    with Running(engine) as service:
        assert advice in problem(service.get("/v1/plan:what-if"), "no-plan")["detail"]


@pytest.mark.slow
def test_a_release_from_before_there_were_curves_says_so(engine, release, tmp_path):
    publish(changed(release, tmp_path / "r", curves="gone"), engine, keep=2)
    with Running(engine) as service:
        assert "newer" in problem(service.get("/v1/plan:what-if"), "no-plan")["detail"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        {"curves": [{"capacity": 1.0, "points": []}]},
        {"curves": [{"capacity": 1.0, "points": [plan_point(-1.0, 0.0)]}]},
        {"curves": [{"capacity": 1.0, "points": [plan_point(1.0, 1e20)]}]},
        {"curves": plan_curves()[:1]},
        {"curves": [{"capacity": 1.0, "points": [plan_point(2.0, 1.0), plan_point(1.0, 2.0)]}]},
        {"effect_source": "hoped"},
    ],
)
def test_a_plan_that_cannot_be_is_not_published(engine, release, tmp_path, wrong):
    with pytest.raises(ArtifactError, match="cannot be published"):
        publish(changed(release, tmp_path / "r", **wrong), engine, keep=2)


def test_the_curves_come_out_of_the_folder_as_they_went_in(release):
    kept = read_plan(release)
    assert [curve.model_dump() for curve in kept.curves] == plan_curves()
    assert kept.planned.expected_gain == 44.0


@given(budget=amounts, more=amounts, capacity=capacities, larger=capacities)
def test_more_money_or_room_never_gains_less_and_what_is_told_keeps_the_budget(
    budget, more, capacity, larger
):
    here = answer(KEPT, budget, capacity)
    assert here["cost"] <= budget * (1 + 1e-6)
    assert here["expected_gain"] <= here["expected_gain_at_budget"] + 1e-9
    assert sum(here["by_action"].values()) == here["customers"]
    if here["next"] is not None:
        assert here["next"].cost > budget
    for there in (answer(KEPT, budget + more, capacity), answer(KEPT, budget, capacity + larger)):
        assert there["expected_gain_at_budget"] >= here["expected_gain_at_budget"] - 1e-9
        assert there["expected_gain"] >= here["expected_gain"] * (1 - 1e-6)
    richer = answer(KEPT, budget + more, capacity)
    assert richer["marginal_return"] <= here["marginal_return"] + 1e-9  # it is concave


def test_a_plan_in_which_some_explore_is_the_plan_though_it_gains_less_than_the_curve():
    planned = plan_point(3.0, 41.0, check_in_email=43, owner_phone_call=43)
    kept = KEPT.model_copy(update={"planned": PlanPoint.model_validate(planned), "budget": 3.0})
    explored = kept.model_copy(update={"explored": 3})
    found = answer(explored, 3.0, 1.0)
    assert found["is_the_plan"] is True and found["expected_gain"] == 41.0
    assert answer(explored, 3.5, 1.0)["is_the_plan"] is False


def test_a_budget_that_binds_no_plan_gives_the_plan_that_none_binds():
    planned = plan_point(4.6, 41.0, check_in_email=43, owner_phone_call=43)
    changes = {"planned": PlanPoint.model_validate(planned), "explored": 3}
    cases = [(100.0, 4.6, True), (100.0, 4.5, False), (4.7, 5.0, True), (4.0, 5.0, False)]
    for budget, asked, is_the_plan in cases:
        kept = KEPT.model_copy(update={**changes, "budget": budget})
        assert answer(kept, asked, 1.0)["is_the_plan"] is is_the_plan
    assert answer(kept, 5.0, 1.5)["is_the_plan"] is False


def test_what_a_budget_gains_is_told_by_the_source_of_the_effects():
    found = answer(KEPT, 2.0, 1.0)
    assert found["expected_gain_at_budget_by_source"] == {"assumed": 34.0}
    one, other = ({"assumed": 20.0, "estimated": 4.0}, {"assumed": 30.0, "estimated": 14.0})
    points = [{**p, "expected_gain_by_source": {}} for p in plan_curves()[1]["points"]]
    points[2]["expected_gain_by_source"], points[3]["expected_gain_by_source"] = one, other
    kept = PlanCurves.model_validate(
        {**KEPT.model_dump(), "curves": [{"capacity": 1.0, "points": points}]}
    )
    parts = answer(kept, 2.0, 1.0)["expected_gain_at_budget_by_source"]
    assert parts == {"assumed": 25.0, "estimated": 9.0}
    own = kept.planned.model_copy(update={"expected_gain_by_source": other})
    kept = kept.model_copy(update={"planned": own})
    assert answer(kept, 3.0, 1.0)["expected_gain_at_budget_by_source"] == other


@pytest.mark.slow
def test_what_no_budget_pays_for_is_not_in_the_plan_within_its_limits(engine, release, tmp_path):
    none = {"limit": 0.0, "intended": 0.0, "to_spend": 0.0}
    plan = changed(release, tmp_path / "r", planned=plan_point(0.0, 0.0), budget=none)
    publish(plan, engine, keep=2)
    with Running(engine) as service:
        found = told(service)
        more = told(service, "?budget=4.5")
    assert (found["customers"], found["cost"], found["is_the_plan"]) == (0, 0.0, True)
    assert found["marginal_return"] > 0 and more["customers"] == 93


def test_a_plan_of_less_room_is_taken_where_it_gains_more_for_the_budget():
    few, many = plan_point(109.71, 321.47, check_in_email=40), plan_point(120.0, 340.0, owner=3)
    nothing, cheap = plan_point(0.0, 0.0), plan_point(91.91, 309.76, owner=2)
    curves = [
        {"capacity": 0.0, "points": [nothing, few]},
        {"capacity": 1.0, "points": [nothing, cheap, many]},
    ]
    kept = PlanCurves.model_validate({**KEPT.model_dump(), "curves": curves})
    for capacity in (0.0, 0.5, 1.0):
        assert answer(kept, 110.0, capacity)["expected_gain"] == 321.47
    assert answer(kept, 99.0, 1.0)["expected_gain"] == 309.76


def test_a_plan_that_equals_a_point_but_for_rounding_is_the_plan():
    its = KEPT.planned.model_copy(update={"expected_gain": 50.0 - 4e-10, "cost": 4.5})
    kept = KEPT.model_copy(update={"planned": its})
    assert answer(kept, 100.0, 1.0)["is_the_plan"] is True
    assert answer(kept, 100.0, 0.5)["is_the_plan"] is False
