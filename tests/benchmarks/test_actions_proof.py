"""Parts of the benchmark of actions that prove effects: few trials, and a peer made up."""

import argparse

import numpy as np
import pandas as pd
import pytest

from benchmarks.actions import coverage, hillstrom, null
from benchmarks.measuring import NotPossibleError


@pytest.mark.parametrize("kind", coverage.KINDS)
def test_planted_effects_are_those_of_the_trial(kind):
    one = coverage.planted(kind, has_effect=True, seed=1)
    without = coverage.planted(kind, has_effect=False, seed=1)
    assert (without.effect == 0).all()
    assert (without.trial.covariates == one.trial.covariates).all()
    assert one.effect.std() > 0 or kind == "rows"
    assert (one.trial.cluster is not None) == (kind == "rows")
    many = [coverage.planted(kind, has_effect=True, seed=seed) for seed in range(40)]
    found = [m.trial.outcome[m.trial.treated].mean() for m in many]
    control = [m.trial.outcome[~m.trial.treated].mean() for m in many]
    gap = np.array(found) - np.array(control) - [m.effect.mean() for m in many]
    assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(40)


def test_a_row_for_each_quantity_and_false_claims_where_nothing_was_planted(monkeypatch):
    monkeypatch.setattr(coverage, "KINDS", ("crossing", "rows"))
    rows = coverage.measured(argparse.Namespace(trials=4))
    found = {row["quantity"]: row for row in rows}
    assert set(found) == {
        *("average", "adjusted", "gain_over_all", "gain_over_nobody", "sequence", "any_claim"),
    }
    assert found["average"]["trials"] == 4
    assert found["any_claim"]["trials"] == 2
    assert found["sequence"]["coverage"] >= 0.5
    assert "| average | 4 | 100.0% | 0.0% |" in coverage.lines(rows)


def customers(n=600):
    rng = np.random.default_rng(0)
    names = [hillstrom.CONTROL, *hillstrom.ARMS.values()]
    rows = pd.DataFrame({name: rng.integers(0, 9, n) for name in hillstrom.NUMBERS})
    rows["zip_code"], rows["channel"] = rng.choice(["Rural", "Urban"], n), "Web"
    rows["treatment"] = rng.choice(names, n)
    helped = (rows["treatment"] != hillstrom.CONTROL) & (rows["recency"] > 4)
    rows["visit"] = (rng.random(n) < 0.2 + 0.6 * helped).astype(int)
    return rows.assign(spend=rows["visit"] * 10.0)


def test_every_learner_is_judged_by_one_measure_and_compared_with_ours(monkeypatch):
    monkeypatch.setattr(hillstrom, "data", customers)

    def scored(peer, place):
        with np.load(place / "trial.npz") as given:
            if peer == "causalml_t":
                raise NotPossibleError("it has no name")
            assert set(np.unique(given["fold"])) == set(range(5))
            return -given["x"][:, 0]  # the wrong way round

    monkeypatch.setattr(hillstrom, "_scored", scored)
    rows = hillstrom.measured(argparse.Namespace(peers=["causalml_s", "causalml_t"]))
    ours, worse, failed = rows[:3]
    assert (ours["learner"], ours["arm"]) == ("ours", "women")
    assert set(ours) == {"learner", "arm", "qini", "se", "low", "high"}
    assert ours["low"] > 0 > worse["high"]
    assert worse["gap"]["qini"] == pytest.approx(worse["qini"] - ours["qini"])
    assert worse["gap"]["high"] < 0
    assert failed == {"learner": "causalml_t", "arm": "women", "reason": "it has no name"}
    assert rows[-1]["arm"] == "both"
    assert set(rows[-1]["gain_over_best_arm"]) == {"effect", "low", "high"}
    table = "\n".join(hillstrom.lines(rows))
    assert "it has no name" in table
    assert "over the best single arm" in table


def test_without_the_file_the_reason_is_the_row(monkeypatch, tmp_path):
    monkeypatch.setattr(hillstrom, "PLACES", (tmp_path,))
    (row,) = hillstrom.measured(argparse.Namespace(peers=[]))
    assert "hillstrom.csv is not in" in row["reason"]
    assert null.shuffled(1).arms == ("control", "treated")


@pytest.mark.slow
def test_reports_on_shuffled_arms_are_counted(monkeypatch):
    monkeypatch.setattr(null, "data", customers)
    arms = {len(null.shuffled(seed).arms) for seed in range(4)}
    assert arms == {2, 3}
    claims = null.measured(argparse.Namespace(repetitions=3))
    assert 0 <= claims <= 2
    assert null.lines(3) == [
        "Reports that claim anything where arms were shuffled: 3 (at most 17 of 200)"
    ]
