"""Rows in order, and found by id: as pandas does with an object for each id."""

import numpy as np
import pandas as pd

from core.order import most_first, places_among


def test_the_most_comes_first_equal_ones_by_id_and_unknown_ones_last():
    rng = np.random.default_rng(7)
    ids = pd.Series([f"c{number}" for number in rng.permutation(300)], dtype="str")
    amounts = rng.integers(0, 9, 300).astype("float64")
    amounts[rng.random(300) < 0.2] = np.nan
    rows = pd.DataFrame({"customer_id": ids, "amount": amounts})
    wanted = rows.sort_values(["amount", "customer_id"], ascending=[False, True]).index
    assert most_first(rows, "amount").tolist() == wanted.tolist()


def test_ids_are_found_and_unknown_ones_have_no_place():
    others = pd.Series(["b", "Ж", "a"], dtype="str")
    assert places_among(pd.Series(["a", "z", "Ж"], dtype="str"), others).tolist() == [2, -1, 1]
    assert places_among(others.head(0), others).tolist() == []
    assert places_among(others, others.head(0)).tolist() == [-1, -1, -1]
