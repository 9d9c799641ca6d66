"""The documentation of the API in a browser: everybody can read it, in either theme.

Folded, and in both languages, it is one of the pages of tests/pipelines/test_pages_of_a_run.py.
"""

from tests.serving.page_checks import violations

# One operation that is folded is as the other, and so are the coloured words of an example, which
# are thousands: axe takes a minute for all of them.
FEWER = """for (const [all, kept] of [
    [document.querySelectorAll("#docs .opblock:not(.is-open)"), 6],
    ...[...document.querySelectorAll("#docs pre code")].map(code => [code.children, 60]),
]) [...all].slice(kept).forEach(one => one.remove())"""


def test_axe_finds_nothing_on_the_documentation_also_where_it_is_unfolded(opened):
    page = opened("/docs?language=en")
    operations = page.locator("#docs .opblock-summary-control")
    operations.first.wait_for()
    for number in range(0, operations.count(), 9):
        operations.nth(number).click()
        page.locator("#docs .opblock-body").nth(number // 9).wait_for()
    page.evaluate(FEWER)
    assert page.locator("#docs .opblock").count() > 10
    assert page.locator("#docs pre code span").count() > 200
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert violations(page) == [], theme
