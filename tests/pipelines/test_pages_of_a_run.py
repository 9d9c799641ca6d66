"""Every page of the service after a whole run: usable by everybody, in one piece, in words.

The release is that of a shop with everything in it (contacts, consents, tickets, owners), as
`make run` left it. axe-core holds each page to WCAG 2.2 A and AA in each language and theme: not
in every pair of both, as colours know no language and words no theme.
"""

import shutil

import pytest

from serving.store.database import open_store
from serving.web.page import SECTIONS
from serving.wording.languages import LANGUAGES
from tests.pipelines.code import ROOT
from tests.pipelines.project import Project
from tests.serving.browsing import NARROW, WIDE
from tests.serving.conftest import Running, kept_wrong
from tests.serving.page_checks import (
    FOCUSED,
    INTERACTIVE,
    OPEN_ALL,
    UNREACHED,
    WIDEST,
    pages,
    violations,
)
from tests.synthetic import COMPLAINER

SCREENSHOTS = ROOT / "build" / "screenshots"  # of every page, for people to look at
MISSING = ["nobody"]  # a customer who is not there


@pytest.fixture(scope="module")
def service(first_run, tmp_path_factory):
    """The service on the store that the run has published into."""
    project: Project = first_run[0]
    copy = tmp_path_factory.mktemp("store")
    shutil.copytree(project.folder / "store", copy, dirs_exist_ok=True)
    engine = open_store(f"sqlite:///{copy / 'regulars.sqlite3'}")
    with Running(engine) as running:
        yield running
    engine.dispose()


@pytest.fixture(scope="module")
def customers(service):
    """One of every kind: at risk, safe, withheld, with a complaint, gone, and not there."""
    found = [COMPLAINER, *MISSING]
    for asked in ("sort=churn_risk", "sort=churn_risk&order=asc", "arm=holdout"):
        listed = service.get(f"/v1/at-risk?limit=1&{asked}").json()["customers"]
        found += [card["customer_id"] for card in listed]
    gone = service.get("/v1/at-risk?status=already_churned&limit=1").json()["customers"]
    return [*found, *(card["customer_id"] for card in gone)]


@pytest.fixture
def visit(chromium, service):
    """Makes a visitor, who goes from page to page in one window and notes what goes wrong."""
    contexts = []

    def visitor(**options):
        context = chromium.new_context(viewport=WIDE, **options)
        contexts.append(context)
        return kept_wrong(context.new_page(), service)

    yield visitor
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("language", "scheme"), list(zip(LANGUAGES, ("light", "dark"), strict=True))
)
def test_every_page_is_usable_by_everybody_and_in_one_piece(
    visit, service, customers, language, scheme
):
    window, found = visit(color_scheme=scheme, locale=language), []
    targets = [*pages(language, customers), f"/docs?language={language}"]
    for target in targets:
        window.set_viewport_size(WIDE)
        answer = window.goto(service.url + target)
        for part in ("main", "h1"):  # the page of the API draws itself
            window.locator(part).first.wait_for(state="attached")
        is_there = not target.startswith(("/none", *(f"/customers/{who}" for who in MISSING)))
        assert answer.ok == is_there, target
        window.evaluate(OPEN_ALL)
        problems = violations(window)
        for size in (WIDE, NARROW):
            window.set_viewport_size(size)
            name = f"{targets.index(target):02d}-{language}-{scheme}-{size['width']}.png"
            window.screenshot(path=SCREENSHOTS / name, full_page=True)
            if window.evaluate("document.documentElement.scrollWidth") > size["width"]:
                problems.append(f"wider than {size['width']}: {window.evaluate(WIDEST)}")
        problems += [wrong for wrong in window.wrong if "404" not in wrong]
        window.wrong.clear()
        found += [f"{target}: {problem}" for problem in problems]
    assert found == [], "\n".join(found)


def test_the_keyboard_alone_reaches_everything(visit, service, customers):
    """In a wide window; tests/serving/test_browser_looks.py looks at a narrow one as well."""
    window = visit()
    # A list of five, as one row is as the other.
    targets = [f"{path}?limit=5" if path == "/" else path for path in SECTIONS]
    for target in [*targets, f"/customers/{customers[0]}", "/sign-in"]:
        window.goto(service.url + target)
        missing = window.evaluate(INTERACTIVE)
        count, presses = len(missing), 0
        assert count > 3
        # Two more, as a page may begin in its form: then the round leads through the window.
        while missing and presses < count + 2:
            window.keyboard.press("Tab")
            presses += 1
            if window.evaluate("document.activeElement !== document.body"):
                shows, node = window.evaluate(FOCUSED)
                assert shows, (target, node)
            missing = window.evaluate(UNREACHED)
        assert missing == [], target
