from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.errors import ArtifactError
from features.history.category_history import Categories
from models.next_purchase.candidates import (
    POPULARITY,
    bought_of,
    candidates,
    counted,
    pairs_of,
    popularity,
    popularity_of,
)
from tests.models.pairs import DATES, FEATURES, only, shop

DATE = DATES[0]
# customer, category, bought, bought_30d, bought_90d, first_ago, last_ago
KNOWN = [
    ("a", "bread", 5, 2, 4, 100, 3),
    ("a", "milk", 1, 0, 0, 120, 120),
    ("b", "bread", 2, 1, 1, 95, 9),
    ("b", "wine", 2, 2, 2, 10, 4),
    ("c", "milk", 3, 0, 2, 80, 40),
]


def tables(known=KNOWN, happened=(), date=DATE):
    """Both tables at one date, as they are read."""
    columns = ["customer_id", "category", "bought", "bought_30d", "bought_90d"]
    history = pd.DataFrame(known, columns=[*columns, "first_ago", "last_ago"])
    outcomes = pd.DataFrame(happened, columns=["customer_id", "category"], dtype="str")
    texts = dict.fromkeys(("customer_id", "category"), "category")
    return Categories(*(one.assign(as_of_date=date).astype(texts) for one in (history, outcomes)))


def rows_of(*customers, date=DATE):
    return pd.DataFrame({"customer_id": customers, "as_of_date": date, "tenure_days": 100.0})


def judged(snapshot, history, most_popular):
    found = candidates(snapshot, history, popularity(history), most_popular)
    return list(zip(found["row"], found["category"].astype(str), strict=True))


def test_candidates_are_the_own_categories_and_the_most_popular_ones():
    history = tables().history
    # Bread has two buyers in 90 days; milk and wine one each, and milk comes first by name.
    assert judged(rows_of("a", "b", "c"), history, 1) == [
        (0, "bread"),
        (0, "milk"),
        (1, "bread"),
        (1, "wine"),
        (2, "bread"),
        (2, "milk"),
    ]
    assert (1, "milk") in judged(rows_of("a", "b", "c"), history, 2)
    assert (0, "wine") not in judged(rows_of("a", "b", "c"), history, 2)


def test_somebody_without_any_category_is_judged_on_the_popular_ones():
    assert judged(rows_of("nobody", "b"), tables().history, 1) == [
        (0, "bread"),
        (1, "bread"),
        (1, "wine"),
    ]


def test_each_date_has_its_own_history_and_popularity():
    later = tables([("a", "tea", 1, 1, 1, 5, 5)], date=DATES[1]).history
    both = pd.concat([tables().history, later], ignore_index=True)
    both = both.astype({"customer_id": "category", "category": "category"})
    rows = pd.concat([rows_of("c", date=DATES[1]), rows_of("c")])
    assert judged(rows, both, 1) == [(0, "tea"), (1, "bread"), (1, "milk")]


def test_popularity_is_counted_over_the_customers_of_the_date():
    told = popularity(tables().history).set_index("category")
    assert told.loc["bread", "buyers_30d"] == pytest.approx(2 / 3)
    assert told.loc["milk", "buyers_30d"] == 0
    assert told.loc["milk", "buyers_90d"] == pytest.approx(1 / 3)
    assert told.loc["bread", "frequency_90d"] == pytest.approx((4 + 1) / 2)
    # Two did not buy bread in the 60 days before the last 30, one of them (b) did since.
    assert told.loc["bread", "return_rate"] == pytest.approx(1 / 2)
    assert told.loc["wine", "return_rate"] == pytest.approx(1 / 3)


def test_popularity_of_parts_is_that_of_the_whole():
    # The second part does not know bread, and the third knows only what both others do.
    known = [*KNOWN, ("d", "wine", 2, 1, 2, 50, 3), ("d", "cider", 1, 0, 1, 60, 60)]
    parts = [
        tables([row for row in known if row[0] in customers]).history
        for customers in ("ab", "d", "c")
    ]
    whole = popularity(tables(known).history)
    together = popularity_of(map(counted, parts)).astype({"category": "str"})
    together = together.sort_values("category", ignore_index=True)
    pd.testing.assert_frame_equal(together, whole.astype({"category": "str"}), check_exact=True)


def test_popularity_of_what_everybody_buys_or_nobody_bought_lately_is_a_number():
    told = popularity(
        tables([("a", "milk", 9, 3, 6, 90, 2), ("a", "wine", 1, 0, 0, 99, 99)]).history
    )
    assert np.isfinite(told[list(POPULARITY)]).all(axis=None)


def test_inputs_are_what_their_names_say():
    snapshot = rows_of("a", "c").assign(categories_90d=2.0)
    history = tables().history
    found = candidates(snapshot, history, popularity(history), 1)
    layout = pairs_of(["categories_90d", "tenure_days"], 1)
    table = pd.DataFrame(layout.matrix(found, snapshot), columns=layout.names)
    bread, milk, strange = table.iloc[0], table.iloc[1], table.iloc[2]
    assert bread["gap"] == pytest.approx((100 - 3) / 4)
    assert bread["silence_over_gap"] == pytest.approx(3 / ((100 - 3) / 4))
    assert bread["rate"] == pytest.approx(5 / 100) and bread["customer_tenure_days"] == 100
    assert np.isnan(milk["gap"]) and milk["first_ago"] == milk["last_ago"] == 120  # bought once
    assert strange["rate"] == 0 and np.isnan(strange["last_ago"])
    assert strange["buyers_90d"] == pytest.approx(2 / 3)
    more = replace(layout, of_pair=("bought", *layout.of_pair))
    table = pd.DataFrame(more.matrix(found, snapshot), columns=more.names)
    assert table["bought"].tolist() == [5, 1, 0, 3]


def test_a_window_that_reaches_beyond_the_history_is_not_learned_from():
    short = pairs_of(["categories_30d", "tenure_days"], 5)
    assert "bought_30d" in short.names and "bought_90d" not in short.names
    assert not any(name.endswith("_30d") for name in pairs_of(["tenure_days"], 5).names)
    everything = pairs_of(FEATURES, 5)
    assert {"bought_90d", "return_rate", "customer_orders_90d"} <= set(everything.names)


def test_a_snapshot_of_other_code_is_refused():
    history = tables().history
    snapshot = rows_of("a")
    found = candidates(snapshot, history, popularity(history), 1)
    with pytest.raises(ArtifactError, match="orders_90d"):
        pairs_of(["orders_90d"], 1).matrix(found, snapshot)


def test_what_was_bought_is_looked_up_by_date_customer_and_category():
    happened = [("b", "bread"), ("c", "bread"), ("c", "tea"), ("stranger", "milk")]
    snapshot = rows_of("a", "b", "c")
    made = tables(happened=happened)
    found = candidates(snapshot, made.history, popularity(made.history), 1)
    bought = bought_of(found, snapshot, made.outcomes)
    told = zip(found["row"], found["category"].astype(str), bought, strict=True)
    assert [(row, name) for row, name, y in told if y] == [(1, "bread"), (2, "bread")]
    other_day = made.outcomes.assign(as_of_date=DATES[1])
    assert not bought_of(found, snapshot, other_day).any()


def test_planted_shops_agree_with_a_loop():
    rows, categories = shop(customers=40, seed=3)
    snapshot = rows[rows["as_of_date"] == DATE].sample(frac=1, random_state=1)
    history = only(categories, DATE)
    found = candidates(snapshot, history, popularity(history), 4)
    recent = history[history["bought_90d"] > 0]["category"].astype(str).value_counts()
    popular = sorted(recent.index, key=lambda name: (-recent[name], name))[:4]
    happened = set(
        categories.outcomes.astype({"customer_id": "str", "category": "str"}).itertuples(
            index=False, name=None
        )
    )
    expected, bought = [], []
    for row, who in enumerate(snapshot["customer_id"]):
        own = history[history["customer_id"] == who]["category"].astype(str)
        for name in sorted({*own, *popular}):
            expected.append((row, name))
            bought.append(float((DATE, who, name) in happened))
    assert list(zip(found["row"], found["category"].astype(str), strict=True)) == expected
    assert bought_of(found, snapshot, categories.outcomes).tolist() == bought
    assert 0 < sum(bought) < len(bought)
