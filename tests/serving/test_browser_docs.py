"""The documentation of the API in a browser: everybody can read it, in either theme.

Folded, and in both languages, it is one of the pages of tests/pipelines/test_pages_of_a_run.py.
"""

from tests.serving.page_checks import violations

# Of the operations that are folded one is as the other, and axe takes a second for each: six stay.
FEWER = """[...document.querySelectorAll("#docs .opblock:not(.is-open)")]
    .slice(6).forEach(one => one.remove())"""


def test_axe_finds_nothing_on_the_documentation_also_where_it_is_unfolded(opened):
    page = opened("/docs?language=en")
    operations = page.locator("#docs .opblock-summary-control")
    operations.first.wait_for()
    for number in range(0, operations.count(), 9):
        operations.nth(number).click()
        page.locator("#docs .opblock-body").nth(number // 9).wait_for()
    page.evaluate(FEWER)
    assert page.locator("#docs .opblock").count() > 10
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert violations(page) == [], theme
