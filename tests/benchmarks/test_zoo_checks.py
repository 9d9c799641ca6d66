"""Every check of the zoo can fail: each property is broken once on a release that had it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.zoo import checks
from benchmarks.zoo.recipe import Recipe
from benchmarks.zoo.walk import company_of, files, walked

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("zoo_checks")]

SHOP = Recipe(
    seed=3,
    customers=120,
    days=330,
    gap=15.0,
    columns=("line_id", "amount", "category"),
    horizon=30,
    snapshots=2,
    guests=True,
    repeated_rows=True,
)


@pytest.fixture(scope="module")
def whole():
    """A walk whose release a model scores, seen to be whole."""
    with walked(company_of(SHOP)) as walk:
        assert walk.ended.through, walk.ended.error + walk.ended.crash
        assert (walk.cards["status"] == "scored").any()
        assert checks.broken(walk) == {}
        yield walk


@pytest.fixture
def walk(whole, tmp_path):
    """A copy of it to be tampered with."""
    shutil.copytree(whole.ended.folder, tmp_path / "road")
    return replace(whole, ended=replace(whole.ended, folder=tmp_path / "road"))


def retold(walk, name, change):
    """A Parquet file of the release with `change` applied, and a manifest that goes with it."""
    path = walk.ended.release / name
    frame = pd.read_parquet(path)
    frame = change(frame)
    frame.to_parquet(path, index=False)
    manifest(
        walk,
        files={
            n: s for n, s in files(walk.ended.release).items() if "/" in n or n != "manifest.json"
        },
    )


def manifest(walk, **changes):
    path = walk.ended.release / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def cards(walk, **columns):
    retold(walk, "cards.parquet", lambda frame: frame.assign(**columns))


def scored(column, change):
    """A new column in which `change` is made to the scored rows."""

    def of(frame):
        told = frame["status"] == "scored"
        return frame[column].mask(told, change(frame[column]))

    return of


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ({"stage": "train", "crash": "Traceback\nKeyError: 'last_year'"}, "traceback"),
        ({"stage": "train", "error": "KeyError: 'last_year'"}, "no error of ours"),
        ({"stage": "train", "error": "SourceError: Mend it."}, "not a sentence"),
        (
            {"stage": "train", "error": "SourceError: the file of purchases is too short for this"},
            "not a sentence",
        ),
        (
            {"stage": "train", "error": f"SourceError: {'the row holds nan. ' * 3}"},
            "the words of a program",
        ),
    ],
)
def test_a_road_that_ends_in_a_programs_words_is_seen(walk, ended, said):
    found = list(checks.ends_in_words(replace(walk, ended=replace(walk.ended, **ended))))
    assert any(said in one for one in found), found


def test_a_warning_is_seen(walk):
    assert list(checks.warns_of_nothing(replace(walk, warned=("RuntimeWarning: divide",))))


def test_a_last_release_that_changed_though_the_road_stopped_is_seen(walk):
    stopped = replace(walk.ended, stage="train", error="DataGateError: too few.")
    before = files(walk.ended.release)
    same = replace(walk, ended=stopped, before=before)
    assert not list(checks.the_last_release_is_whole(same))
    (walk.ended.release / "plan.json").write_text("{}")
    assert list(checks.the_last_release_is_whole(same))


def test_a_release_with_a_file_that_its_manifest_does_not_know_is_seen(walk):
    (walk.ended.release / "more.txt").write_text("")
    assert list(checks.the_last_release_is_whole(walk))


def test_other_bytes_the_second_time_are_seen(walk):
    again = replace(walk, again=files(walk.ended.release))
    assert not list(checks.the_same_bytes_twice(again))
    (walk.ended.release / "plan.json").write_text("{}")
    assert list(checks.the_same_bytes_twice(again))


def test_rows_that_are_lost_are_seen(walk):
    path = walk.ended.folder / "data/quarantine/counts.json"
    counts = json.loads(path.read_text())
    counts["orders"]["kept"] -= 1
    path.write_text(json.dumps(counts))
    found = list(checks.every_row_is_accounted_for(walk))
    assert any("do not sum up" in one for one in found)
    assert any("by hand" in one for one in found)
    assert any("by the table" in one for one in found)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame[1:],
        lambda frame: frame.assign(orders=frame["orders"].where(frame.index != 5, 9)),
        lambda frame: frame.assign(event_day=frame["event_day"] + pd.Timedelta(days=1)),
    ],
    ids=["one left out", "one more", "a day later"],
)
def test_a_purchase_counted_otherwise_is_seen(walk, change):
    retold(walk, "purchases.parquet", change)
    assert list(checks.every_purchase_is_counted(walk))


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame[1:],
        lambda frame: pd.concat([frame, frame[:1]]),
        lambda frame: frame.assign(status=frame["status"].replace("scored", "likely")),
        lambda frame: frame.assign(status="scored"),
        lambda frame: pd.concat([frame, frame[:1].assign(customer_id="nobody")]),
    ],
    ids=["none", "two", "unknown status", "outside of the cohort", "of nobody"],
)
def test_a_customer_without_one_right_card_is_seen(walk, change):
    retold(walk, "cards.parquet", change)
    assert list(checks.everybody_has_one_card(walk))


@pytest.mark.parametrize(
    ("column", "change", "said"),
    [
        ("churn_risk", lambda values: values + 1, "outside"),
        ("churn_risk", lambda values: values * np.nan, "no churn risk"),
        ("churn_risk", lambda values: values * 0.5, "at odds"),
        ("purchase_probability_30d", lambda values: values * 0, "falls"),
        ("purchase_probability_30d", lambda values: values * np.nan, "hole"),
        ("purchase_probability_90d", lambda values: values * 0 + 1.01, "outside"),
    ],
)
def test_a_probability_that_does_not_cohere_is_seen(walk, column, change, said):
    cards(walk, **{column: scored(column, change)})
    found = list(checks.probabilities_cohere(walk))
    assert any(said in one for one in found), found


@pytest.mark.parametrize(
    ("column", "change", "said"),
    [
        ("next_purchase_date_low", lambda d: d + pd.Timedelta(days=500), "low, median"),
        ("next_purchase_date_low", lambda d: d - pd.Timedelta(days=500), "before the as-of date"),
        ("next_purchase_date_low", lambda d: d.where(d.isna(), pd.NaT), "within it: low, median"),
        ("next_purchase_date_median", lambda d: d + pd.Timedelta(days=500), "median, high"),
        ("last_purchase_date", lambda d: d + pd.Timedelta(days=500), "the last purchase"),
    ],
)
def test_a_date_that_does_not_cohere_is_seen(walk, column, change, said):
    cards(walk, **{column: scored(column, change)})
    found = list(checks.dates_cohere(walk))
    assert any(said in one for one in found), found


@pytest.mark.parametrize(
    ("column", "change", "said"),
    [
        ("value_at_risk", lambda v: v * np.inf, "infinite"),
        ("value_at_risk", lambda v: v + 5, "does not follow"),
        ("value_at_risk", lambda v: v - 1e6, "below zero"),
        ("expected_value", lambda v: v + 5, "does not follow"),
        ("value_if_stays", lambda v: v - 1e6, "below zero"),
        ("expected_orders", lambda v: v * 0, "fewer orders expected"),
        ("expected_orders", lambda v: v - 1e3, "below zero"),
        ("expected_orders_in_value_horizon", lambda v: v * 0, "in the longer time"),
        ("expected_orders_in_value_horizon", lambda v: v * 0, "than purchases that the curve"),
        ("expected_orders_in_value_horizon", lambda v: v * 99, "more orders in the value horizon"),
        ("value_if_lapses", lambda v: v + 1e6, "worth more than who stays"),
        ("expected_value", lambda v: v * 9 + 1e6, "more value than the curve"),
    ],
)
def test_money_that_does_not_cohere_is_seen(walk, column, change, said):
    cards(walk, **{column: scored(column, change)})
    found = list(checks.money_coheres(walk))
    assert any(said in one for one in found), found


def test_money_that_nobody_can_know_is_seen(walk):
    tables = {"orders": walk.company.tables["orders"].drop(columns="amount")}
    unknown = replace(walk, company=replace(walk.company, tables=tables))
    assert any("nobody knows" in one for one in checks.money_coheres(unknown))


def test_money_that_is_missing_is_seen(walk):
    retold(walk, "cards.parquet", lambda frame: frame.drop(columns="value_at_risk"))
    assert any("there is no money" in one for one in checks.money_coheres(walk))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda ranks: ranks + 1, "1 to n"),
        (lambda ranks: ranks.max() + 1 - ranks, "a later rank"),
        (lambda ranks: ranks.fillna(1), "not judged"),
    ],
)
def test_ranks_that_are_none_are_seen(walk, change, said):
    cards(walk, risk_rank=lambda frame: change(frame["risk_rank"]))
    found = list(checks.ranks_are_a_permutation(walk))
    assert any(said in one for one in found), found


def evaluation(walk, change):
    path = walk.ended.release / "reports" / "evaluation.json"
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told.pop("churn"), "nothing judged"),
        (lambda told: told["churn"].update(grade="A+"), "no grade"),
        (lambda told: told["churn"].update(churn_rate=1.0), "one kind of outcome"),
        (lambda told: told["churn"]["models"]["ours"]["auc"].update(low=1.1), "an interval"),
    ],
)
def test_a_probability_that_nothing_judged_is_seen(walk, change, said):
    evaluation(walk, change)
    found = list(checks.status_and_grade_are_honest(walk))
    assert any(said in one for one in found), found


def test_a_rule_that_tells_a_probability_is_seen(walk):
    cards(walk, status=lambda frame: frame["status"].replace("scored", "rule"))
    found = list(checks.status_and_grade_are_honest(walk))
    assert any("whom no model scored" in one for one in found)
    manifest(walk, gate={"why": "", "distance": []})
    manifest(walk, ladder={"rung": 7})
    assert any("figures or a grade" in one for one in checks.status_and_grade_are_honest(walk))


def test_a_rung_that_does_not_bear_what_is_told_is_seen(walk):
    manifest(walk, ladder={"rung": 4})
    evaluation(walk, lambda told: told["churn"].update(grade="A"))
    cards(walk, rung=5)
    found = list(checks.status_and_grade_are_honest(walk))
    assert any("cards tell another rung" in one for one in found)
    assert any("graded A" in one for one in found)


def test_a_page_that_fails_or_speaks_as_a_program_is_seen(walk, monkeypatch):
    from serving.pages import customer as pages

    assert not list(checks.pages_and_api_answer(walk))
    monkeypatch.setattr(pages, "_probabilities", lambda card: 1 / 0)
    found = list(checks.pages_and_api_answer(walk))
    assert any("answers 500" in one for one in found), found


def test_a_page_of_another_release_is_seen(walk):
    manifest(walk, release_id="another")
    assert "another release is served" in list(checks.pages_and_api_answer(walk))
