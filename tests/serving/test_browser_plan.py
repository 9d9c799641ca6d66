"""The plan in a browser: sliders answer while they are moved, and without scripts by a button."""

import pytest

from tests.serving.reading_pages import Tree

RESULT = "#what-if-result"


def put(page, slider, value):
    """Move a slider as a hand does: its value changes, and it says so."""
    page.locator(slider).evaluate(
        "(slider, value) => { slider.value = value; "
        "slider.dispatchEvent(new Event('input', {bubbles: true})); }",
        value,
    )


def test_moving_a_slider_changes_the_result_and_nothing_else(opened):
    page = opened("/plan?language=en")
    before = page.locator("main").inner_text()
    page.locator("main h1").evaluate("heading => { heading.dataset.same = 'yes'; }")
    put(page, "#budget", "1")
    page.locator(RESULT, has_text="Budget: $1.00").wait_for()
    assert "43 customers" in page.locator(RESULT).inner_text()
    assert page.locator("h1[data-same=yes]").count() == 1, "the page was loaded anew"
    assert page.locator("main").inner_text() != before
    put(page, "#capacity", "0")
    page.locator(RESULT, has_text="Phone: 0 contacts").wait_for()
    page.locator("#exact").fill("3.5")
    page.locator("#exact").press("Tab")
    page.locator(RESULT, has_text="Budget: $3.50").wait_for()
    assert page.wrong == []


def test_a_slider_counts_again_after_an_exact_budget(opened):
    page = opened("/plan?language=en")
    page.locator("#exact").fill("3.5")
    page.locator("#exact").press("Tab")
    page.locator(RESULT, has_text="Budget: $3.50").wait_for()
    put(page, "#budget", "1")
    page.locator(RESULT, has_text="Budget: $1.00").wait_for()
    assert page.locator("#exact").input_value() == ""
    assert page.wrong == []


@pytest.mark.parametrize("exact", [None, 3.5])
def test_without_scripts_the_button_asks_the_same(plain, live, exact):
    page = plain("/plan?language=en")
    page.locator("#exact").fill(str(exact or ""))
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/plan?*budget=*")
    shown = page.locator(RESULT).inner_text()
    assert ("Budget: $3.50" if exact else "This is the plan Budget: $100.") in " ".join(
        shown.split()
    )
    target = page.url.removeprefix(live.url)
    again = Tree(live.get(target).text).one("div", id=RESULT[1:])
    assert " ".join(again["text"].split())[:40] == " ".join(shown.split())[:40]


@pytest.mark.parametrize("target", ["/plan?language=ru", "/proof?language=ru"])
@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_nothing_sticks_out_at_any_width(opened, target, width):
    page = opened(target, viewport={"width": width, "height": 900})
    for details in page.locator("main details").all():
        details.evaluate("one => { one.open = true; }")
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    cut = page.locator("main svg text").evaluate_all(
        "texts => texts.filter(text => { const box = text.getBoundingClientRect(), "
        "frame = text.ownerSVGElement.getBoundingClientRect(); "
        "return box.left < frame.left - 1 || box.right > frame.right + 1; })"
        ".map(text => text.textContent)"
    )
    assert cut == []
    assert page.wrong == []
