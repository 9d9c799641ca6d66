"""What the browser tests share beside their fixtures: windows, customers, reading a page."""

import re
from urllib.parse import parse_qs, quote, urlsplit

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LONG_ID, LONG_NAME = "i" * 150, "N" * 200
ODD_ID = "a/b?c#d%41&e=f Ёж"
LOW_KNOWN, NOTHING_KNOWN, ORDINARY, GONE = "00007", "00000", "00005", "gone-0"


def ids(page):
    return [row.get_attribute("data-customer") for row in page.locator(".list tbody tr").all()]


def parameters(page):
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def said(locator):
    """The text as a person reads it."""
    return spaced(locator.inner_text())


def spaced(text):
    """Every kind of space, and of line break, as one space."""
    return " ".join(text.split())


def customer(who, language="en"):
    return f"/customers/{quote(who, safe='')}?language={language}"


def of_total(page):
    """First, last and total of "1-50 of 130"."""
    return tuple(map(int, re.findall(r"\d+", said(page.locator("nav.pages span").first))))
