"""What the tests of tasks on pages share: a shop, its forms, and what a page says after them."""

from contextlib import contextmanager
from urllib.parse import urlencode

from tests.serving.conftest import Running
from tests.serving.reading_pages import page, text_of
from tests.serving.releases import SCRIPT
from tests.serving.working import publish_cards, suggested

ODD = "a:b/c?d=%41&e Ёж"


@contextmanager
def open_shop(engine, folder):
    """The service, where something is suggested for most customers."""
    publish_cards(
        engine,
        folder / "r",
        suggested("1", name="Anna Petrova", owner="clara"),
        suggested("2", name=SCRIPT),
        suggested(ODD),
        suggested("held", withheld=True, withheld_by="draw"),
        suggested("none", "do_nothing"),
    )
    with Running(engine) as service:
        yield service


def post(service, fields, **headers):
    sent = {"Content_Type": "application/x-www-form-urlencoded", **headers}
    return service.get("/tasks", "POST", urlencode(fields, doseq=True), **sent)


def followed(service, answer, **headers):
    """The page that an answer leads to, as a browser asks for it."""
    assert answer.status == 303, answer.text
    cookie = answer.headers.get("set-cookie", "").partition(";")[0]
    return page(service, answer.headers["location"], Cookie=cookie, **headers)


def notice(tree):
    return text_of(tree.one("div", class_="done")) if tree.all("div", role="status") else None


def left(tree):
    """What the page says of moves that were not made."""
    found = tree.all("p", role="status", class_="warning")
    return [text_of(element) for element in found if "Left as they were" in element["text"]]


def forms(tree):
    """The fields of every form that moves tasks, and the values of its buttons."""
    for form in tree.all("form", action="/tasks"):
        inside = [element for element in tree.elements if form in element["inside"]]
        hidden = {e["name"]: e["value"] for e in inside if e.get("type") == "hidden"}
        buttons = [e["value"] for e in inside if e["tag"] == "button" and "value" in e]
        yield hidden, buttons
