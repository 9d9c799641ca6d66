"""Cards made anew since the release lie over it: in cards, look-ups, lists and exports."""

import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import func, select

from core.files import OBJECTIONS, hashes, read_json, write_json, write_manifest
from serving.cards.query import AtRiskQuery
from serving.store.database import writing
from serving.store.histories import UNTIL, histories_of
from serving.store.kept_out import keep_out
from serving.store.listing import at_risk
from serving.store.live_cards import LiveCard, keep_live, newest_live
from serving.store.many import cards_of
from serving.store.overlaid import OverlaidIndex
from serving.store.published import find_release
from serving.store.publishing import publish
from serving.store.reading import current, one_card
from serving.store.tables import HISTORY, live_cards, release_parts
from serving.work.erasure import erase
from tests.serving.conftest import Running
from tests.serving.releases import card_row, company, write_release

RISKS = {"a": 0.9, "b": 0.5, "c": 0.5, "d": 0.1}


def with_histories(folder, rows, objected=None, without_cards=()):
    """The release with histories: of each customer an order on each of two days.

    `objected`: who objects in the source, and since when; None as of older code.
    `without_cards`: who has a history and no card.
    """
    made = write_release(folder, rows)
    (made / "histories").mkdir()
    days = [dt.datetime(2024, 5, day, 10) for day in (1, 3)]  # noqa: DTZ001
    orders = [
        {"customer_id": who, "order_id": f"{who}-{day.day}", "event_time": day, "amount": 5.0}
        for who in sorted([*without_cards, *(row["customer_id"] for row in rows)])
        for day in days
    ]
    pd.DataFrame(orders).to_parquet(made / "histories" / "orders.parquet", index=False)
    if objected is not None:
        found = {"customer_id": list(objected), "objected_at": list(objected.values())}
        types = {"customer_id": "str", "objected_at": "datetime64[us]"}
        pd.DataFrame(found).astype(types).to_parquet(made / OBJECTIONS, index=False)
    manifest = read_json(made / "manifest.json")
    write_json(made / "manifest.json", {})
    (made / "manifest.json").unlink()
    manifest |= {"files": hashes(made), "release_id": f"{folder.name}-id"}
    write_manifest(made, **manifest)
    return made


@pytest.fixture
def store(engine, tmp_path):
    rows = [
        card_row(
            who, churn_risk=risk, value_at_risk=100 * risk, owner="Anna" if who < "c" else None
        )
        for who, risk in RISKS.items()
    ]
    publish(with_histories(tmp_path / "r", rows), engine, keep=2)
    return engine


def make(engine, who, risk, request=1, **changes):
    """A live card of a customer, like that of `a` but for this; whether it was kept."""
    _, card = one_card(engine, "a", False, current(engine).release_id)
    card = card | {"customer_id": who, "churn_risk": risk, "value_at_risk": 100 * risk}
    card |= {"is_live": True, "as_of_date": "2030-01-02", "purchases": [], **changes}
    with writing(engine) as connection:
        number = find_release(connection).number
        return keep_live(connection, number, [LiveCard(card, request)])


def ranked(engine, **asked):
    release = asked.pop("release", None)
    page = at_risk(engine, AtRiskQuery(**asked), release)
    return [(card["customer_id"], card["churn_risk"]) for card in page.cards]


@pytest.mark.slow
def test_card_look_up_and_list_tell_what_came_since_unless_a_release_is_named(store):
    make(store, "a", 0.3)
    make(store, "new", 0.5, owner=None)
    release, card = one_card(store, "a", True)
    assert (card["churn_risk"], card["is_live"], card["as_of_date"]) == (0.3, True, "2030-01-02")
    assert card["purchases"] == []
    assert one_card(store, "a", False)[1]["purchases"] is None
    assert one_card(store, "a", False, release.release_id)[1]["churn_risk"] == 0.9
    _, cards = cards_of(store, ["a", "b", "new", "nobody"], ["churn_risk", "is_live"])
    assert {who: (card["churn_risk"], card["is_live"]) for who, card in cards.items()} == {
        "a": (0.3, True),
        "b": (0.5, False),
        "new": (0.5, True),
    }
    assert set(cards_of(store, ["a", "new"], [], release.release_id)[1]) == {"a"}
    live = [("b", 0.5), ("c", 0.5), ("new", 0.5), ("a", 0.3), ("d", 0.1)]
    assert ranked(store) == live
    assert ranked(store, order="asc") == [live[4], live[3], *live[:3]]
    assert ranked(store, sort="last_purchase_date", limit=2) == [("a", 0.3), ("b", 0.5)]
    assert ranked(store, release=release.release_id) == list(RISKS.items())
    assert ranked(store, q="NEW") == [("new", 0.5)]
    assert ranked(store, min_churn_risk=0.4, owner="Anna") == [("b", 0.5)]
    page = at_risk(store, AtRiskQuery())
    assert page.total == 5
    assert page.total_value_at_risk == pytest.approx(100 * (0.5 * 3 + 0.3 + 0.1))


@pytest.mark.slow
def test_all_pages_of_a_list_know_what_its_first_page_knew(store):
    make(store, "a", 0.3)
    first = at_risk(store, AtRiskQuery(limit=1))
    make(store, "b", 0.05, request=2)
    make(store, "new", 0.45, request=3)
    seen, cursor = [card["customer_id"] for card in first.cards], first.next_cursor
    while cursor is not None:
        page = at_risk(store, AtRiskQuery(limit=1, cursor=cursor))
        seen += [(card["customer_id"], card["churn_risk"]) for card in page.cards]
        cursor = page.next_cursor
    assert seen == ["b", ("c", 0.5), ("a", 0.3), ("d", 0.1)]
    assert ranked(store) == [("c", 0.5), ("new", 0.45), ("a", 0.3), ("d", 0.1), ("b", 0.05)]


@pytest.mark.slow
def test_a_card_that_knows_less_than_the_one_that_is_there_is_not_kept(store):
    assert make(store, "a", 0.3, request=5) == 1
    assert make(store, "a", 0.7, request=4) == 0
    assert one_card(store, "a", False)[1]["churn_risk"] == 0.3


def count(engine, table, *wanted):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table).where(*wanted))


@pytest.mark.slow
def test_who_is_erased_or_objects_leaves_live_cards_and_histories_too(store):
    for who in ("a", "b"):
        make(store, who, 0.3)
    erase(store, "a", "somebody")
    with writing(store) as connection:
        keep_out(connection, "b", "objects")
        number = find_release(connection).number
        assert set(
            histories_of(connection, number, list(RISKS))["orders"]["customer_id"].to_pylist()
        ) == {"c", "d"}
    assert count(store, live_cards) == 0
    assert ranked(store) == [("c", 0.5), ("d", 0.1)]
    for who in ("a", "b"):  # one that was being computed meanwhile
        card = one_card(store, "c", False)[1] | {"customer_id": who}
        with writing(store) as connection:
            assert keep_live(connection, number, [LiveCard(card, 9)]) == 0


@pytest.mark.slow
def test_histories_are_those_of_the_current_release_alone(store, tmp_path):
    with store.connect() as connection:
        found = find_release(connection)
        assert found.part(connection, UNTIL) == "2024-05-03"
        rows = histories_of(connection, found.number, ["b", "nobody"])
    assert list(rows) == ["orders"]
    assert rows["orders"]["order_id"].to_pylist() == ["b-1", "b-3"]
    make(store, "a", 0.3)
    first = current(store).release_id
    publish(with_histories(tmp_path / "next", [card_row("a"), card_row("e")]), store, keep=2)
    with store.connect() as connection:
        number = find_release(connection).number
        assert newest_live(connection, number) == 0
        assert list(histories_of(connection, number, ["a", "e"])) == ["orders"]
    assert count(store, release_parts, release_parts.c.kind.startswith(HISTORY)) == 1
    assert one_card(store, "a", False)[1]["is_live"] is False
    # Brought back, a release has its histories again, but for those who were erased meanwhile.
    erase(store, "a", "somebody")
    publish(tmp_path / "r", store, keep=2)
    with store.connect() as connection:
        found = find_release(connection)
        assert found.release.release_id == first
        rows = histories_of(connection, found.number, list(RISKS))
    assert sorted(set(rows["orders"]["customer_id"].to_pylist())) == ["b", "c", "d"]
    publish(write_release(tmp_path / "third", company(3)), store, keep=1)  # without any
    assert count(store, live_cards) == 0
    assert count(store, release_parts, release_parts.c.kind.startswith(HISTORY)) == 0


@pytest.mark.slow
def test_a_service_exports_and_shows_live_cards(store):
    make(store, "a", 0.3)
    with Running(store) as service:
        assert '"churn_risk":0.3' in service.get("/v1/at-risk/export?format=ndjson&q=a").text
        line = service.get("/v1/at-risk?format=csv&q=a").text.splitlines()[1]
        assert line.startswith("a,") and ",0.3," in line and ",true," in line
        told = service.get("/v1/customers/a/explain").json()
        assert (told["churn_risk"], told["as_of_date"]) == (0.3, "2030-01-02")
        assert "Updated with the newest purchases" in service.get("/customers/a").text
        assert "Учтены последние покупки" in service.get("/customers/a?language=ru").text
        assert "Updated with" not in service.get("/customers/b").text


@pytest.mark.slow
def test_a_live_card_is_good_until_its_own_last_day_and_not_that_of_the_release(store):
    until = {"2099-01-16": "false", "2024-11-20": "true"}
    for number, (expires_at, is_stale) in enumerate(until.items()):
        make(store, "a", 0.3, request=number + 1, expires_at=expires_at)
        with Running(store) as service:
            for address in ("a", "a?purchases=true", "a/explain"):
                answer = service.get(f"/v1/customers/{address}")
                told = answer.json()
                assert (told["expires_at"], told["is_stale"]) == (expires_at, is_stale == "true")
                assert answer.headers["regulars-expires"] == expires_at
                assert answer.headers["regulars-stale"] == is_stale
            page = service.get("/customers/a").text
            assert ('role="status"' in page) == (is_stale == "true")
            assert service.get("/v1/customers/b").json()["is_stale"] is True


class Places:
    """A list index of some values, as far as `ranked` goes."""

    def __init__(self, values):
        self.values, self.ids = values, pa.array(sorted(values))

    def __len__(self):
        return len(self.values)

    def ranked(self, _chosen, _sort, order, _after):
        sign = -1 if order == "desc" else 1
        ordered = sorted(self.values.items(), key=lambda row: (sign * ord(row[1][-1]), row[0]))
        yield from ordered


def test_two_lists_are_merged_by_days_as_by_numbers():
    index = OverlaidIndex(
        Places({"a": "2024-01-01", "c": "2024-01-03"}),
        Places({"b": "2024-01-03", "d": "2024-01-02"}),
    )
    chosen = index._stands
    for order, expected in (("asc", "adbc"), ("desc", "bcda")):
        rows = index.ranked(chosen, "last_purchase_date", order, None)
        assert "".join(who for who, _ in rows) == expected
