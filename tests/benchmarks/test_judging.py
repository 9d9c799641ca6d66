"""Answers of several models are judged on the same rows and the same draws of the customers."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.judging import ALL, compare


@pytest.mark.slow
def test_two_dates_together_are_judged_as_one_table_and_the_same_answer_has_no_difference():
    rng = np.random.default_rng(3)
    customers = [f"c{number}" for number in range(60)]
    tests = {
        date: pd.DataFrame({"customer_id": customers, "churned": rng.integers(0, 2, 60)})
        for date in ("early", "late")
    }
    risk = {date: pd.DataFrame({"churn_risk": rng.random(60)}) for date in tests}
    other = {date: 1.0 - answer for date, answer in risk.items()}
    told = {"usual": risk, "same": risk, "other": other}
    rows, differences = compare("churn", tests, told, "usual", 1)
    auc = {(row["model"], row["as_of_date"]): row for row in rows if row["metric"] == "auc"}
    y, p = pd.concat(tests.values())["churned"], pd.concat(risk.values())["churn_risk"]
    left, stayed = (p[(y == outcome).to_numpy()].to_numpy() for outcome in (1, 0))
    assert auc["usual", ALL]["value"] == pytest.approx((left[:, None] > stayed).mean())
    assert auc["usual", ALL]["n_test"] == 120
    for gap in differences:
        assert gap["model"] != "usual"
        if gap["model"] == "same":
            assert gap["value"] == gap["low"] == gap["high"] == 0
        elif gap["metric"] == "auc":
            mirrored = 1 - 2 * auc["usual", gap["as_of_date"]]["value"]
            assert gap["value"] == pytest.approx(mirrored)
