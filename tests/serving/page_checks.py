"""What the tests of all pages share: which pages there are, axe, and a language made of marks."""

import re
import sys
from functools import cache
from importlib.resources import files

from serving.web.page import SECTIONS
from tests.serving.browsing import GONE, NOTHING_KNOWN, ORDINARY, customer

OPEN, CLOSE = "⟦", "⟧"  # around every message, where `marked` is on
# Rules of WCAG 2.2 A and AA, and what axe's makers hold to be good practice.
AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .map(one => [one.id, one.impact, one.nodes.length, one.nodes[0].html.slice(0, 160),
                 one.nodes[0].failureSummary.slice(0, 300)])"""

# What has the focus, and whether it shows and is in sight.
FOCUSED = """() => {
    const node = document.activeElement, style = getComputedStyle(node);
    const box = node.getBoundingClientRect();
    const isSeen = box.width > 0 && box.right > 0 && box.bottom > 0 && box.top < innerHeight;
    return [style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && isSeen,
            node.outerHTML.slice(0, 90)];
}"""
# What takes the focus: noted when it does; of the buttons of one choice only one.
INTERACTIVE = """() => {
    window.waiting = new Map();
    for (const one of document.querySelectorAll(
        "a[href], button, input, select, textarea, summary, [tabindex='0']")) {
        if (one.type === "hidden" || one.disabled || !one.checkVisibility()) continue;
        window.waiting.set(one.type === "radio" ? one.name : one, one.outerHTML.slice(0, 90));
    }
    return [...window.waiting.values()];
}"""
UNREACHED = """() => {
    const node = document.activeElement;
    window.waiting.delete(node.type === "radio" ? node.name : node);
    return [...window.waiting.values()];
}"""


# What is a tap away has to be as good as the rest.
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true })"
WIDEST = """[...document.querySelectorAll("body *")]
    .filter(node => node.getBoundingClientRect().right > innerWidth + 1
        && !node.closest(".scroll, .wide"))
    .map(node => node.outerHTML.slice(0, 120)).at(-1)"""


def pages(language, customers=(ORDINARY, NOTHING_KNOWN, GONE, "nobody")):
    """The address of every page of the menu, of these customers, and of those beside."""
    sections = [f"{path}?language={language}" for path in SECTIONS]
    beside = [f"{path}?language={language}" for path in ("/sign-in", "/none")]
    return [*sections, *(customer(who, language) for who in customers), *beside]


@cache
def axe_script():
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page):
    """What axe finds on the page as it is shown."""
    page.evaluate(axe_script())
    return page.evaluate(AXE)


def marked(patch):
    """Every message of both languages between marks, from now on."""
    from serving.wording import writing

    plain = writing._first_filled

    def filled(*told):
        text = plain(*told)
        return None if text is None else f"{OPEN}{text}{CLOSE}"

    patch.setattr(writing, "_first_filled", filled)
    forget_words()


def forget_words():
    """Whatever functions of the service keep is made anew: it may hold words."""
    for name, module in list(sys.modules.items()):
        if name.startswith("serving."):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear") and getattr(value, "__module__", "") == name:
                    value.cache_clear()


def outside(text):
    """What stands outside of all marks, which may lie within each other."""
    found, depth = [], 0
    for piece in re.split(f"([{OPEN}{CLOSE}])", text):
        if piece == OPEN:
            depth += 1
        elif piece == CLOSE:
            depth -= 1
        elif depth == 0:
            found.append(piece)
    return " ".join(" ".join(found).split())
