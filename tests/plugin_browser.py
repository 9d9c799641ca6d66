"""The fixture `chromium`: a browser for the tests of pages.

    def test_the_list_has_a_heading(chromium, live_url):
        with chromium.new_page() as page:
            page.goto(live_url)
            expect(page.get_by_role("heading")).to_have_text("Customers")

A test that uses it is `slow`, as the browser is there only after `make test` has seen to it, and
the tests of one file run on one worker, which starts the browser once.
"""

import pytest

from tools.setup_browser import find_browser

MISSING = "No browser: run `make test`, or install Chromium (Debian: apt-get install chromium)"

# For root, for a network that leads nowhere, and for the small /dev/shm of a container.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="module")
def chromium():
    """A headless Playwright `Browser` (sync API), ended with the module; skips where none starts.

    Not one for the session: from its start to its end, Playwright's event loop counts as running
    in this thread, and asyncio.run() refuses to work beside it.
    """
    path = find_browser()
    if path is None:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=ARGUMENTS) as browser,
    ):
        yield browser


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Before xdist reads the groups, and before `-m "not slow"` is applied."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")
            item.add_marker(pytest.mark.xdist_group("browser"))


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(MISSING in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.section("NO BROWSER", sep="#", red=True, bold=True)
        terminalreporter.line(f"{count} browser tests were SKIPPED. {MISSING}.", red=True)
