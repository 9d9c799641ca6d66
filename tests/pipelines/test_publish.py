"""`make run` ends with publishing: what the release holds is what the service gives out."""

import sqlite3

import pandas as pd
import pytest
import yaml

from serving.store.database import open_store
from serving.store.reading import current
from tests.pipelines.code import ROOT
from tests.serving.asking import card_of
from tests.serving.conftest import Running

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("end_to_end")]


@pytest.fixture
def store(finished):
    engine = open_store(f"sqlite:///{finished.folder}/store/regulars.sqlite3")
    yield engine
    engine.dispose()


def test_publishing_is_no_stage_of_dvc():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert not [name for name, stage in stages.items() if "publish" in f"{name} {stage['cmd']}"]


def test_the_run_published_what_it_released(finished, store, first_run):
    manifest = finished.manifest()
    release = current(store)
    assert release.release_id == manifest["release_id"]
    assert release.model_version == manifest["model_version"]
    assert f"release {release.release_id} published: {manifest['cards']:,} cards" in first_run[1]
    assert sum(release.customers.values()) == manifest["cards"]


def test_every_card_of_the_service_is_the_row_of_the_release(finished, store):
    cards = pd.read_parquet(finished.release / "cards.parquet").set_index("customer_id")
    customers = pd.read_csv(finished.folder / "mydata" / "customers.csv", dtype=str)
    customers = customers.set_index("customer_id")
    bought = pd.read_parquet(finished.release / "purchases.parquet")
    days = bought.groupby("customer_id")["event_day"].count()
    for customer, row in cards.iterrows():
        card = card_of(store, customer, with_purchases=True)
        assert card.status == row["status"]
        assert len(card.purchases) == days[customer]
        assert card.owner == customers.loc[customer, "owner"]
        name = customers.loc[customer, "name"]
        assert card.name == (None if pd.isna(name) else name)
        for field in ("churn_risk", "value_at_risk", "expected_orders", "risk_rank"):
            found, wanted = getattr(card, field), row[field]
            assert found == (None if pd.isna(wanted) else wanted), (customer, field)
        if row["status"] == "scored":
            assert card.intended_action.action_id == row["intended_action"]
            assert [r.feature for r in card.reasons] == [r["feature"] for r in row["reasons"]]
            by_30 = card.purchase_probability["30"]
            assert by_30 == pytest.approx(1 - card.churn_risk)  # horizon is 30 days


def test_cards_can_be_read_over_http_in_both_languages(store, finished):
    cards = pd.read_parquet(finished.release / "cards.parquet")
    with Running(store) as service:
        for first, language in enumerate(("en", "ru")):
            for customer in cards["customer_id"][first::4]:
                answer = service.get(f"/customers/{customer}?language={language}")
                assert answer.status == 200, customer
            assert service.get(f"/?language={language}").status == 200
        listed = service.get("/v1/at-risk?limit=1000").json()
    scored = cards[cards["status"] == "scored"]
    wanted = scored.sort_values(["value_at_risk", "customer_id"], ascending=[False, True])
    assert [c["customer_id"] for c in listed["customers"]] == list(wanted["customer_id"])[:1000]


def test_the_champion_is_the_published_model(finished):
    with sqlite3.connect(finished.folder / "mlflow.db") as mlflow:
        aliases = mlflow.execute("SELECT name, alias, version FROM registered_model_aliases")
        assert {(name, alias) for name, alias, _ in aliases.fetchall()} == {
            ("regulars-churn", "champion"),
            ("regulars-next-purchase", "champion"),
        }


def test_publishing_again_does_nothing_quickly_and_says_so(copied):
    done = copied.python("-m", "pipelines.publish")
    assert done.code == 0
    assert "is the published one already" in done.text
    assert "champion" not in done.text


def test_other_parameters_give_another_release_and_the_first_can_come_back(copied):
    def published(budget):
        copied.change(actions={"budget": budget})
        assert copied.dvc("repro", "release").code == 0
        done = copied.python("-m", "pipelines.publish")
        return copied.manifest()["release_id"], done.text

    first = copied.manifest()["release_id"]
    second, said = published(75)
    assert second != first
    assert f"release {second} published" in said
    third, said = published(150)
    assert third == first
    assert f"release {first} brought back" in said
    engine = open_store(f"sqlite:///{copied.folder}/store/regulars.sqlite3")
    assert current(engine).release_id == first
    engine.dispose()


def test_without_mlflow_the_release_is_published_all_the_same(copied):
    for name in ("mlflow.db", "mlruns", "store"):
        path = copied.folder / name
        if path.is_dir():
            path.rename(path.with_suffix(".away"))
        else:
            path.unlink(missing_ok=True)
    done = copied.python("-m", "pipelines.publish")
    assert done.code == 0, done.text
    assert "knows no run of these models" in done.text


def test_a_release_that_is_damaged_or_absent_is_said_in_a_sentence(copied):
    (copied.release / "plan.json").write_text("{}")
    done = copied.python("-m", "pipelines.publish")
    assert done.code == 1
    assert "plan.json was changed" in done.text
    assert "Traceback" not in done.text
    copied.release.rename(copied.folder / "away")
    done = copied.python("-m", "pipelines.publish")
    assert done.code == 1
    assert "There is no release to publish yet: run `make run`" in done.text


def test_a_setting_that_cannot_be_used_stops_the_run_before_any_stage(copied):
    code = "import os; os.environ['REGULARS_PORT']='x'; import pipelines.run as r;"
    done = copied.python("-c", f"{code} from pipelines import stage; stage.run(r.main)")
    assert done.code == 1
    assert "REGULARS_PORT" in done.text
    assert "Stage" not in done.text
