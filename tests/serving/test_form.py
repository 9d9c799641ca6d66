"""Fields of forms, and the way back."""

import asyncio
from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from serving.web.form import back_of, form_of, one
from tests.each import check_each


def read(body, largest=1_000):
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    return asyncio.run(form_of(Request({"type": "http", "headers": []}, receive), largest))


def test_fields_come_as_they_were_sent_and_empty_ones_not_at_all():
    sent = urlencode([("who", "Ёж & Co"), ("who", "2"), ("note", ""), ("state", "done")])
    form = read(sent.encode())
    assert form == {"who": ["Ёж & Co", "2"], "state": ["done"]}
    assert (one(form, "who"), one(form, "note")) == ("Ёж & Co", None)


@pytest.mark.parametrize("body", [b"a=" + b"x" * 999, b"a=%ff", "a=ё".encode()])
def test_what_is_too_large_or_no_text_is_an_empty_form(body):
    assert read(body) == {}


def test_the_way_back_stays_within_this_service():
    def sent_from(page):
        headers = [(b"host", b"here"), (b"referer", page.encode())]
        return Request({"type": "http", "headers": headers})

    def check(asked, path):
        assert back_of(sent_from("http://here/plan"), {"back": [asked]}) == path

    check_each(
        [
            ("/?risk_band=high", "/?risk_band=high"),
            ("https://elsewhere.example/", "/"),
            ("//elsewhere.example", "/"),
            ("/\\elsewhere.example", "/"),
        ],
        check,
    )
    assert back_of(sent_from("http://here/plan?budget=5"), {}) == "/plan?budget=5"
    assert back_of(sent_from("http://elsewhere.example/plan"), {}) == "/"
