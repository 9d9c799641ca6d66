from pathlib import Path

import pytest
import yaml

from actions.plan.catalog_file import load_catalog
from core.errors import CatalogError

ROOT = Path(__file__).parents[2]
MAIL = {
    "id": "mail",
    "channels": ["email", "phone"],
    "contact_cost": 0.1,
    "risk_reduction": {"low": 0.1, "mid": 0.2, "high": 0.3},
    "source": "assumption",
    "why": "reminder",
}


def load(tmp_path, *actions):
    path = tmp_path / "actions.yaml"
    path.write_text(yaml.safe_dump({"currency": "eur", "actions": list(actions)}), encoding="utf-8")
    return load_catalog(path)


def test_the_catalogue_in_the_repository_loads_and_offers_at_least_five_actions():
    catalog = load_catalog(ROOT / "actions.yaml")
    assert len(catalog.actions) >= 5
    assert {action.kind for action in catalog.actions} == {"retention", "service_recovery"}
    assert len(catalog.channels()) >= 4


def test_every_key_of_the_format_is_explained_in_the_comment_at_the_top_and_in_the_docs():
    catalog = load_catalog(ROOT / "actions.yaml")
    text = (ROOT / "actions.yaml").read_text(encoding="utf-8").split("actions:\n")[0]
    docs = (ROOT / "docs/actions.md").read_text(encoding="utf-8")
    for key in type(catalog.actions[0]).model_fields:
        assert f"\n#   {key} " in text
        assert f"`{key}`" in docs


@pytest.mark.parametrize(
    ("change", "where", "hint"),
    [
        ({"chanels": ["email"]}, "actions[0] (mail).chanels", "Did you mean channels?"),
        ({"risk_reduction": {"lo": 0.1, "mid": 0.1, "high": 0.2}}, "risk_reduction.lo", "low?"),
        ({"only_if": {"riskband": ["high"]}}, "only_if.riskband", "Did you mean risk_band?"),
        ({"only_if": {"churn_risk": {"mim": 0.1}}}, "churn_risk.mim", "Did you mean min?"),
    ],
)
def test_a_misspelt_key_is_refused_with_its_place_and_the_nearest_known_key(
    tmp_path, change, where, hint
):
    with pytest.raises(CatalogError) as error:
        load(tmp_path, {**MAIL, **change})
    assert "actions.yaml" in str(error.value)
    assert where in str(error.value)
    assert hint in str(error.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"risk_reduction": {"low": 0.3, "mid": 0.2, "high": 0.4}}, "low <= mid <= high"),
        ({"risk_reduction": {"low": 0.3, "mid": 0.4, "high": 1.1}}, "less than or equal to 1"),
        ({"contact_cost": -1}, "contact_cost: must be greater"),
        ({"contact_cost": float("nan")}, "contact_cost"),
        ({"contact_cost": float("inf")}, "contact_cost"),
        ({"incentive_cost": 2.0}, "accept_rate"),
        ({"id": "do_nothing"}, "always a candidate"),
        ({"id": "Mail!"}, "actions[0] (Mail!).id"),
        ({"only_if": {"risk_band": ["highest"]}}, "'high', 'medium' or 'low'"),
        ({"only_if": {"churn_risk": {}}}, "min, max or both"),
        ({"only_if": {"churn_risk": {"min": 0.5, "max": 0.4}}}, "min must not exceed max"),
        ({"why": "because"}, "'reminder'"),
    ],
)
def test_an_impossible_value_is_refused_and_the_message_says_what_is_possible(
    tmp_path, change, said
):
    with pytest.raises(CatalogError) as error:
        load(tmp_path, {**MAIL, **change})
    assert said in str(error.value)


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(CatalogError, match=r"line 2: actions\[0\] \(mail\): why is missing"):
        load(tmp_path, {key: value for key, value in MAIL.items() if key != "why"})


def test_two_actions_with_one_id_are_refused(tmp_path):
    with pytest.raises(CatalogError, match="id given twice: mail"):
        load(tmp_path, MAIL, MAIL)


def test_an_empty_catalogue_is_refused(tmp_path):
    with pytest.raises(CatalogError, match="at least one entry"):
        load(tmp_path)


def test_a_missing_file_says_which_parameter_names_it(tmp_path):
    with pytest.raises(CatalogError, match=r"actions\.catalog in params\.yaml"):
        load_catalog(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("text", ["actions: [", "- a\n- b\n", "", "\x00"])
def test_a_file_that_is_no_catalogue_is_named(tmp_path, text):
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"broken\.yaml"):
        load_catalog(path)


def test_a_catalogue_without_its_currency_is_refused_with_the_line_that_mends_it(tmp_path):
    path = tmp_path / "actions.yaml"
    path.write_text(yaml.safe_dump({"actions": [MAIL]}), encoding="utf-8")
    with pytest.raises(CatalogError, match="for example currency: EUR"):
        load_catalog(path)
    path.write_text(yaml.safe_dump({"currency": "EUT", "actions": [MAIL]}), encoding="utf-8")
    with pytest.raises(CatalogError, match=r"currency.*Did you mean"):
        load_catalog(path)
    assert load(tmp_path, MAIL).currency == "EUR"
