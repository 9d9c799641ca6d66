"""The client for Python, and the page on the API: its commands are run as they stand."""

import json
import re
import shlex
import sys
from http.client import HTTPException

import pytest

from serving.client import CHANCES, Problem, Regulars, contact_of
from tests.serving.conftest import serve
from tests.serving.releases import card_row, gone_row, write_release
from tests.test_docs import PAGES, ROOT

PAGE = PAGES["docs/api.md"]
LOCAL = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def shop(new_store_url, tmp_path_factory):
    """A service on a release of the customers that the page names."""
    rows = [
        card_row("1959", owner="Anna", risk_band="high", churn_risk=0.7),
        card_row("2070", arm="holdout", withheld=True),
        card_row("."),
        gone_row("gone"),
    ]
    yield from serve(new_store_url, write_release(tmp_path_factory.mktemp("s") / "release", rows))


@pytest.fixture
def regulars(shop):
    client = Regulars(shop.url)
    yield client
    client.close()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_curl_of_the_page_is_answered(shop, command):
    name, *words = shlex.split(command)
    assert name == "curl"
    method, body, headers = "GET", None, {}
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-d":
            body = words.pop(0)
        elif word == "-H":
            header, _, value = words.pop(0).partition(": ")
            headers[header.replace("-", "_")] = value
        elif word == "-o":
            assert re.fullmatch(r"[\w.-]+", words.pop(0))
        elif word != "-s":
            target = word.removeprefix(LOCAL)
            assert target != word
    release = shop.get("/v1/releases/current").json()["release_id"]
    answer = shop.get(target.replace("RELEASE", release), method, body, **headers)
    assert answer.status == 200, answer.text
    assert answer.body


@pytest.mark.slow
@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code[-40:])
def test_every_example_in_python_runs(shop, code, capsys):
    found = {}
    exec(compile(code.replace(LOCAL, shop.url), "docs/api.md", "exec"), found)
    found["regulars"].close()
    if "scores" in found:
        assert set(found["scores"]) == {"1959", "2070", "."}
        assert [card["customer_id"] for card in found["contacts"]] == [".", "1959"]
        assert found["regulars"].nightly(found["imported"]) is None
        found["regulars"].close()
    elif "contact" in found:
        assert found["contact"]["arm"] == "treated" and capsys.readouterr().out == "1\n"
    else:
        said = capsys.readouterr().out
        # Without models, as in this shop, what is told is kept and nobody is scored anew.
        told = ("404 customer-not-found", "new no card yet", "No models answer here")
        assert any(words in said for words in told)


def test_the_client_reads_what_there_is(regulars, shop):
    assert regulars.card(".")["customer_id"] == "."
    assert regulars.card("1959", purchases=True)["purchases"]
    assert regulars.explain("1959")["raises"]
    release = regulars.current_release()["release_id"]
    assert [one["release_id"] for one in regulars.releases()] == [release]
    everybody = list(regulars.scores(release, ["status"]))
    assert [card["customer_id"] for card in everybody] == [".", "1959", "2070", "gone"]
    assert [c["customer_id"] for c in regulars.at_risk(status=["already_churned"])] == ["gone"]
    with pytest.raises(Problem, match="release-not-found") as caught:
        regulars.card("1959", release="none")
    assert (caught.value.status, caught.value.name) == (404, "release-not-found")


def test_a_contact_is_told_with_the_arm_and_chances_of_its_card(regulars):
    cards = [card for card in regulars.at_risk() if card["intended_action"]["channel"] != "none"]
    held = next(card for card in cards if card["withheld"])
    made = next(card for card in cards if not card["withheld"])
    told = [
        contact_of(card, f"c-{card['customer_id']}", "2024-10-28T09:30:00+01:00")
        for card in (held, made)
    ]
    assert [one["arm"] for one in told] == ["holdout", "treated"]
    assert {name: told[1][name] for name in CHANCES} == {name: made[name] for name in CHANCES}
    assert regulars.record(told, "two contacts")["outcomes"] == 2


def test_many_ids_are_looked_up_in_one_release_and_parts(regulars, monkeypatch):
    monkeypatch.setattr("serving.client.MOST_IDS", 2)
    asked = []
    sent = regulars._sent
    regulars._sent = lambda *words: asked.append(words[2]) or sent(*words)
    found = regulars.look_up(["1959", "x", "2070", "gone", "1959"], ["status"])
    assert {who: card and card["status"] for who, card in found.items()} == {
        "1959": "scored",
        "x": None,
        "2070": "scored",
        "gone": "already_churned",
    }
    release = regulars.current_release()["release_id"]
    assert [body["release"] for body in asked[:2]] == [None, release]


class Answering:
    """Stands in for a connection: answers with what it is given, one after the other."""

    def __init__(self, *answers):
        self.answers, self.waited = list(answers), []

    def of(self, client):
        client._sent = lambda *_: self._next()
        client.wait = self.waited.append
        return client

    def _next(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Reply:
    def __init__(self, status, content, **headers):
        self.status, self.body = status, json.dumps(content).encode()
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def read(self):
        return self.body


def busy(status=429, after="7"):
    content = {"type": "urn:regulars:problem:too-many-requests", "status": status, "detail": "x"}
    return Reply(status, content, Retry_After=after)


def test_who_is_busy_is_asked_again_when_it_says():
    line = Answering(busy(), busy(503, "2"), ConnectionResetError(), Reply(200, {"a": 1}))
    assert line.of(Regulars()).current_release() == {"a": 1}
    assert line.waited == [7.0, 2.0, 1.0]


def test_in_the_end_the_problem_is_raised_and_others_are_at_once():
    for answers, waited in (
        ([busy()] * 3, [7.0, 7.0]),
        ([busy(after="3600")], []),
        ([busy(404)], []),
        ([busy(422)], []),
    ):
        line = Answering(*answers)
        with pytest.raises(Problem):
            line.of(Regulars(tries=3)).current_release()
        assert (line.waited, line.answers) == (waited, [])
    line = Answering(*[HTTPException("broken")] * 2)
    with pytest.raises(HTTPException):
        line.of(Regulars(tries=2)).current_release()
    page = Reply(502, None)
    page.body = b"<html>Bad gateway"
    with pytest.raises(Problem, match="Bad gateway"):
        Answering(page).of(Regulars()).current_release()


def test_the_client_needs_nothing_but_the_standard_library():
    text = (ROOT / "serving" / "client.py").read_text(encoding="utf-8")
    assert "from serving" not in text and "import serving" not in text
    for name in re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE):
        assert name in sys.stdlib_module_names, name
