"""Attributes may be called anything, and are learned from and told under their own names."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmarks.zoo.road import lay_out, merged, run_road
from serving.store.database import open_store
from tests.pipelines.project import QUICK
from tests.pipelines.roads import through
from tests.serving.conftest import Running
from tests.synthetic import Shop, tables, write

pytestmark = pytest.mark.slow  # most of it looks at one whole road

SHOP = tables(Shop())
# The first says who buys often; JSON, SQL, YAML, HTML, Markdown and file names have a word in each.
TELLS = 'Регион, "город" [код]'
NAMES = (
    TELLS,
    "tier:{level}",
    "two  words",
    "two__words",
    "a|b\nc",
    "<script>alert(1)</script>",
    "../x/'y",
    "select",
    "orders_total",
    "attribute_x",
    "😀 %",
    "L" * 200,
)
LEFT_OUT = "a|b\nc"


def with_attributes(names):
    rng = np.random.default_rng(3)
    orders = SHOP["orders"].groupby("customer_id").size()
    people = SHOP["customers"]
    often = people["customer_id"].map(orders).fillna(0) > orders.median()
    noise = {name: rng.choice(["x", "y|z", "_"], len(people)) for name in names}
    told = pd.Series(np.where(often, "Уфа", "Тверь"), people.index)
    return SHOP | {"customers": people.assign(**noise).assign(**{names[0]: told})}


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    changes = {
        "source": {"static_attributes": list(NAMES)},
        "model": {"excluded_attributes": [LEFT_OUT]},
    }
    ended = through(folder, with_attributes(NAMES), changes)
    assert ended.through, ended.error + ended.crash
    return ended


def test_every_attribute_is_a_feature_under_its_own_name(road):
    features = json.loads((road.folder / "reports" / "features.json").read_text("utf-8"))
    names = {one["name"] for one in features["features"]}
    assert {f"attribute_{name}" for name in NAMES} <= names


def test_importance_reasons_and_card_tell_attributes_by_their_names(road):
    importance = pd.read_csv(road.folder / "plots" / "feature_importance.csv")
    assert f"attribute_{TELLS}" in set(importance["feature"])
    cards = pd.read_parquet(road.release / "cards.parquet")
    told = {one["feature"] for reasons in cards["reasons"].dropna() for one in reasons}
    assert f"attribute_{TELLS}" in told
    learned = attributes_of_the_card(road)
    assert TELLS in learned


def attributes_of_the_card(road):
    """What the model card says that the models learn from."""
    card = (road.folder / "reports" / "model_card.md").read_text("utf-8")
    return card.split("learned from are the customer attributes ")[1].split("\n\n")[0]


def test_the_card_counts_and_names_what_the_models_read_and_not_what_is_excluded(road):
    model = json.loads((road.folder / "artifacts" / "served" / "churn.json").read_text("utf-8"))
    card = (road.folder / "reports" / "model_card.md").read_text("utf-8")
    snapshot = json.loads((road.folder / "reports" / "features.json").read_text("utf-8"))
    evaluation = json.loads((road.folder / "reports" / "evaluation.json").read_text("utf-8"))
    assert set(model["features"]) <= set(evaluation["features"])
    assert len(evaluation["features"]) < len(snapshot["features"])
    assert f"{len(evaluation['features'])} features; learned from are" in card
    assert LEFT_OUT not in attributes_of_the_card(road)
    assert f"attribute_{LEFT_OUT}" not in evaluation["features"]


def test_a_name_and_a_value_break_no_row_of_the_cards_tables(road):
    lines = (road.folder / "reports" / "model_card.md").read_text("utf-8").splitlines()
    start = lines.index("### For whom it works") + 2
    rows = [line for line in lines[start:] if line][: lines[start:].index("")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {7}
    assert any("a\\|b c (not learned from): y\\|z" in line for line in rows)


@pytest.fixture(scope="module")
def service(road):
    engine = open_store(road.store)
    with Running(engine) as running:
        yield running
    engine.dispose()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_page_and_list_answers(service, language):
    listed = service.get("/v1/at-risk")
    assert listed.status == 200
    for card in listed.json()["customers"][::10]:
        page = service.get(f"/customers/{card['customer_id']}?language={language}")
        assert page.status == 200
        assert "<script>alert" not in page.text
    for path in ("/", "/monitor", "/forecast", "/v1/at-risk?format=csv"):
        sign = "&" if "?" in path else "?"
        assert service.get(f"{path}{sign}language={language}").status == 200, path


def test_a_date_is_no_attribute_to_learn_from_and_the_cure_that_is_told_works(tmp_path):
    """In Parquet, which knows dates; in CSV it is text, and learned from as such."""
    named = 'born "on"'
    people = SHOP["customers"].assign(**{named: pd.Timestamp("1980-02-03")})

    def ended(folder, source):
        lay_out(folder, merged(QUICK, {"source": source}))
        write(folder / "mydata", {"orders": SHOP["orders"]})
        people.to_parquet(folder / "mydata" / "customers.parquet")
        return run_road(folder, "snapshot")

    refused = ended(tmp_path / "a", {"static_attributes": [named]})
    assert "which holds dates" in refused.error
    told = refused.error.split("with source.derive, ")[1].rsplit(", and list that", 1)[0]
    cured = {"derive": yaml.safe_load(told), "static_attributes": [f"year of {named}"]}
    again = ended(tmp_path / "b", cured)
    assert again.through, again.error + again.crash
