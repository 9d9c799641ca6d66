"""Who left though told safe, as the store keeps it and as the API and the page tell it."""

import csv
import io

import pytest

from serving.cards.missed import MissedQuery
from serving.store.database import writing
from serving.store.kept_out import keep_out
from serving.store.missed import keep_missed
from serving.store.publishing import publish
from serving.store.visible import only_of
from serving.work.missed import missed_customers
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.missed_reports import OLD, missed_files, missed_report
from tests.serving.reading_pages import page, text_of

IDS = ["00000", "00001", "00002", "00003", "00004", "gone"]


@pytest.fixture
def known(engine, release, tmp_path):
    """A store whose past list has been judged."""
    release_id = publish(release, engine, keep=5).release_id
    keep_missed(engine, release_id, *missed_files(tmp_path / "m", IDS))
    return engine, release_id, tmp_path


def of(engine, **asked):
    return missed_customers(engine, MissedQuery(**asked), None)[1]


def test_page_and_json_tell_the_newest_list_first_beside_what_was_expected(known):
    with Running(known[0]) as service:
        lists = service.get("/v1/missed").json()["lists"]
        assert [one["list_id"] for one in lists] == ["abc", "test_dates"]
        assert lists[0] == missed_report()["lists"][1]
        english = text_of(page(service, "/missed?language=en").one("main"))
        assert "12 left of 60 with a low risk. 5.5 were to be expected" in english
        assert "By chance alone it would be 2 to 10." in english
        assert "more than chance explains" in english and "60% of all 20 who left" in english
        assert "Champions 309 stands out2.10 … 5" in english  # the cells of a row
        assert "It was not looked for here" in english
        dates = text_of(page(service, "/missed?language=en&list_id=test_dates").one("main"))
        assert "So chance explains the number" in dates
        assert "the lower half: 9 of 30, expected 5.5" in dates
        alarms = page(service, "/missed?language=en&list_id=test_dates&kind=false_alarms")
        assert "Nothing that we know. Not one of 40 features" in text_of(alarms.one("main"))
        russian = text_of(page(service, "/missed?language=ru").one("main"))
        assert "Ушли 12 из 60 с низким риском. Ожидалось 5,5" in russian
        for path in ("/model?language=en", "/overview?language=en"):
            assert "/missed?language=en" in {e.get("href") for e in page(service, path).all("a")}


def test_customers_are_listed_dearest_first_with_their_card_and_filters(known):
    with Running(known[0]) as service:
        tree = page(service, "/missed?language=en&limit=4")
        links = [e["href"] for e in tree.all("a") if e.get("href", "").startswith("/customers/")]
        assert links == [f"/customers/{who}?language=en" for who in ("00004", "00003", "00002")]
        (further,) = [e["href"] for e in tree.all("a") if "offset=4" in e.get("href", "")]
        assert "00001" in service.get(further.partition("#")[0]).text
        some = service.get("/v1/missed/customers?reason=rhythm").json()
        assert [one["customer_id"] for one in some["customers"]] == ["gone", "00003", "00001"]
        assert (some["list_id"], some["total"]) == ("abc", 3)
        gone = some["customers"][0]
        assert (gone["has_card"], gone["name"], gone["abc_class"]) == (False, None, None)
        assert gone["as_of_date"] == OLD.isoformat()
        none = service.get("/v1/missed/customers?kind=false_alarms").json()
        assert (none["total"], none["customers"]) == (0, [])
        assert problem(service.get("/v1/missed/customers?kind=x"), "invalid-parameters")


def test_the_file_holds_all_of_them_and_no_formula(known):
    with Running(known[0]) as service:
        answer = service.get("/v1/missed/customers?format=csv&limit=1")
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["customer_id"] for row in rows] == IDS[::-1]
        named = {row["customer_id"]: row["name"] for row in rows}
        assert named["00001"].startswith("'=HYPERLINK") and named["gone"] == ""


def test_who_sees_some_owners_only_sees_their_customers_only(known):
    everybody, hers = of(known[0]), of(only_of(known[0], ["Anna"]))
    names = {one.customer_id for one in hers.customers}
    assert 0 < hers.total < everybody.total and "gone" not in names


def test_who_is_erased_is_in_no_list_neither_now_nor_when_it_is_kept_again(known):
    engine, release_id, folder = known
    with writing(engine) as connection:
        keep_out(connection, "00002", "erased")
        keep_out(connection, "gone", "erased")
    for _ in range(2):
        assert {one.customer_id for one in of(engine).customers} == set(IDS) - {"00002", "gone"}
        keep_missed(engine, release_id, *missed_files(folder / "m", IDS))


def test_without_a_closed_list_the_answer_says_what_is_missing(service):
    for path in ("/v1/missed", "/v1/missed/customers"):
        assert "make run" in problem(service.get(path), "no-report")["detail"]
    assert "/missed" not in service.get("/model").text
