"""`python -m actions.report` on files as companies have them."""

import math
import re
import shlex
import string
from pathlib import Path

import numpy as np
import pytest

from actions.report.__main__ import main
from actions.report.texts import LABELS, LANGUAGES, REASONS, SENTENCES, WARNINGS
from tests.actions.report.trials import N, table

ROOT = Path(__file__).resolve().parents[3]
EFFECTS = {"effect", "low", "high"}


def test_the_json_holds_every_key_and_the_effect_that_was_planted(report):
    found = report(table(), "--covariates", "age,city")
    assert set(found) >= {
        *("n", "arms", "average", "adjusted", "targeting", "sample_ratio_p", "refused"),
        *("warnings", "sentence"),
    }
    assert found["n"] == N == sum(arm["customers"] for arm in found["arms"].values())
    assert set(found["arms"]["offer"]) == {"customers", "mean"}
    assert set(found["average"]) == set(found["adjusted"]) == EFFECTS
    assert set(found["targeting"]) >= {"qini", "se", "gain_over_all", "gain_over_nobody", "claimed"}
    assert set(found["targeting"]["gain_over_all"]) == EFFECTS
    for name in ("average", "adjusted"):
        assert found[name]["low"] < 4 < found[name]["high"]
    width = [found[name]["high"] - found[name]["low"] for name in ("average", "adjusted")]
    assert width[1] < 0.85 * width[0]
    assert found["claims"] == ["average"]
    assert found["targeting"]["claimed"] is False
    assert (found["refused"], found["warnings"]) == ([], [])
    assert found["sentence"].startswith("“offer” raised “spend” by ")
    assert found["sample_ratio_p"] > 0.01


def test_effects_that_cancel_out_are_a_gain_from_targeting_and_no_average_effect(report):
    rows = table(1)
    rows["spend"] -= 4 * (rows["group"] == "offer")
    sign = np.sign(rows["age"] - 40.5)
    rows["spend"] += np.where(rows["group"] == "offer", 6, 0) * (sign - sign.mean())
    found = report(rows, "--covariates", "age,city")
    assert found["claims"] == ["targeting", "differs"]
    assert "Targeting pays" in found["sentence"]
    assert "No effect of “offer”" in found["sentence"]
    assert found["targeting"]["gain_over_all"]["low"] > 0


def test_arms_that_were_chosen_claim_nothing_however_large_the_difference(report):
    rows = table(2)
    chosen = rows["age"] + 5 * (rows["city"] == "Omsk") + np.random.default_rng(0).normal(0, 8, N)
    rows["group"] = np.where(chosen > 42, "offer", "none")
    rows["spend"] += 10 * (rows["group"] == "offer")
    found = report(rows, "--covariates", "age,city")
    assert found["claims"] == []
    assert found["targeting"]["claimed"] is False
    assert "were not drawn by chance" in found["sentence"]
    assert found["balance_p"] < 0.001


@pytest.mark.slow
def test_a_column_that_the_treatment_moved_is_refused_and_the_others_adjust(report):
    rows = table(3)
    rows["visits_after"] = rows["age"] / 10 + 3 * (rows["group"] == "offer")
    rows["extra"] = np.random.default_rng(1).normal(size=N)
    found = report(rows, "--covariates", "age,city,extra,visits_after")
    assert [one["column"] for one in found["refused"]] == ["visits_after"]
    assert "more than chance" in found["refused"][0]["why"].replace("far ", "")
    assert found["adjusted"]["low"] < 4 < found["adjusted"]["high"]
    assert "run again without it" in found["sentence"]
    again = report(rows, "--covariates", "age,city,extra")  # what the sentence says
    assert again["claims"] == ["average"]
    assert again["adjusted"] == found["adjusted"]


@pytest.mark.slow
def test_columns_that_cannot_be_of_before_or_say_nothing_are_refused_with_the_reason(report):
    rows = table(4)
    rows["assigned"], rows["paid"] = "2024-03-01", rows["spend"] * 100
    rows["seen"] = np.where(rows["id"] % 2, "2024-02-01", "2024-01-05")
    rows["bought_on"] = np.where(rows["id"] == 7, "2024-03-02", "2024-01-05")
    rows["coupon"] = np.where(rows["group"] == "offer", rows["id"] % 3 + 1, 0)
    rows["offer_no"] = np.where(rows["group"] == "offer", rows["id"] % 7, np.nan)
    rows["country"], rows["code"] = "RU", 5_000_000 + rows["id"] * 3
    given = "age,seen,bought_on,coupon,offer_no,country,code,paid,spend"
    found = report(rows, "--covariates", given, "--assigned-at", "assigned")
    why = {one["column"]: one["why"] for one in found["refused"]}
    assert set(why) == {*("bought_on", "coupon", "offer_no", "country", "code", "paid", "spend")}
    assert "dated after the assignment in 1 rows" in why["bought_on"]
    assert "which arm" in why["coupon"]
    assert "outcome itself" in why["paid"]
    assert found["claims"] == ["average"]


@pytest.mark.slow
def test_covariates_measured_after_the_assignment_are_all_refused(report):
    rows = table(5).assign(assigned="01.03.2024", measured="29.02.2024")
    rows.loc[3, "measured"] = "02.03.2024"
    options = ("--covariates", "age,city", "--assigned-at", "assigned", "--measured-at", "measured")
    assert {one["column"] for one in report(rows, *options)["refused"]} == {"age", "city"}
    rows["measured"] = "01.03.2024"
    assert report(rows, *options)["refused"] == []


@pytest.mark.slow
def test_lost_customers_of_an_arm_are_noticed_and_planned_shares_are_believed(report):
    rows = table(12, 2000)
    lost = rows[(rows["group"] == "none") | (rows["id"] % 5 > 0)]
    found = report(lost)
    assert found["sample_ratio_p"] < 0.001
    assert found["claims"] == []
    assert any("--shares" in warning for warning in found["warnings"])
    assert report(lost, "--shares", "5,4")["claims"] == ["average"]
    assert "2 arms" in report(lost, "--shares", "1,1,1")
    assert "planned share of each arm" in report(lost, "--shares", "half")


def test_several_arms_are_each_compared_with_the_control(report):
    rows = table(13)
    rows.loc[rows["id"] % 3 == 0, "group"] = "call"
    rows["spend"] += 6 * (rows["group"] == "call")
    found = report(rows, "--control", "NONE")
    assert (found["control"], list(found["by_arm"])) == ("none", ["call", "offer"])
    assert "arm call" in found["claims"]
    assert found["by_arm"]["call"]["adjusted"]["low"] > 0
    assert "“call”" in found["sentence"]


def test_the_control_is_the_arm_that_sorts_first_and_a_better_guess_is_told(report):
    rows = table(14).replace({"group": {"none": "zero control", "offer": "new"}})
    found = report(rows)
    assert found["control"] == "new"
    cure = re.search(r'--control "(.*?)"', " ".join(found["warnings"]))[1]
    turned = report(rows, "--control", cure)
    assert turned["average"]["effect"] == pytest.approx(-found["average"]["effect"])
    assert turned["warnings"] == []


def test_ten_rows_are_not_enough_and_what_is_missing_is_said(report):
    rows = table(15, 10).assign(group=["none", "offer"] * 5)
    rows["spend"] = np.random.default_rng(0).normal(size=10).round(3)
    found = report(rows, "--covariates", "age")
    assert found["claims"] == []
    assert "Not enough data yet" in found["sentence"]
    assert math.isfinite(found["findable_effect"])
    assert found["targeting"]["qini"] is None
    assert found["more_customers"] > 0


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("value", [0, 1, 5.5])
def test_an_outcome_that_is_the_same_for_all_is_no_effect(report, value):
    found = report(table(16).assign(spend=value), "--covariates", "age")
    assert found["average"]["effect"] == 0
    assert found["claims"] == []
    assert "for every customer" in found["sentence"]


def test_the_command_of_the_documentation_works_as_written(tmp_path, monkeypatch, capsys):
    text = (ROOT / "docs" / "actions.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\.venv/bin/python -m actions\.report (.*)$", text, re.MULTILINE)
    rows = table(22).rename(columns={"id": "customer_id"})
    rows["spend_before"] = rows["age"] * 2 + np.arange(N) % 7
    monkeypatch.chdir(tmp_path)
    rows.to_csv("test.csv", index=False)
    assert main(shlex.split(command)) == 0
    assert "the effect is shown" in capsys.readouterr().out
    documented = set(re.findall(r"`(--[a-z-]+)", text.split("## Your own test")[1]))
    with pytest.raises(SystemExit):
        main(["--help"])
    told = set(re.findall(r"(?<!\S)(--[a-z-]+) ?", capsys.readouterr().out))
    assert told - {"--seed", "--help"} <= documented


def test_without_json_the_sentence_comes_first(tmp_path, capsys):
    table().to_csv(tmp_path / "t.csv", index=False)
    given = [str(tmp_path / "t.csv"), "--treatment", "group", "--outcome", "spend"]
    assert main(given) == 0
    assert capsys.readouterr().out.startswith("“offer” raised “spend”")


@pytest.mark.slow
def test_the_lines_of_figures_are_in_the_language_that_was_asked_for(tmp_path, capsys):
    table().to_csv(tmp_path / "t.csv", index=False)
    given = [str(tmp_path / "t.csv"), "--treatment", "group", "--outcome", "spend"]
    assert main([*given, "--covariates", "age,city", "--language", "ru"]) == 0
    said = capsys.readouterr().out
    words = set(re.findall("[A-Za-z]{2,}", said))
    assert words <= {"offer", "none", "spend", "Qini"}  # the arms, the outcome, a name
    assert "разница за вычетом" in said and "-" not in said.replace("-й интервал", "")
    assert main([*given, "--covariates", "age,city"]) == 0
    assert "difference, less what could be foreseen: " in capsys.readouterr().out


@pytest.mark.parametrize("texts", [SENTENCES, WARNINGS, REASONS, LABELS])
def test_every_text_has_both_languages_with_the_same_values(texts):
    for key, pair in texts.items():
        assert len(pair) == len(LANGUAGES), key
        named = [{name for _, name, *_ in string.Formatter().parse(one) if name} for one in pair]
        assert named[0] == named[1], key
        assert re.search("[а-яё]", pair[1]) or key in ("interval_points",), key


@pytest.mark.slow
def test_nothing_claimed_where_nothing_happened_more_often_than_it_should(report):
    claims = 0
    for seed in range(20):
        rows = table(100 + seed, 200)
        rows["spend"] -= 4 * (rows["group"] == "offer")
        claims += bool(report(rows, "--covariates", "age,city")["claims"])
    assert claims <= 4  # 1 is expected; 5 or more in 1 of 400 runs
