"""How `python -m actions.report` reads files as companies have them, and what it asks about."""

import re

import numpy as np
import pandas as pd
import pytest

from tests.actions.report.trials import N, table


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("yes", "no"),
    [("1", "0"), ("True", "False"), ("yes", "No "), ("да", "нет"), ("купил", "не купил")],
)
def test_yes_and_no_are_one_and_nothing_in_many_words(report, yes, no):
    rows = table(6)
    rows["bought"] = np.where(rows["spend"] > 22, yes, no)
    found = report(rows, outcome="bought")
    share = (rows["spend"] > 22)[rows["group"] == "offer"].mean()
    assert found["arms"]["offer"]["mean"] == pytest.approx(share)
    assert "percentage points" in found["sentence"]


def test_words_that_say_nothing_are_asked_about_and_the_answer_works(report):
    rows = table(7)
    rows["bought"] = np.where(rows["spend"] > 22, "gold", "silver")
    told = report(rows, outcome="bought")
    cure = re.search(r"--success \"(\w+)\"", told)
    found = report(rows, "--success", cure[1], outcome="bought")
    share = (rows["bought"] == cure[1])[rows["group"] == "none"].mean()
    assert found["arms"]["none"]["mean"] == pytest.approx(share)


def test_a_file_as_russian_excel_writes_it_is_read(report, tmp_path):
    rows = table(8)
    russian = pd.DataFrame(
        {
            "группа": np.where(rows["group"] == "offer", "тест", "контроль"),
            "сумма": [
                f"{1000 + v:,.2f}".replace(",", " ").replace(".", ",") for v in rows["spend"]
            ],
        }
    )
    path = tmp_path / "тест.csv"
    russian.to_csv(path, sep=";", encoding="cp1251", index=False)
    found = report(path, "--language", "ru", treatment="группа", outcome="сумма")
    mean = 1000 + rows["spend"][rows["group"] == "none"].mean()
    assert found["arms"]["контроль"]["mean"] == pytest.approx(mean)
    assert found["sentence"].startswith("Группа «тест»")


def test_parquet_with_arms_of_true_and_false_reads_the_same(report, tmp_path):
    rows = table(9)
    rows["group"] = rows["group"] == "offer"
    rows["assigned"] = pd.Timestamp("2024-03-01", tz="Europe/Moscow")
    rows["joined"] = rows["assigned"] - pd.to_timedelta(rows["age"], "D")
    rows["city"] = pd.Categorical(rows["city"])
    path = tmp_path / "test.parquet"
    rows.to_parquet(path)
    found = report(path, "--covariates", "joined,city", "--assigned-at", "assigned")
    assert found["refused"] == []
    assert (list(found["arms"]), found["control"]) == (["False", "True"], "False")
    assert found["average"]["low"] < 4 < found["average"]["high"]


def test_missing_outcomes_are_counted_and_uneven_ones_warned_of(report):
    rows = table(10)
    rows.loc[(rows["group"] == "offer") & (rows["id"] % 4 == 0), "spend"] = np.nan
    found = report(rows)
    assert found["missing_outcomes"]["none"] == 0 < found["missing_outcomes"]["offer"]
    assert found["n"] == N - found["missing_outcomes"]["offer"]
    assert any("missing more often" in warning for warning in found["warnings"])


@pytest.mark.slow
def test_customers_of_several_rows_and_of_both_arms_are_handled_and_told(report):
    rows = table(11)
    other = rows.head(5).assign(group=np.where(rows.head(5)["group"] == "none", "offer", "none"))
    several = pd.concat([rows, rows.tail(200), other])
    without = report(several)
    assert any("--customer id" in warning for warning in without["warnings"])
    found = report(several, "--customer", "id")
    assert found["n"] == N - 5
    assert any("5 of 500 customers are in more than one arm" in one for one in found["warnings"])
    assert any("495 customers have 695 rows" in one for one in found["warnings"])
    twice = report(pd.concat([rows, rows]), "--customer", "id")
    once = report(rows)
    assert twice["average"] == pytest.approx(once["average"], rel=1e-3)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("options", "changes", "told"),
    [
        ({"treatment": "grup"}, {}, "no column grup. Did you mean group?"),
        ({}, {"group": "offer"}, "group is offer in all 500 rows"),
        ({"treatment": "id"}, {}, "500 different values"),
        ({}, {"spend": ""}, "spend is empty in all 500 rows"),
        ({"outcome": "when"}, {"when": "2024-01-05"}, "words that do not say what is a success"),
        ({}, {"spend": "1,234"}, "--numbers"),
        ({}, {"spend": [1e308] + [1.0] * (N - 1)}, "too large to be true in 1 of 500 rows"),
        ({}, {"spend": [-1e15] + [1.0] * (N - 1)}, "such as -1000000000000000.0: mend"),
    ],
)
def test_what_cannot_be_compared_is_said_with_what_to_do(report, options, changes, told):
    assert told in report(table(17).assign(**changes), **options)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("values", [(0, 1), ("no", "yes"), (5.5, 7)])
def test_an_outcome_that_says_the_arm_is_refused(report, values):
    """Else everybody but the control would have been won by the treatment."""
    rows = table(23)
    rows["spend"] = np.where(rows["group"] == "none", *values)
    assert "spend says which arm a row is in" in report(rows)
    rows.loc[rows["group"] == "offer", "spend"] = values[0]
    rows.loc[0, "spend"] = values[1]
    assert report(rows)["claims"] == []


@pytest.mark.parametrize(
    "option",
    ["--cost=nan", "--cost=inf", "--cost=-3", "--cost=1e15", "--seed=-1", "--seed=2147483648"],
)
def test_a_cost_or_a_seed_that_cannot_be_is_refused_by_its_name(report, option):
    assert option.replace("=", " ").replace("1e15", "1000000000000000.0") in report(table(), option)


def test_a_covariate_with_numbers_beyond_any_is_refused_and_told(report):
    found = report(
        table(24).assign(age=[1e308] + [1.0, 2.0] * (N // 2 - 1) + [3.0]), "--covariates", "age"
    )
    (refused,) = found["refused"]
    assert refused["column"] == "age" and "too large" in refused["why"]


def test_other_mistakes_are_said_too(report, tmp_path):
    assert "is not there" in report(tmp_path / "none.csv")
    assert "--control nobody is no arm" in report(table(18), "--control", "nobody")
    few = table(19).assign(group=["lone"] + ["rest"] * (N - 1))
    assert "1 customer" in report(few)
    gone = table(20)
    gone.loc[gone["group"] == "offer", "spend"] = np.nan
    assert "No outcome is known of anybody in offer" in report(gone)


def test_the_number_that_shows_the_decimal_mark_is_used(report):
    rows = table(21)
    rows["spend"] = np.where(rows["spend"] > 20, "1,234", "2,345")
    found = report(rows, "--numbers", "1,234.56")
    assert found["arms"]["none"]["mean"] > 1000
