"""What leavers bring, as a share that falls with the risk and with the silence."""

import numpy as np
import pandas as pd
import pytest

from models.simple.btyd import BgNbd
from models.simple.btyd_orders import BtydOrders
from models.value.leavers import Horizons, LeaverShare, fit_share, told_share, usual_share

LAPSE = Horizons(28, 112)
CANCELLATION = Horizons(30, 60, "cancellation")
RHYTHM = BtydOrders(BgNbd(r=0.8, alpha=20.0, a=0.6, b=2.5), 1.1)


def leavers(n, level, power, seed=1):
    rng = np.random.default_rng(seed)
    chance, stays = rng.uniform(0.05, 0.9, n), rng.gamma(2.0, 50.0, n)
    came = rng.random(n) < chance
    mean = level * chance**power * stays
    return chance, stays, np.where(came, mean / chance, 0.0)


@pytest.mark.parametrize(("level", "power"), [(0.4, 1.0), (0.3, 0.5), (0.2, 0.0)])
def test_the_planted_share_is_found(level, power):
    found = fit_share(usual_share(LAPSE, 112), *leavers(60_000, level, power))
    assert found.level == pytest.approx(level, rel=0.06)
    assert found.power == pytest.approx(power, abs=0.06)


def test_what_is_told_adds_up_to_what_was_brought():
    chance, stays, brought = leavers(5_000, 0.4, 0.7)
    found = fit_share(usual_share(LAPSE, 112), chance, stays, brought)
    told = found.of(chance) * stays
    assert told.sum() == pytest.approx(brought.sum(), rel=0.02)
    unlikely = chance < 0.3
    assert told[unlikely].sum() == pytest.approx(brought[unlikely].sum(), rel=0.15)


def test_a_share_that_would_rise_with_the_risk_is_one_for_all():
    chance, stays, _ = leavers(2_000, 0.4, 1.0)
    found = fit_share(usual_share(LAPSE, 112), chance, stays, 0.2 * stays * (1.0 - chance))
    assert found.power == 0


def test_few_leavers_are_drawn_to_the_usual_share_and_none_leave_it():
    usual = usual_share(LAPSE, 112)
    assert usual == LeaverShare(0.375, 1.0)
    empty = np.empty(0)
    assert fit_share(usual, empty, empty, empty) == usual
    chance, stays, _ = leavers(10, 0.4, 1.0)
    few = fit_share(usual, chance, stays, np.zeros(10)).of(chance)
    assert (few < usual.of(chance)).all() and (few > 0.5 * usual.of(chance)).all()
    most = fit_share(usual, *leavers(1_000, 0.4, 1.0)[:2], np.full(1_000, 1e6))
    np.testing.assert_array_equal(most.of(chance), 1.0)


def test_who_cancels_has_one_share():
    usual = usual_share(CANCELLATION, 60)
    assert usual == LeaverShare(0.25)
    found = fit_share(usual, np.ones(4_000), np.full(4_000, 9.0), np.full(4_000, 1.8))
    assert found.power == 0
    assert found.level == pytest.approx(0.2, abs=0.01)


def test_the_chance_to_come_back_falls_with_the_risk_and_with_the_silence():
    silence = np.arange(0.0, 200.0, 5.0)
    rows = pd.DataFrame({"frequency": 6.0, "recency": 90.0, "T": 90.0 + silence})
    own = RHYTHM.bg_nbd.p_no_purchase(28, *rows.to_numpy().T)
    assert (np.diff(RHYTHM.p_back(rows, own, 28, 112)) < 0).all()
    one = pd.concat([rows.iloc[[4]]] * 50)
    by_risk = RHYTHM.p_back(one, np.linspace(0.0, 1.0, 50), 28, 112)
    assert (np.diff(by_risk) <= 0).all()
    assert ((by_risk >= 0) & (by_risk < 1)).all()
    assert by_risk[0] > 0.5 and by_risk[-1] == 0
    assert (RHYTHM.p_back(rows, own, 28, 28) == 0).all()


def test_the_chance_to_come_back_is_that_of_bg_nbd_at_its_own_risk():
    rows = pd.DataFrame({"frequency": [6.0, 1.0], "recency": [90.0, 20.0], "T": [110.0, 100.0]})
    near, far = (RHYTHM.bg_nbd.p_no_purchase(days, *rows.T.to_numpy()) for days in (28, 112))
    np.testing.assert_allclose(RHYTHM.p_back(rows, near, 28, 112), 1.0 - far / near, rtol=1e-6)


def test_after_the_horizon_a_lapsed_customer_brings_as_much_a_day_as_in_the_days_learned():
    carried = told_share(np.array([0.2, 0.9]), Horizons(28, 84, told_days=365))
    np.testing.assert_allclose(carried, [0.2 * (337 / 56) * (84 / 365), 1.0])
