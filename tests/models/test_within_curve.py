"""No card tells more orders or value than its own curve allows."""

import numpy as np
import pandas as pd
import pytest

from models.next_purchase.rhythm import RhythmCurves, RhythmValue
from models.simple.btyd import BgNbd
from models.simple.btyd_orders import BtydOrders
from models.simple.pareto_nbd import ParetoNbd
from models.value.leavers import Horizons
from models.value.within_curve import chances, within_curve

REPORTED = (7, 14, 30, 60, 90)
EXPECTED = {
    "expected_orders": 0.15,
    "expected_orders_in_value_horizon": 4.0,
    "value_if_stays": 100.0,
    "value_if_lapses": 60.0,
    "expected_value": 64.0,
    "value_at_risk": 36.0,
}
RHYTHM = BtydOrders(
    BgNbd(r=0.4, alpha=9.0, a=0.5, b=2.5), 1.1, ParetoNbd(r=0.5, alpha=9.0, s=0.6, beta=40.0)
)


def when(*probabilities):
    return pd.DataFrame(
        {f"purchase_probability_{d}d": [p] for d, p in zip(REPORTED, probabilities, strict=True)}
    )


def test_who_will_hardly_come_back_is_not_told_several_orders():
    """The risk is .9; by day 90 the curve has 12 % buying, so 2 of the 90 leavers come back."""
    told = within_curve(
        pd.DataFrame([EXPECTED]),
        when(0.03, 0.06, 0.1, 0.11, 0.12),
        np.array([0.9]),
        Horizons(30, 90),
    ).iloc[0]
    back = 0.02 / 0.9
    assert told["value_if_lapses"] == pytest.approx(100 * back)
    assert told["expected_value"] == pytest.approx(0.1 * 100 + 0.9 * 100 * back)
    assert told["expected_value"] == pytest.approx(0.12 * 100)
    assert told["value_at_risk"] == pytest.approx(0.9 * 100 * (1 - back))
    # An order and a half in 30 days of who stays: no more than 4.5 in 90 of who buys at all.
    assert told["expected_orders_in_value_horizon"] == pytest.approx(0.12 * 4.5)


def test_what_the_curve_allows_is_left_as_it_is():
    expected = pd.DataFrame([{**EXPECTED, "expected_orders_in_value_horizon": 0.6}])
    expected["value_if_lapses"], expected["expected_value"] = 30.0, 37.0
    expected["value_at_risk"] = 0.9 * 70.0
    curve = when(0.03, 0.06, 0.1, 0.3, 0.5)
    told = within_curve(expected, curve, np.array([0.9]), Horizons(30, 90))
    pd.testing.assert_frame_equal(told, expected)


def test_there_are_no_fewer_orders_than_the_curve_has_buyers():
    expected = pd.DataFrame([{**EXPECTED, "expected_orders_in_value_horizon": 0.2}])
    told = within_curve(
        expected, when(0.03, 0.06, 0.1, 0.3, 0.5), np.array([0.9]), Horizons(30, 90)
    )
    assert told["expected_orders_in_value_horizon"].tolist() == [0.5]


def test_between_and_beyond_the_told_days_the_curve_has_limits():
    curve, risk = when(0.03, 0.06, 0.1, 0.3, 0.5), np.array([0.9])
    assert chances(curve, risk, Horizons(30, 75)) == (
        pytest.approx([0.3]),
        pytest.approx([1 - 0.7 ** (75 / 60)]),
    )
    least, most = chances(curve, risk, Horizons(30, 180))
    assert (least, most) == (pytest.approx([0.5]), pytest.approx([0.75]))
    longer = when(0.03, 0.06, 0.08, 0.09, 0.1)
    assert chances(longer, np.array([0.7]), Horizons(180, 365))[0] == pytest.approx([0.3])
    same = chances(curve, risk, Horizons(30, 30))
    assert same == (pytest.approx([0.1]), pytest.approx([0.1]))


@pytest.mark.parametrize("value_days", [60, 180, 365])
def test_small_data_tells_no_more_than_its_curve_allows(value_days):
    """Seen: an expected value of several orders beside a sixth of an order."""
    rng = np.random.default_rng(3)
    t = rng.uniform(20.0, 400.0, 500)
    rows = pd.DataFrame({"frequency": rng.poisson(2.0, 500).astype(float), "T": t})
    rows["recency"] = np.where(rows["frequency"] > 0, t * rng.random(500), 0.0)
    risk = rng.uniform(0.01, 0.999, 500)
    horizons = Horizons(28, value_days)
    value, curves = RhythmValue(RHYTHM, horizons, None, 50.0), RhythmCurves(RHYTHM, 28)
    found = curves.predict(rows, risk)
    told = within_curve(value.predict(rows, risk), found, risk, horizons)
    least, most = chances(found, risk, horizons)
    stays, lapses = told["value_if_stays"], told["value_if_lapses"]
    assert (told["expected_value"] <= (most + 1e-7) * stays).all()  # told to eight digits
    assert (lapses <= stays).all() and (lapses >= 0).all()
    np.testing.assert_allclose(
        told["expected_value"], (1 - risk) * stays + risk * lapses, rtol=1e-9
    )
    far, near = told["expected_orders_in_value_horizon"], told["expected_orders"]
    pace = near / (1 - risk) * value_days / 28
    assert (far >= np.maximum(near, least) * (1 - 1e-9)).all()
    assert (far <= (most + 1e-7) * pace).all()
    # Of those least likely to buy within the horizon nobody is told several orders beyond it.
    lost = (risk > 0.98) & (most < 0.2)
    assert far[lost].max() < 1.0
