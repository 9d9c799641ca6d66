"""What changed since the release before: who moved, how many, what it is worth, who sees it."""

import datetime as dt
import json

import numpy as np
import pytest

from serving.cards.changes import Changes
from serving.store.database import open_store
from serving.store.publishing import publish
from serving.store.visible import only_of
from serving.work.changes import changes
from tests.plugin_databases import DATABASES
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.reading_pages import page, text_of
from tests.serving.release_reports import AS_OF
from tests.serving.releases import card_row, day, gone_row, write_release

WEEK = dt.timedelta(days=7)
HIGH, LOW = {"risk_band": "high", "churn_risk": 0.8}, {"risk_band": "low", "churn_risk": 0.1}
# The last purchase is told from the as-of date of a release, of which the newer is a week later.
LATELY = {"last_purchase_date": day(-3)}
SAME_DAY = {"last_purchase_date": day(-38)}
GONE = "gone"
# customer → the older card, the newer card; None: no card. A word: gone, or too little known.
MOVES = {
    "rose": ({}, HIGH),
    "newcomer": (None, HIGH),
    "stays-high": (HIGH, HIGH),
    "bought": (HIGH, LOW | LATELY),
    "fell": (HIGH, LOW | SAME_DAY),
    "bought-still-high": (HIGH, HIGH | LATELY),
    "left": (HIGH, GONE),
    "safe-left": (LOW, GONE),
    "silent": (LOW | {"lifecycle_stage": "regular"}, {"lifecycle_stage": "lapsing"} | SAME_DAY),
    "was-silent": (LOW | {"lifecycle_stage": "lapsing"}, {"lifecycle_stage": "lapsing"} | SAME_DAY),
    "unknown": ({}, "insufficient_data"),
    "vanished": ({}, None),
    "gone-before": (GONE, None),
    "returned": (GONE, {}),
}
EXPECTED = {
    "new_in_high": {"rose", "newcomer"},
    "back": {"bought"},
    "left": {"left", "safe-left", "unknown", "vanished"},
    "lost": {"safe-left", "silent"},
}


def row(who, said, number, owner):
    own = {"owner": owner, "name": f"Name of {who}"}
    if isinstance(said, str):
        kept = {"status": "already_churned" if said == GONE else said}
        return gone_row(who, **kept | own)
    return card_row(who, value_at_risk=float(number), **said | own)


def rows(which, owners=("anna", "boris")):
    """The cards of one of the two releases; each customer has a value of their own."""
    return [
        row(who, both[which], 10 + n + 100 * which, owners[n % 2])
        for n, (who, both) in enumerate(MOVES.items())
        if both[which] is not None
    ]


def published(engine, folder, **changes_of_newer):
    ids = []
    for which, as_of, changed in ((0, AS_OF - WEEK, {}), (1, AS_OF, changes_of_newer)):
        written = write_release(folder / str(which), rows(which), as_of=as_of, **changed)
        ids.append(publish(written, engine, keep=5).release_id)
    return ids


@pytest.fixture(scope="module", params=DATABASES)
def two(request, new_store_url, tmp_path_factory):
    engine = open_store(new_store_url(request.param))
    ids = published(engine, tmp_path_factory.mktemp("two"))
    with Running(engine) as service:
        yield service, ids, engine
    engine.dispose()


def found_by(answer):
    assert answer.status == 200, answer.text
    return Changes.model_validate_json(answer.body)


def worth(who, which):
    return 10 + list(MOVES).index(who) + 100 * which


@pytest.mark.slow
def test_everybody_who_moved_is_in_their_group_with_what_they_were_worth(two):
    service, ids, _ = two
    found = found_by(service.get("/v1/changes?limit=100"))
    assert (found.release_id, found.compared_with) == (ids[1], ids[0])
    assert found.compared_as_of_date == AS_OF - WEEK
    assert {g.move: {one.customer_id for one in g.first} for g in found.groups} == EXPECTED
    for group in found.groups:
        which = 1 if group.move == "new_in_high" else 0
        sums = [worth(one.customer_id, which) for one in group.first]
        assert [one.value_at_risk for one in group.first] == sums == sorted(sums, reverse=True)
        assert (group.customers, group.value_at_risk) == (len(sums), sum(sums))
    left = next(group for group in found.groups if group.move == "left")
    assert left.left_by == {"churned": 2, "unscored": 1, "vanished": 1}
    assert [one.customer_id for one in left.first if not one.has_card] == ["vanished"]
    assert {one.name for one in left.first} == {f"Name of {who}" for who in EXPECTED["left"]}


@pytest.mark.slow
def test_fewer_names_change_no_count(two):
    service, _, _ = two
    full = found_by(service.get("/v1/changes?limit=100"))
    few = found_by(service.get("/v1/changes?limit=1"))
    for one, other in zip(full.groups, few.groups, strict=True):
        assert other.first == one.first[:1]
        assert other.model_dump(exclude={"first"}) == one.model_dump(exclude={"first"})


def test_who_sees_some_customers_is_told_of_these_alone(two):
    _, _, engine = two
    seen = {}
    for owner in ("anna", "boris"):
        _, found = changes(only_of(engine, [owner]), limit=100)
        seen[owner] = {g.move: {one.customer_id for one in g.first} for g in found.groups}
        assert {one.owner for group in found.groups for one in group.first} == {owner}
        assert [group.customers for group in found.groups] == [len(g.first) for g in found.groups]
        assert sum(found.groups[2].left_by.values()) == found.groups[2].customers
    for move, everybody in EXPECTED.items():
        assert seen["anna"][move] | seen["boris"][move] == everybody


def test_the_first_release_has_nothing_to_be_compared_with(two):
    service, ids, engine = two
    release, found = changes(engine, ids[0])
    assert (release.release_id, found.compared_with, found.groups) == (ids[0], None, [])
    problem(service.get("/v1/changes?release=none"), "release-not-found")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "is_compared"),
    [({}, True), ({"horizon_days": 60}, False), ({"model_version": "model-b"}, True)],
)
def test_only_releases_that_ask_the_same_are_compared(tmp_path, changed, is_compared):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    newer_rows = [one | changed for one in rows(1)]
    written = [
        write_release(tmp_path / str(n), some, as_of=AS_OF - n * WEEK, **more)
        for n, some, more in ((2, rows(0), {}), (0, newer_rows, changed))
    ]
    older, newer = (publish(folder, engine, keep=5).release_id for folder in written)
    release, found = changes(engine)
    assert release.release_id == newer
    assert found.compared_with == (older if is_compared else None)
    assert found.is_other_model == ("model_version" in changed)
    engine.dispose()


@pytest.fixture
def open_two(tmp_path):
    """A service of its own that nobody has to sign in to."""
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    ids = published(engine, tmp_path, model_version="model-b")
    with Running(engine) as service:
        yield service, ids
    engine.dispose()


@pytest.mark.slow
def test_the_home_page_begins_with_what_the_api_tells(open_two):
    service, ids = open_two
    told = json.loads(service.get("/v1/changes").body)
    tree = page(service, "/?language=en")
    inside = tree.one("details", class_="changed")
    (summary,) = (e for e in tree.all("summary") if inside in e["inside"])
    line = text_of(summary)
    assert line.startswith("Since the list of ")
    said = {"new_in_high": "new at high risk", "back": "back again", "left": "off the list"}
    for group in told["groups"]:
        words = said.get(group["move"], "lost though judged safe")
        assert f"{group['customers']} {words}" in line
    names = [text_of(e) for e in tree.all("li") if inside in e["inside"]]
    firsts = [one for group in told["groups"] for one in group["first"]]
    assert len(names) == len(firsts)
    assert all(one["name"] in name for one, name in zip(firsts, names, strict=True))
    links = [e["href"] for e in tree.all("a") if inside in e["inside"]]
    assert any(f"changed_since={ids[0]}" in link and "risk_band=high" in link for link in links)
    for link in links:
        assert service.get(link).status == 200, link
    assert "The model was renewed" in inside["text"]
    first_of_list = tree.elements.index(tree.one("table", class_="list"))
    assert tree.elements.index(inside) < first_of_list


@pytest.mark.slow
def test_the_line_is_told_in_russian_too(open_two):
    tree = page(open_two[0], "/?language=ru")
    line = text_of(tree.one("details", class_="changed"))
    assert "выбыли: 4" in line and "больше нет в данных: 1 клиент" in line


@pytest.mark.slow
def test_names_of_any_kind_stay_text(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    name = "<script>alert(1)</script>"
    for n, band in ((1, "medium"), (0, "high")):
        some = [card_row("a/b ../c", name=name, risk_band=band)]
        publish(write_release(tmp_path / str(n), some, as_of=AS_OF - n * WEEK), engine, keep=5)
    with Running(engine) as service:
        tree = page(service)
        line = tree.one("details", class_="changed")
        assert name in line["text"]
        (link,) = [e["href"] for e in tree.all("a") if line in e["inside"] and e["text"] == name]
        assert service.get(link).status == 200
    engine.dispose()


def test_a_page_without_anything_to_compare_says_when_there_will_be(service):
    assert "This is the first list." in service.get("/?language=en").text
    problem(service.get("/v1/changes?limit=1001"), "invalid-parameters")


@pytest.mark.slow
def test_the_order_of_equal_values_is_that_of_the_ids(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    ids = [f"c{n:03d}" for n in np.random.default_rng(3).permutation(40)]
    for n, band in ((1, "medium"), (0, "high")):
        some = [card_row(who, risk_band=band) for who in ids]
        publish(write_release(tmp_path / str(n), some, as_of=AS_OF - n * WEEK), engine, keep=5)
    _, found = changes(engine, limit=100)
    assert [one.customer_id for one in found.groups[0].first] == sorted(ids)
    engine.dispose()
