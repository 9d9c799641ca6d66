"""Each of the two values of a card is judged on its own rows."""

import numpy as np
import pandas as pd
import pytest

from models.judging.two_values import evaluate_two_values
from tests.models.amounts_of import params


def card_rows(n=400):
    rng = np.random.default_rng(4)
    risk = np.repeat([0.1, 0.4, 0.8], [n // 2, n // 4, n // 4])
    left = np.tile([0.0, 1.0], n // 2)
    stays = rng.uniform(50, 150, n)
    lapses = stays * np.where(risk > 0.6, 0.1, 0.4)
    actual = np.where(left == 1, lapses / 2, stays * 1.25)  # told twice, and four fifths
    test = pd.DataFrame({"customer_id": [f"c{i}" for i in range(n)], "churned": left})
    test["value"] = actual
    return test, pd.DataFrame({"value_if_stays": stays, "value_if_lapses": lapses}), risk


def test_what_stays_is_judged_on_who_stayed_and_what_lapses_on_who_left():
    found = evaluate_two_values(*card_rows(), params())
    stays, lapses = found["value_if_stays"], found["value_if_lapses"]
    assert stays["rows"] == lapses["rows"] == 200
    assert stays["models"]["ours"]["total_error"]["value"] == pytest.approx(-0.2)
    assert lapses["models"]["ours"]["total_error"]["value"] == pytest.approx(1.0)
    assert set(stays["models"]) == {"ours"} and set(lapses["models"]) == {"ours", "one_share"}
    assert list(lapses["by_risk_band"]) == ["high_risk", "medium_risk", "low_risk"]
    for band in lapses["by_risk_band"].values():
        ours = band["models"]["ours"]["total_error"]
        assert ours["value"] == pytest.approx(1.0)
        assert ours["low"] <= ours["value"] + 1e-9 and ours["high"] >= ours["value"] - 1e-9


def test_one_share_for_all_is_right_in_total_and_wrong_where_the_risk_is_high():
    test, expected, risk = card_rows()
    found = evaluate_two_values(test, expected, risk, params())["value_if_lapses"]
    at_one = found["by_risk_band"]["high_risk"]["models"]["one_share"]["total_error"]["value"]
    safe = found["by_risk_band"]["low_risk"]["models"]["one_share"]["total_error"]["value"]
    assert at_one > 1.5 and safe < 1.0


def test_what_nobody_brought_or_too_few_did_is_counted_and_not_judged():
    test, expected, risk = card_rows()
    nothing = test.assign(value=test["value"].where(test["churned"] == 0, 0.0))
    found = evaluate_two_values(nothing, expected, risk, params())["value_if_lapses"]
    assert found["rows"] == 200 and "models" not in found and found["actual_mean"] == 0
    few = evaluate_two_values(test.head(12), expected.head(12), risk[:12], params())
    assert few["value_if_stays"]["rows"] == 6 and "models" not in few["value_if_stays"]
    assert evaluate_two_values(test.drop(columns="value"), expected, risk, params()) == {}
