"""What the CRM told the service comes back with the next run, and only once."""

import json

import pandas as pd
import pytest

from pipelines import source, stage
from serving.store.database import open_store
from serving.work.erasure import erase
from serving.work.kinds import Complaint, Consent, Contact
from serving.work.outcomes import tell
from tests.pipelines.project import Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("other_runs")]


def told(project: Project, key: str, *outcomes: dict) -> None:
    engine = open_store(f"sqlite:///{project.folder}/store/regulars.sqlite3")
    kinds = {"contact": Contact, "consent": Consent, "complaint": Complaint}
    tell(
        engine,
        [kinds[one["kind"]].model_validate_json(json.dumps(one)) for one in outcomes],
        key,
        "crm",
    )
    engine.dispose()


def card(project):
    """A customer who is scored, and the last day of the data."""
    cards = pd.read_parquet(project.release / "cards.parquet")
    scored = cards[cards["status"] == "scored"].iloc[0]
    return scored["customer_id"], scored["data_until"]


def table(project, name):
    return pd.read_parquet(project.folder / "data" / "tables" / f"{name}.parquet")


def test_the_loop_is_closed(copied):
    customer, day = card(copied)
    contact = {
        "kind": "contact",
        "customer_id": customer,
        "contact_id": "crm-1",
        "event_time": f"{day:%Y-%m-%d}T09:00:00Z",
        "action_id": "check_in_email",
        "channel": "email",
    }
    objection = {
        "kind": "consent",
        "customer_id": customer,
        "channel": "all",
        "purpose": "profiling",
        "granted": False,
        "event_time": "2026-01-01T09:00:00Z",  # long after the data
    }
    assert copied.up_to_date()
    told(copied, "1", contact, objection)
    done = copied.dvc("repro", "ingest")
    assert done.code == 0, done.text
    assert "told to the service: 1 consents, 1 contacts" in done.text
    assert "crm-1" in set(table(copied, "contacts")["contact_id"])
    word = table(copied, "consents").query("customer_id == @customer").iloc[-1]
    assert (word["purpose"], word["granted"]) == ("profiling", False)
    noted = json.loads((copied.folder / "data" / "source.json").read_text(encoding="utf-8"))
    assert noted["outcomes_until"] == 1
    # Nothing new was told: nothing runs again.
    done = copied.dvc("repro", "ingest")
    assert "Running stage 'source'" in done.text
    assert "Running stage 'ingest'" not in done.text
    told(copied, "1", contact, objection)  # the CRM tells it again
    assert "Running stage 'ingest'" not in copied.dvc("repro", "ingest").text


def test_who_was_erased_is_left_out_of_every_table_and_counted(copied):
    customer, _ = card(copied)
    engine = open_store(f"sqlite:///{copied.folder}/store/regulars.sqlite3")
    erase(engine, customer, "test")
    engine.dispose()
    done = copied.dvc("repro", "ingest")
    assert done.code == 0, done.text
    counts = json.loads((copied.folder / "data/quarantine/counts.json").read_text("utf-8"))
    orders = counts["orders"]
    assert orders["erased"] > 0
    assert orders["rows_in"] == sum(n for name, n in orders.items() if name != "rows_in")
    for path in (copied.folder / "data" / "tables").glob("*.parquet"):
        rows = pd.read_parquet(path)
        assert "customer_id" not in rows or customer not in set(rows["customer_id"])


def test_without_a_store_nothing_was_told(copied, monkeypatch):
    monkeypatch.chdir(copied.folder)
    monkeypatch.setenv("REGULARS_STORE_URL", "sqlite:///nowhere/store.sqlite3")
    source.main()
    assert json.loads((stage.OUTCOMES / "read.json").read_text()) == {}
    assert json.loads(stage.SOURCE.read_text())["outcomes_until"] == 0
    assert not (copied.folder / "nowhere").exists()
