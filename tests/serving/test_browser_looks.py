"""The page in a browser: at two widths, light and dark, by keyboard, and nothing from elsewhere."""

from itertools import pairwise
from urllib.parse import urlencode

import pytest

from serving.pages.list_tasks import ROWS
from serving.wording.languages import LANGUAGES
from serving.wording.sentences import sentence, written
from tests.serving.browsing import (
    GONE,
    LONG_ID,
    NARROW,
    NOTHING_KNOWN,
    ODD_ID,
    ORDINARY,
    WIDE,
    customer,
    said,
    spaced,
)
from tests.serving.page_checks import FOCUSED, INTERACTIVE, UNREACHED


# tests/pipelines/test_pages_of_a_run.py asks every page for both widths in each language; these are
# names and ids that are hard to lay out.
@pytest.mark.parametrize(("viewport", "language"), [(WIDE, "en"), (NARROW, "ru")])
def test_nothing_is_wider_than_the_window(opened, live, awkward, viewport, language):
    pages = [(live, f"/?language={language}"), (live, customer(ORDINARY, language))]
    pages += [(live, customer(GONE, language)), (awkward, f"/?language={language}")]
    pages += [(awkward, customer(who, language)) for who in (LONG_ID, "I" * 150, ODD_ID)]
    pages += [(live, f"/?{urlencode({'q': 'x' * 200, 'language': language})}")]
    for service, target in pages:
        page = opened(target, service=service, viewport=viewport)
        assert page.answer.ok
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], page.evaluate(WIDEST)


WIDEST = """[...document.querySelectorAll("body *")]
    .filter(node => node.scrollWidth > innerWidth && !node.closest(".scroll"))
    .map(node => node.outerHTML.slice(0, 90)).at(-1)"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_label_of_the_timeline_is_cut_off(plain, awkward, live, language):
    for service, who in ((live, ORDINARY), (live, NOTHING_KNOWN), (awkward, ODD_ID)):
        page = plain(customer(who, language), service=service)
        assert page.locator("svg.timeline text").count() > 10
        cut = page.locator("svg.timeline text").evaluate_all(
            """texts => texts.filter(text => {
                const box = text.getBBox(), {width, height} = text.ownerSVGElement.viewBox.baseVal;
                return box.x < 0 || box.y < 0
                    || box.x + box.width > width || box.y + box.height > height;
            }).map(text => text.textContent)"""
        )
        assert cut == [], who


def test_no_page_logs_an_error_or_asks_another_host(opened):
    for target in ("/", customer(ORDINARY), customer(GONE), "/?q=nobody", "/docs"):
        page = opened(target, color_scheme="dark")
        page.wait_for_load_state("networkidle")
        assert page.answer.ok
        assert page.wrong == [], target


def test_the_documentation_lists_the_operations_and_executes_one(opened):
    page = opened("/docs")
    page.locator(".opblock").first.wait_for()
    paths = page.evaluate("async () => (await (await fetch('/openapi.json')).json()).paths")
    assert page.locator(".opblock").count() == sum(map(len, paths.values())) > 10
    health = page.locator(".opblock", has=page.locator('[data-path="/health"]'))
    health.locator(".opblock-summary-control").click()
    health.get_by_role("button", name="Try it out").click()
    health.get_by_role("button", name="Execute").click()
    answered = health.locator(".live-responses-table .response")
    answered.wait_for()
    assert said(answered.locator(".response-col_status")).startswith("200")
    assert '"ok"' in said(answered.locator(".response-col_description"))
    assert page.wrong == []


# Every text with the contrast of its colour on what is behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """() => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const parts = color => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = color => {
        const [r, g, b] = parts(color).map(c => c / 255)
            .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = node => {
        while (node && parts(getComputedStyle(node).backgroundColor)[3] < 255)
            node = node.parentElement;
        return node ? getComputedStyle(node).backgroundColor : "white";
    };
    const found = [];
    for (const node of document.querySelectorAll("body *")) {
        const own = [...node.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        if (!own && !node.matches("input, select") || !node.checkVisibility()) continue;
        if (node.closest("option, title, .hidden")) continue;
        const style = getComputedStyle(node);
        const [a, b] = [luminance(node.closest("svg") ? style.fill : style.color),
                        luminance(behind(node))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        found.push([ratio, node.tagName + "." + (node.className.baseVal ?? node.className)]);
    }
    return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(opened, scheme):
    kinds = set()
    for target in ("/", "/?sort=churn_risk&order=asc", customer("00013"), customer(GONE)):
        for ratio, kind in opened(target, color_scheme=scheme).evaluate(CONTRASTS):
            assert ratio >= 4.5, (target, kind)
            kinds.add(kind)
    bands = {f"SPAN.band {band}" for band in ("high", "medium", "low")}
    assert kinds >= {
        *bands,
        "SPAN.small",
        "A.",
        "P.warning slim",
        "SPAN.small warned",
        "text.as-of",
    }


def test_light_and_dark_differ_and_the_reader_chooses(opened):
    behind = "getComputedStyle(document.body).backgroundColor"
    light, dark = (
        opened(color_scheme=scheme).evaluate(f"[{behind}, getComputedStyle(document.body).color]")
        for scheme in ("light", "dark")
    )
    assert light[0] != dark[0] and light[1] != dark[1]


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1440", "390"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(opened, viewport):
    for target in ("/?limit=3", customer(ORDINARY)):
        page = opened(target, viewport=viewport)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.locator(".skip").bounding_box()["x"] >= 0
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")
        page = opened(target, viewport=viewport)
        count = len(page.evaluate(INTERACTIVE))
        assert count > 5
        for _ in range(count):
            page.keyboard.press("Tab")
            shows, node = page.evaluate(FOCUSED)
            assert shows, node
            missing = page.evaluate(UNREACHED)
        assert missing == []
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "BODY"


def test_fields_have_labels_and_the_table_has_headers(plain):
    for viewport, names in (
        (WIDE, ["Risk band", "Segment", "Suggested action", "Name or id contains"]),
        (NARROW, ["Risk band", "Segment", "Suggested action", "Name or id contains", "Order"]),
    ):
        page = plain(viewport=viewport)
        if viewport is NARROW:
            assert not page.get_by_label("Risk band").is_visible()
            page.get_by_text("Filter", exact=True).click()
        assert not page.get_by_label("Segment").is_visible()
        page.get_by_text("More filters").click()
        for name in names:
            assert page.get_by_label(name).is_visible()
        fields = page.locator("form :is(select, input:not([type=hidden])):visible")
        labels = fields.evaluate_all(
            "fields => fields.map(one => one.labels[0]?.innerText || one.ariaLabel)"
        )
        assert len(labels) >= len(names) and all(labels)
    assert page.locator("table.list caption").count() == 1
    assert (
        page.locator(".list thead th[scope=col]").count()
        == page.locator(".list thead th").count()
        == 7
    )
    assert (
        page.locator(".list tbody th[scope=row]").count()
        == page.locator(".list tbody tr").count()
        == ROWS
    )
    headings = plain(customer(ORDINARY)).locator(":is(h1, h2, h3)")
    levels = [int(one.evaluate("it => it.tagName[1]")) for one in headings.all()]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_as_of_when_and_how_far_ahead(plain, live, language):
    release = live.get("/v1/releases/current").json()
    targets = (f"/?language={language}", customer(ORDINARY, language), customer(GONE, language))
    for target in targets:
        shown = said(plain(target).locator(".figures"))
        for kind, name in (
            ("date", "as_of_date"),
            ("date", "data_until"),
            ("days", "horizon_days"),
            ("days", "value_horizon_days"),
        ):
            assert spaced(written(release[name], kind, language)) in shown
    ahead = sentence("worklist.column.risk", language, horizon_days=release["horizon_days"])
    assert spaced(ahead) in said(plain(targets[0]).locator(".list thead th.risk"))
