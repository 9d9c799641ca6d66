"""A page as a tree of elements, asked for from a running service."""

from html.parser import HTMLParser

from serving.wording.sentences import written as written_by_babel

VOID = {"meta", "link", "input", "br", "line", "rect"}


class Tree(HTMLParser):
    """Elements with their attributes and text, and a check that every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(text)
        assert self.open == [], "a tag is not closed"

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "text": "", **dict(attributes)}
        element["inside"] = [*self.open]
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        element = {"tag": tag, "text": "", "inside": [*self.open], **dict(attributes)}
        self.elements.append(element)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, **attributes):
        return [
            element
            for element in self.elements
            if element["tag"] == tag
            and all(element.get(n.rstrip("_")) == v for n, v in attributes.items())
        ]

    def one(self, tag, **attributes):
        (found,) = self.all(tag, **attributes)
        return found


def written(*arguments):
    """With plain spaces, as `text_of` has them, and money in dollars, as in releases of tests."""
    return " ".join(written_by_babel(*arguments, currency="USD").split())


def page(service, target="/", **headers):
    answer = service.get(target, **headers)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Tree(answer.text)


def text_of(element):
    return " ".join(element["text"].split())


def rows(tree):
    """Customer id → the texts of its cells, in the order of the page."""
    found = {}
    for row in tree.all("tr"):
        if "data-customer" in row:
            cells = [e for e in tree.elements if row in e["inside"] and e["tag"] in ("td", "th")]
            found[row["data-customer"]] = {cell["class"]: text_of(cell) for cell in cells}
    return found
