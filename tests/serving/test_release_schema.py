"""Publishing checks sense, not only hashes: one wrong value, and the release is refused."""

import numpy as np
import pytest

from core.errors import ArtifactError, NoReleaseError
from core.files import read_json, write_json
from serving.cards.card import (
    ScoreCard,
)
from serving.store.database import open_store
from serving.store.publishing import publish
from serving.store.reading import current
from serving.store.release_schema import NESTED, _columns_of_cards
from serving.store.shapes import COLUMNS
from tests.serving.releases import card_row, company, day, leaving, likely, reason, write_release


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store into which nothing is ever published."""
    engine = open_store(f"sqlite:///{tmp_path_factory.mktemp('s') / 's.sqlite3'}")
    yield engine
    engine.dispose()


WRONG = [
    ("horizon_days", 99),
    ("value_horizon_days", 91),
    ("data_until", day(3)),
    ("expires_at", day(99)),
    ("churn_definition", "cancellation"),
    ("model_version", "model-z"),
    ("value_at_risk", -48.0),
    ("value_at_risk", np.nan),
    ("value_if_stays", np.inf),
    ("expected_value", -0.01),
    ("expected_spend", -1.0),
    ("contact_cost", -0.5),
    ("churn_risk", 1.01),
    ("churn_risk", -0.01),
    ("risk_rank", 0),
    ("risk_band", "huge"),
    ("status", "gone"),
    ("status", None),
    ("arm", "both"),
    ("intended_action", "call_the_police"),
    ("customer_id", ""),
    ("customer_id", "a\x00b"),
    ("owner", "x" * 501),
    ("purchase_probability_30d", 1.5),
    ("next_purchase_date_median", day(-3)),
    ("next_purchase_date_high", day(5)),
    ("last_purchase_date", day(1)),
    ("relationship_strength", 101.0),
    ("expected_gain_high", None),
    ("relationship_strength_since", None),
    ("relationship_strength_change", None),
    ("reasons", [reason(direction="sideways")]),
    ("reasons", [reason(contribution=np.inf)]),
    ("reasons", [reason(message_key="reason.no_such")]),
    ("next_categories_any", [likely("tea", 1.2)]),
    ("category_risks", [leaving("tea", 1.2)]),
    ("blocked", [{"action_id": None, "reason": "quiet_period"}]),
    ("why", {"message_key": "why.reminder", "values": {"expected_cost": 1e300}}),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "value"), WRONG, ids=[f"{name}-{n}" for n, (name, _) in enumerate(WRONG)]
)
def test_a_wrong_value_is_refused_with_its_customer_and_column(store, tmp_path, column, value):
    rows = [card_row("fine"), card_row("broken", name="x", owner="y") | {column: value}]
    rows.append(card_row("fine too"))
    folder = write_release(tmp_path / "r", rows)
    who = value if column == "customer_id" else "broken"
    with pytest.raises(ArtifactError, match="cannot be published") as caught:
        publish(folder, store, keep=2)
    said = str(caught.value)
    assert f"customer {who!r}" in said
    named = {column.removesuffix("_30d"), column.split("_date_")[0], column[:-4] + ".any"}
    assert any(name in said for name in named), said
    with pytest.raises(NoReleaseError):
        current(store)


def test_a_card_of_another_as_of_date_is_refused(store, tmp_path):
    import pandas as pd

    from core.files import hashes

    folder = write_release(tmp_path / "r", [card_row("fine"), card_row("broken")])
    cards = pd.read_parquet(folder / "cards.parquet")
    cards.loc[1, "as_of_date"] = day(-7)
    cards.to_parquet(folder / "cards.parquet", index=False)
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
    with pytest.raises(ArtifactError, match=r"customer 'broken'.*as_of_date"):
        publish(folder, store, keep=2)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "changes",
    [
        {"release_id": "../../x"},
        {"release_id": ""},
        {"release_id": 5},
        {"model_version": "a/b"},
        {"horizon_days": 0},
        {"horizon_days": "30"},
        {"horizon_days": True},
        {"value_horizon_days": 10**6},
        {"as_of_date": "27.10.2024"},
        {"data_until": "2025-01-01"},
    ],
    ids=str,
)
def test_a_manifest_that_cannot_be_is_refused(store, tmp_path, changes):
    folder = write_release(tmp_path / "r", [card_row("1")], **changes)
    with pytest.raises(ArtifactError, match=rf"manifest.json.*{next(iter(changes))}"):
        publish(folder, store, keep=2)


@pytest.mark.slow
def test_customers_of_every_kind_pass(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/s.sqlite3")
    assert publish(write_release(tmp_path / "r", company()), engine, keep=2).cards == 134
    engine.dispose()


@pytest.mark.slow
def test_a_customer_who_comes_twice_is_named_though_the_card_is_known(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/s.sqlite3")
    publish(write_release(tmp_path / "r", [card_row("1"), card_row("2")]), engine, keep=2)
    folder = write_release(tmp_path / "twice", [card_row("1"), card_row("2"), card_row("1")])
    with pytest.raises(ArtifactError, match="customer '1' has more than one card"):
        publish(folder, engine, keep=2)
    engine.dispose()


def test_every_column_of_a_release_has_a_rule():
    patterns = {"purchase_probability_7d", "next_purchase_reach_days"}
    rules = set(_columns_of_cards().columns) | set(NESTED) | set(ScoreCard.model_fields)
    without = {name for name in COLUMNS - rules - patterns if "probability_" not in name}
    assert without == {f"next_purchase_date_{end}" for end in ("low", "median", "high")}
