"""Live scoring by the models of a release that a run made: the same cards as the run's own."""

import json
import random
import shutil
from threading import Event, Thread

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter

from benchmarks.live_golden import golden
from core.files import read_json, write_manifest
from serving.live.anew import OF_THE_RELEASE, bring_up_to_date
from serving.live.histories import History, News, events_of
from serving.live.scoring import COMPARED, LiveScorer
from serving.store.database import open_store
from serving.store.errors import NoModelsError
from serving.store.publishing import publish
from serving.store.reading import one_card
from serving.store.shapes import card_of
from serving.work.outcomes import tell
from tests.pipelines.test_live_models import damaged
from tests.serving.conftest import Running

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("other_runs")]

# What live cards leave out: comparisons with all others, the strength among these, and the plan.
LEFT_OUT = {
    *COMPARED,
    "arm",
    "customer_id",
    "intended_action",
    "name",
    "owner",
    "withheld",
    "withheld_by",
    "persistent_control",
    "is_exploration",
    "propensity",
    "action_propensity",
    "contact_propensity",
    "relationship_strength",
    "relationship_strength_change",
    "relationship_strength_since",
    "relationship_declined",
}


@pytest.fixture(scope="module")
def release(first_run):
    return first_run[0].release


@pytest.fixture(scope="module")
def scorer(release):
    return LiveScorer(release, "r")


@pytest.fixture(scope="module")
def tables(first_run):
    folder = first_run[0].folder / "data" / "tables"
    return {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}


def history(tables, customer, called):
    """The checked rows of a customer as JSON, under another id."""
    found = {"customer_id": called}
    for name, table in tables.items():
        rows = table[table["customer_id"] == customer].drop(columns="customer_id")
        told = [
            {
                column: f"{cell.isoformat()}Z" if isinstance(cell, pd.Timestamp) else cell
                for column, cell in row.items()
                # the check numbers lines of every table; only those of orders can be sent
                if not pd.isna(cell) and (column != "line_id" or name == "orders")
            }
            for row in rows.to_dict("records")
        ]
        if name == "customers":
            found[name] = {"attributes": told[0]} if told else None
        elif told:
            found[name] = told
    return found


def read(histories):
    return TypeAdapter(list[History]).validate_json(json.dumps(histories))


def test_live_cards_are_those_of_the_run_with_other_ids_and_no_store(release, scorer, tables):
    cards = pd.read_parquet(release / "cards.parquet")
    chosen = random.Random(3).sample(sorted(cards["customer_id"]), 150)
    expected = {
        row["customer_id"]: card_of(row, {"release_id": "r"}).model_dump(mode="json")
        for row in pq.read_table(release / "cards.parquet").to_pylist()
        if row["customer_id"] in chosen
    }
    assert {card["status"] for card in expected.values()} == {"scored", "already_churned"}
    sent = read([history(tables, customer, f"x-{customer}") for customer in chosen])
    scores = scorer.score(sent, None, with_reasons=True)
    assert scores.as_of_date.isoformat() == expected[chosen[0]]["as_of_date"]
    for customer, (called, card) in zip(chosen, scores.cards, strict=True):
        assert called == card["customer_id"] == f"x-{customer}"
        for name in sorted(card.keys() - LEFT_OUT):
            assert card[name] == expected[customer][name], (customer, name)
        assert {name: card[name] for name in COMPARED} == dict.fromkeys(COMPARED)


def test_one_history_after_another_gives_what_all_at_once_give(scorer, tables):
    customers = sorted(set(tables["orders"]["customer_id"]))[:12]
    sent = read([history(tables, customer, customer) for customer in customers])
    together = scorer.score(sent, None, with_reasons=False).cards
    alone = [scorer.score([one], None, with_reasons=False).cards[0] for one in sent]
    assert alone == together


def test_a_purchase_of_today_changes_the_card_of_tomorrow(release, scorer, tables):
    cards = pd.read_parquet(release / "cards.parquet")
    scored = cards[cards["status"] == "scored"].sort_values("churn_risk")
    customer = scored["customer_id"].iloc[-1]
    day = scored["as_of_date"].iloc[0]
    before = history(tables, customer, "me")
    bought = {**before["orders"][-1], "order_id": "new", "event_time": f"{day.isoformat()}Z"}
    after = {**before, "orders": [*before["orders"], bought]}
    risks = []
    for sent in (before, after):
        scores = scorer.score(read([sent]), None, with_reasons=True)
        risks.append(scores.cards[0][1]["churn_risk"])
    assert scores.data_until == day.date()
    assert scores.cards[0][1]["last_purchase_date"] == day.date().isoformat()
    assert (scores.as_of_date - day.date()).days == 1
    assert risks[1] < risks[0]


def test_who_never_bought_before_the_date_has_no_card(scorer, tables):
    customer = tables["orders"]["customer_id"].iloc[0]
    sent = read([{"customer_id": "new"}, history(tables, customer, "known")])
    early = scorer.timeline.data_from + 1
    first = tables["orders"].query("customer_id == @customer")["event_time"].min()
    assert (first - pd.Timestamp("1970-01-01")).days >= early - 1
    cards = dict(scorer.score(sent, None, with_reasons=False).cards)
    assert cards["new"] is None and cards["known"] is not None


@pytest.fixture(scope="module")
def asked(release, tmp_path_factory):
    engine = open_store(f"sqlite:///{tmp_path_factory.mktemp('s')}/store.sqlite3")
    publish(release, engine, keep=2)
    with Running(engine) as service:
        yield service
    engine.dispose()


def test_the_service_scores_by_models_out_of_the_store(asked, scorer, tables, release):
    customers = sorted(set(tables["orders"]["customer_id"]))[:3]
    body = {"customers": [history(tables, customer, f"x-{customer}") for customer in customers]}
    answer = asked.get(
        "/v1/score?language=ru", "POST", json.dumps(body), Content_Type="application/json"
    )
    assert answer.status == 200, answer.text
    content = answer.json()
    assert content["release_id"] == read_json(release / "manifest.json")["release_id"]
    expected = scorer.score(read(body["customers"]), None, with_reasons=True)
    told = [one["card"] for one in content["customers"]]
    assert [c["churn_risk"] for c in told] == [c["churn_risk"] for _, c in expected.cards]
    assert all(reason["sentence"] for card in told for reason in card["reasons"])
    assert content["left_out"] == []


def tell_event(service, key, *customers):
    sent = {"Content_Type": "application/json", "Idempotency_Key": key}
    answer = service.get("/v1/events", "POST", json.dumps({"customers": customers}), **sent)
    assert answer.status == 201, answer.text
    assert answer.json()["not_scored"] is None
    return answer.json()


def bought_on(day, order_id, clock="09:00:00", **changes):
    """An order of that day (a Timestamp)."""
    return {
        "order_id": order_id,
        "event_time": f"{day:%Y-%m-%d}T{clock}Z",
        "amount": 12.5,
    } | changes


def test_a_purchase_that_is_told_changes_card_list_look_up_and_reasons_at_once(
    asked, release, scorer, tables
):
    cards = pd.read_parquet(release / "cards.parquet")
    scored = cards[cards["status"] == "scored"].sort_values("value_at_risk")
    customer, day = scored["customer_id"].iloc[-1], scored["as_of_date"].iloc[0]
    before = asked.get(f"/v1/customers/{customer}").json()
    order = bought_on(day, "told-1")
    mine = {"customer_id": customer, "orders": [order]}
    new = {"customer_id": "new here", "orders": [bought_on(day, "told-2")]}
    tell_event(asked, "told-1", mine, new)
    tell_event(asked, "told-1 again", mine)  # the same under another key
    whole = history(tables, customer, customer)
    whole["orders"].append(order)
    expected = dict(scorer.score(read([whole, new]), None, with_reasons=True).cards)

    card = asked.get(f"/v1/customers/{customer}?purchases=true").json()
    same = card.keys() & (expected[customer].keys() - {*LEFT_OUT, "release_id", "is_live"})
    for name in sorted(same - {"reasons", "purchases", "risk_change"}):
        assert card[name] == expected[customer][name], name
    assert [one["contribution"] for one in card["reasons"]] == [
        one["contribution"] for one in expected[customer]["reasons"]
    ]
    # What to say follows the new reasons and dates; the action itself is the plan's.
    spoken, planned = (one["intended_action"].pop("talking_points") for one in (card, before))
    assert spoken != planned
    assert {name: card[name] for name in OF_THE_RELEASE} == {n: before[n] for n in OF_THE_RELEASE}
    assert card["is_live"] and card["data_until"] == f"{day:%Y-%m-%d}"
    assert card["purchases"][-1]["day"] == f"{day:%Y-%m-%d}"
    assert card["churn_risk"] < before["churn_risk"]

    explained = asked.get(f"/v1/customers/{customer}/explain").json()
    assert (explained["churn_risk"], explained["risk_rank"]) == (
        card["churn_risk"],
        card["risk_rank"],
    )
    body = json.dumps({"customer_ids": [customer, "new here"]})
    told = asked.get("/v1/scores:lookup", "POST", body, Content_Type="application/json").json()
    risks = [row["card"]["churn_risk"] for row in told["customers"]]
    assert risks == [expected[who]["churn_risk"] for who in (customer, "new here")]
    ids = [row["customer_id"] for row in asked.get("/v1/at-risk?limit=1000").json()["customers"]]
    assert ids.index(customer) > 0 and "new here" in ids
    named = asked.get(f"/v1/customers/{customer}?release={before['release_id']}").json()
    assert named["churn_risk"] == before["churn_risk"]


def events(customer, *orders):
    told = [{"customer_id": customer, "orders": orders}]
    return events_of(TypeAdapter(list[News]).validate_json(json.dumps(told)))


def test_what_the_history_holds_counts_once_and_a_release_that_knows_the_events_makes_none(
    store, release, scorer, tables
):
    release_id = read_json(release / "manifest.json")["release_id"]
    of_release = LiveScorer(release, release_id)
    customer = sorted(set(tables["orders"]["customer_id"]))[0]
    own = tables["orders"][tables["orders"]["customer_id"] == customer].iloc[-1]
    known = bought_on(own["event_time"], own["order_id"], amount=999.0)
    late = bought_on(own["event_time"], "late")
    _, before = one_card(store, customer, True)
    request = tell(store, events(customer, known), "1", "shop").request
    assert bring_up_to_date(store, of_release).made == 1
    _, same = one_card(store, customer, True)
    assert {**same, "is_live": False, "risk_rank": before["risk_rank"]} == before
    request = tell(store, events(customer, late), "2", "shop").request
    assert bring_up_to_date(store, of_release, ["somebody else"]).made == 0
    assert bring_up_to_date(store, of_release).made == 1
    assert bring_up_to_date(store, of_release).made == 0
    _, after = one_card(store, customer, True)
    assert sum(day["orders"] for day in after["purchases"]) == 1 + sum(
        day["orders"] for day in before["purchases"]
    )

    def knows_them(folder):
        shutil.copytree(release / "histories", folder / "histories")

    made = damaged(release.parent / "knows", release, knows_them)
    manifest = read_json(made / "manifest.json")
    source = manifest["source"] | {"outcomes_until": request}
    (made / "manifest.json").unlink()
    write_manifest(made, **manifest | {"source": source, "release_id": "knows"})
    publish(made, store, keep=5)
    with pytest.raises(NoModelsError, match="are not loaded"):
        bring_up_to_date(store, of_release)
    assert bring_up_to_date(store, LiveScorer(made, "knows")).made == 0
    newer = bought_on(pd.Timestamp("2026-01-01"), "newer")
    tell(store, events(customer, newer), "3", "shop")
    assert bring_up_to_date(store, LiveScorer(made, "knows")).made == 1


def test_the_golden_set_finds_no_figure_that_is_another_and_one_that_was_made_so(release, tmp_path):
    found = golden(release)
    assert {row["different"] for row in found} == {0}
    assert max(row["largest_difference"] for row in found) <= 1e-9
    cards = pd.read_parquet(release / "cards.parquet")
    compared = {row["figure"]: row["compared"] for row in found}
    assert compared["churn_risk"] == len(cards)
    assert {"reasons.contribution", "next_purchase_date.median"} <= compared.keys()
    changed = shutil.copytree(release, tmp_path / "changed")
    place = cards.index[cards["status"] == "scored"][0]
    cards.loc[place, "churn_risk"] += 1e-6
    cards.to_parquet(changed / "cards.parquet", index=False)
    different = {row["figure"]: row["different"] for row in golden(changed)}
    assert {name for name, count in different.items() if count} == {"churn_risk"}


def test_models_are_swapped_under_load_without_a_dropped_or_a_mixed_answer(
    release, tables, tmp_path
):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    publish(release, engine, keep=5)
    customers = sorted(set(tables["orders"]["customer_id"]))[:5]
    histories = [history(tables, customer, customer) for customer in customers]
    body = json.dumps({"customers": histories, "reasons": False})
    answers, is_over = [], Event()

    with Running(engine) as service:

        def score():
            answer = service.get("/v1/score", "POST", body, Content_Type="application/json")
            answers.append(answer)
            return answer.json()["release_id"]

        def load():
            while not is_over.is_set():
                score()

        before = score()
        loads = [Thread(target=load) for _ in range(2)]
        for thread in loads:
            thread.start()
        try:
            publish(damaged(tmp_path / "next", release, lambda folder: None), engine, keep=5)
            while score() == before:  # the old models answer until the new ones were tried
                assert len(answers) < 5_000
        finally:
            is_over.set()
            for thread in loads:
                thread.join()
    engine.dispose()
    assert {answer.status for answer in answers} == {200}
    told = [answer.json() for answer in answers]
    assert len({one["release_id"] for one in told}) == 2
    for one in told:
        cards = [row["card"] for row in one["customers"]]
        assert {card["release_id"] for card in cards} == {one["release_id"]}
        assert {card["model_version"] for card in cards} == {one["model_version"]}
