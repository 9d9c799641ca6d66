"""A table with a label goes down the whole road, and what it cannot show is said."""

import json
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

from benchmarks.zoo.road import lay_out, merged, run_road
from pipelines.summary import print_summary
from serving.store.database import open_store
from serving.wording.sentences import sentence
from tests.pipelines.project import QUICK
from tests.serving.conftest import Running

pytestmark = pytest.mark.slow  # two whole roads

ABSENT = (
    *("next_purchase_date", "next_categories", "expected_orders", "expected_spend"),
    *("rfm_segment", "lifecycle_stage", "relationship_level", "last_purchase_date"),
)


def people(rng, number, dates):
    """Customers who leave by what their columns say; who left is gone on later dates."""
    use, parts, there = rng.gamma(4, 5, number), [], np.ones(number, bool)
    plan = rng.choice(["Базовый", "Про"], number)
    for date in dates:
        use = use * np.exp(rng.normal(-0.03, 0.25, number))
        odds = -1.2 - 0.12 * (use - 18) + 0.9 * (plan == "Базовый")
        left = rng.random(number) < 1 / (1 + np.exp(-odds))
        part = pd.DataFrame(
            {
                "Клиент": [f"К{one:04d}" for one in range(number)],
                "Дата": date,
                "Тариф": plan,
                'Часов, "в месяц" <b>': use.round(1),
                "churned": rng.integers(0, 5, number),
                "Абонплата": np.where(plan == "Про", "990,00 ₽", "490,00 ₽"),
                "Ушёл": np.where(left, "да", "нет"),
            }
        )
        parts.append(part[there])
        there = there & ~left
    return pd.concat(parts, ignore_index=True)


SOURCE = {"kind": "table", "path": "table.csv", "label": "Ушёл", "customer": "Клиент"}


def road(folder, frame, source=None, last=None, **more):
    changes = {"source": {**SOURCE, **(source or {})}, **more}
    lay_out(folder, merged({name: QUICK[name] for name in QUICK if name != "source"}, changes))
    frame.to_csv(folder / "table.csv", index=False, sep=";", encoding="cp1251", errors="replace")
    return run_road(folder, last)


@pytest.fixture(scope="module")
def dated(tmp_path_factory):
    """Six months, the newest without labels; scored are its customers."""
    months = [f"01.{month:02d}.2024" for month in range(1, 7)]
    frame = people(np.random.default_rng(2), 700, months)
    frame.loc[frame["Дата"] == months[-1], "Ушёл"] = ""
    frame["Абонплата"] = frame["Абонплата"].str.replace("₽", "руб.")
    catalog = {"actions": {"margin_rate": None}}
    ended = road(
        tmp_path_factory.mktemp("dated"),
        frame,
        {"as_of": "Дата", "value": "Абонплата"},
        task={"horizon_days": "auto"},
        **catalog,
    )
    assert ended.through, ended.error + ended.crash
    return ended


@pytest.fixture(scope="module")
def undated(tmp_path_factory):
    """One row per customer, all with a label."""
    frame = people(np.random.default_rng(3), 900, ["x"]).drop(columns=["Дата", "Абонплата"])
    ended = road(
        tmp_path_factory.mktemp("undated"), frame, model={"excluded_attributes": ["Тариф"]}
    )
    assert ended.through, ended.error + ended.crash
    return ended


def evaluation(ended):
    return json.loads((ended.release / "reports" / "evaluation.json").read_text("utf-8"))


def test_later_dates_judge_beside_the_simple_models_and_the_newest_is_scored(dated):
    found = evaluation(dated)
    churn = found["churn"]
    assert found["ladder"]["rung"] == 1
    assert set(churn["models"]) == {"ours", "single_column", "logistic_columns"}
    assert churn["models"]["ours"]["auc"]["low"] > 0.6
    assert churn["single_column"] == 'column_Часов, "в месяц" <b>'
    assert (found["next_purchase"], found["value"], found["forecast"]) == ({}, {}, [])
    cards = pd.read_parquet(dated.release / "cards.parquet")
    assert set(cards["as_of_date"].astype("str")) == {"2024-06-01"}
    assert set(cards["status"]) == {"scored"}
    risk, fee = cards["churn_risk"], cards["value_if_stays"]
    assert set(fee) == {490.0, 990.0}
    assert np.allclose(cards["value_at_risk"], risk * fee, atol=1e-4)
    features = json.loads((dated.release / "reports" / "features.json").read_text("utf-8"))
    assert "column_Тариф" in {one["name"] for one in features["features"]}


def test_without_dates_it_says_so_and_an_excluded_column_is_only_judged(
    undated, monkeypatch, capsys
):
    found = evaluation(undated)
    assert found["ladder"]["rung"] in (4, 5)
    assert found["churn"]["grade"] != "A"
    assert list(found["churn"]["slices"]) == ["Тариф (not learned from)"]
    cards = pd.read_parquet(undated.release / "cards.parquet")
    told = {reason["feature"] for row in cards["reasons"] for reason in row}
    assert told
    assert not [name for name in told if "Тариф" in name]
    card = (undated.release / "reports" / "model_card.md").read_text("utf-8")
    for text in (
        "The label has no date",
        "Not known from a table with a label",
        "no value at risk",
    ):
        assert text in card
    monkeypatch.chdir(undated.folder)
    print_summary(language="ru")
    text = capsys.readouterr().out
    assert "warning: the label has no date" in text
    assert "tested on other customers" in text
    assert "come by their risk of leaving" in text or sentence("ranked.churn_risk", "ru") in text
    plan = json.loads((undated.release / "plan.json").read_text())
    assert (plan["no_gains"], plan["ranked_by"]) == ("no_money", "churn_risk")
    assert cards["expected_cost"].sum() <= plan["budget"]["limit"]
    # Conditions on what a table with a label does not tell do not hold.
    assert set(plan["why_nothing"]) <= {"why.all_blocked", "why.limits"}


@pytest.fixture(scope="module", params=["dated", "undated"])
def service(request):
    ended = request.getfixturevalue(request.param)
    engine = open_store(ended.store)
    with Running(engine) as running:
        yield running
    engine.dispose()


def test_the_api_leaves_empty_what_only_purchases_show(service):
    card = service.get("/v1/at-risk?limit=1").json()["customers"][0]
    assert [name for name in ABSENT if card[name] is not None] == []
    assert card["purchase_probability"] == {}
    assert card["churn_definition"] == "label"
    assert service.get("/v1/forecast").status == 404
    assert "holds no purchases" in service.get("/v1/forecast").text


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Not known from a table with a label"), ("ru", "Из готовой таблицы нельзя узнать")],
)
def test_the_pages_say_what_cannot_be_known_and_name_columns_as_the_table_does(
    service, language, said
):
    card = service.get("/v1/at-risk?limit=1").json()["customers"][0]
    for path in ("/", f"/customers/{quote(card['customer_id'])}"):
        page = service.get(f"{path}?language={language}")
        assert page.status == 200
        assert said in page.text
        assert "column_" not in page.text
        assert "<b>:" not in page.text
    assert "Часов, &#34;в месяц&#34; &lt;b&gt;" in page.text
    assert service.get(f"/monitor?language={language}").status == 200


def test_a_column_that_alone_shows_the_label_stops_the_run_and_both_lines_run(tmp_path):
    frame = people(np.random.default_rng(5), 400, ["x"]).drop(columns=["Дата", "Абонплата"])
    leaky = frame.assign(**{"Причина ухода": np.where(frame["Ушёл"] == "да", "цена", "")})
    refused = road(tmp_path / "a", leaky)
    assert "LeakError: Too good to be true: Причина ухода (AUC 1.000) alone" in refused.error
    assert 'model: excluded_attributes: ["Причина ухода"]' in refused.error
    assert 'accepted_leaks: {"Причина ухода": <why it was known>}' in refused.error
    out = road(
        tmp_path / "b", leaky, last="evaluate", model={"excluded_attributes": ["Причина ухода"]}
    )
    assert out.through, out.error + out.crash
    reason = {"Причина ухода": "asked of everybody before they may leave"}
    kept = road(tmp_path / "c", leaky, last="evaluate", model={"accepted_leaks": reason})
    assert kept.through, kept.error + kept.crash
