"""A customer who alone brings much of the money moves nobody else's value, and keeps its own."""

import numpy as np
import pandas as pd
import pytest

from models.value.fitting import fit_value, refit_value
from models.value.model import ValueModel
from tests.models.amounts_of import FEATURES, HORIZONS, customers, params

FACTOR = 300.0
PACES = (*FEATURES, "amount_90d", "orders_90d")
MONEY = ("spend_in_horizon", "value", "amount_90d")


def with_paces(rows):
    return rows.assign(amount_90d=rows["basket"] * rows["rate"], orders_90d=rows["rate"])


def with_wholesaler(rows, times=20):
    """The rows and those of one customer more, hundreds of times as large."""
    stayed = rows[rows["churned"] == 0].head(times)
    alone = stayed.assign(
        customer_id="wholesale", **{name: stayed[name] * FACTOR for name in MONEY}
    )
    return pd.concat([rows, alone], ignore_index=True)


@pytest.fixture(scope="module")
def cohorts():
    return [with_paces(customers(3_000, seed)) for seed in (1, 2, 3)]


def told(model, rows):
    return model.predict(rows, np.full(len(rows), 0.3))


@pytest.mark.slow
def test_nobody_elses_value_moves_and_the_lone_customer_keeps_its_own(cohorts, tmp_path):
    train, valid, test = cohorts
    usual = fit_value(train, valid, PACES, HORIZONS, params())
    model = fit_value(with_wholesaler(train), with_wholesaler(valid), PACES, HORIZONS, params())
    pd.testing.assert_frame_equal(
        told(model, test)[["value_if_stays"]], told(usual, test)[["value_if_stays"]], rtol=0.1
    )
    share = with_wholesaler(train).groupby("customer_id")["value"].sum()
    assert share["wholesale"] > 0.3 * share.sum()
    alone = with_wholesaler(test).tail(20)
    ratio = told(model, alone)["value_if_stays"].sum() / alone["true_stays"].sum() / FACTOR
    assert 1 / 3 < ratio < 3
    model.save(tmp_path)
    again = ValueModel.load(tmp_path)
    pd.testing.assert_frame_equal(told(again, alone), told(model, alone))
    anew = refit_value(model, with_wholesaler(train), params())
    pd.testing.assert_frame_equal(told(anew, test), told(model, test), rtol=0.2)
