"""What tests of a customer's page share: its sections, their tables and lists, and its forms."""

from urllib.parse import urlencode

from tests.serving.customer_tables import KNOWN
from tests.serving.reading_pages import Tree, page, text_of


def shown(service, who=KNOWN, language="en", **headers):
    return page(service, f"/customers/{who}?language={language}", **headers)


def shown_at(service, target):
    answer = service.get(target)
    assert answer.status == 200
    return Tree(answer.text)


def card(tree, heading):
    """The section with this heading."""
    (found,) = [one for one in tree.all("h2") if text_of(one) == heading]
    return next(one for one in reversed(found["inside"]) if one["tag"] == "section")


def table(tree, heading):
    """The rows of the table of a section, as texts of their cells."""
    section, found = card(tree, heading), []
    for row in tree.all("tr"):
        if section in row["inside"]:
            cells = [e for e in tree.elements if row in e["inside"] and e["tag"] in ("td", "th")]
            found.append([text_of(cell) for cell in cells])
    return found[1:]


def items(tree, heading):
    section = card(tree, heading)
    return [text_of(one) for one in tree.all("li") if section in one["inside"]]


def sent(service, path, form=None, **headers):
    body = urlencode(form or {}).encode()
    named = {"Content_Type": "application/x-www-form-urlencoded", **headers}
    return service.get(path, "POST", body, **named)
