"""What a manager does in a morning: ten things and a collision, with scripts and without.

In both languages, each is done as a person does it, by what is written on the page, and looked up
in the API then. The clicks that each takes are counted: what takes more than it did is noticed.
"""

import shutil

import pytest

from serving.pages.list_tasks import ROWS
from serving.store.database import open_store
from serving.wording.sentences import sentence, upper_first
from serving.work.task_rules import Asked
from serving.work.task_writing import Moved
from serving.work.tasks import move
from tests.pipelines.project import Project
from tests.serving.browsing import ids, said, spaced
from tests.serving.conftest import Running

CLICKS = {  # most that each may take; writing into a field is none
    "who is most at risk, and why": 0,
    "only one colleague's customers": 2,
    "a customer by the number": 1,
    "call: whom, why, what to say": 1,
    "take a task": 1,
    "done, and undone": 2,
    "a colleague was faster": 2,
    "put off, and not relevant for a reason": 3,
    "a note": 2,
    "several to a colleague": 4,
    "the list as a workbook": 1,
    "another budget, and a yes to the plan": 3,
}


@pytest.fixture
def store(first_run, tmp_path):
    """A copy of the store that the run has published into."""
    project: Project = first_run[0]
    shutil.copytree(project.folder / "store", tmp_path / "store")
    engine = open_store(f"sqlite:///{tmp_path / 'store' / 'regulars.sqlite3'}")
    yield engine
    engine.dispose()


@pytest.fixture
def service(store):
    with Running(store) as running:
        yield running


TOP = "row => row.getBoundingClientRect().top + scrollY"
BUSY = ".htmx-request, .htmx-swapping, .htmx-settling"  # what htmx is still working on


class Manager:
    """A person at a page, who reads words and clicks on them."""

    def __init__(self, page, service, language):
        self.page, self.service, self.language = page, service, language
        self.clicks = {}
        self.now = ""

    def begins(self, task, path="/"):
        self.now = task
        self.clicks[task] = 0
        joined = "&" if "?" in path else "?"
        answer = self.page.goto(f"{self.service.url}{path}{joined}language={self.language}")
        assert answer.ok, path

    def click(self, locator):
        self.clicks[self.now] += 1
        locator.click()
        self.page.wait_for_load_state()
        self.page.locator(BUSY).first.wait_for(state="detached")

    def chooses(self, select, value):
        self.clicks[self.now] += 1
        select.select_option(value)

    def word(self, key, **values):
        return spaced(sentence(key, self.language, **values))

    def button(self, key, within=None, **values):
        within = within or self.page
        return within.get_by_role("button", name=self.word(key, **values), exact=True)

    def row(self, who):
        return self.page.locator(f'tr[data-customer="{who}"]')

    def task(self, who):
        found = self.service.get(f"/v1/tasks?customer={who}").json()["tasks"]
        return found[0] if found else None


@pytest.fixture
def manager(chromium, service, request):
    has_scripts, language = request.param
    context = chromium.new_context(java_script_enabled=has_scripts, accept_downloads=True)
    yield Manager(context.new_page(), service, language)
    context.close()


TO_CONTACT = "to_contact=true"  # those whom the plan wants contacted, the most at risk first
# Not each with each: no word hangs on a script. The rows clicked quickly below are in English too.
KINDS = [
    pytest.param((True, "ru"), id="scripts-ru"),
    pytest.param((False, "en"), id="plain-en"),
]


@pytest.mark.parametrize("manager", KINDS, indirect=True)
def test_what_a_manager_does_in_a_morning(manager, service, store):
    todo = service.get(f"/v1/at-risk?{TO_CONTACT}&task_state=to_do&limit=6")
    called, colleagues, later, dismissed, *given = (
        card["customer_id"] for card in todo.json()["customers"]
    )
    looks(manager, service)
    filters(manager, service)
    finds_and_calls(manager, called)
    takes_and_finishes(manager, called)
    is_told(manager, store, colleagues)
    puts_off(manager, later, dismissed)
    notes(manager, given[0])
    gives(manager, given)
    downloads(manager, service)
    plans(manager, service)
    assert manager.clicks.keys() == CLICKS.keys()
    over = {task: n for task, n in manager.clicks.items() if n > CLICKS[task]}
    assert over == {}


@pytest.mark.parametrize("manager", [(True, "en")], indirect=True, ids=["scripts-en"])
def test_quick_clicks_on_several_rows_are_all_kept(manager, service):
    manager.begins("three at once", f"/?{TO_CONTACT}")
    chosen = ids(manager.page)[:3]
    for who in chosen:  # as soon as a button takes a click: none does while a row is on its way
        manager.button("worklist.move.take", manager.row(who)).click()
    for who in chosen:
        manager.row(who).locator(".task-state.taken").wait_for()
    assert {manager.task(who)["state"] for who in chosen} == {"taken"}


def looks(manager, service):
    manager.begins("who is most at risk, and why")
    first = service.get(f"/v1/at-risk?limit=1&language={manager.language}").json()["customers"][0]
    assert ids(manager.page)[0] == first["customer_id"]
    reason = next(one for one in first["reasons"] if one["direction"] == "up")
    assert spaced(reason["sentence"]) in said(manager.row(first["customer_id"]))


def filters(manager, service):
    manager.begins("only one colleague's customers")
    manager.chooses(manager.page.locator("select[name=owner]"), "Anna")
    manager.click(manager.button("page.show"))
    wanted = service.get(f"/v1/at-risk?owner=Anna&limit={ROWS}").json()["customers"]
    assert ids(manager.page) == [card["customer_id"] for card in wanted]


def finds_and_calls(manager, who):
    manager.begins("a customer by the number")
    manager.page.locator("input[name=q]").fill(who)
    manager.click(manager.button("page.show"))
    assert ids(manager.page) == [who]
    manager.now = "call: whom, why, what to say"
    manager.clicks[manager.now] = 0
    manager.click(manager.row(who).get_by_role("link").first)
    manager.page.locator(f'a[href="mailto:{who}@example.com"]').wait_for()
    assert said(manager.page.locator("h1")).strip()


def takes_and_finishes(manager, who):
    manager.begins("take a task", f"/?q={who}")
    manager.click(manager.button("worklist.move.take", manager.row(who)))
    assert manager.task(who)["state"] == "taken"
    assert manager.page.locator(".notice").is_visible()
    manager.now = "done, and undone"
    manager.clicks[manager.now] = 0
    manager.click(manager.button("worklist.move.done", manager.row(who)))
    assert manager.task(who)["state"] == "done"
    manager.click(manager.button("tasks.move.undo"))
    assert manager.task(who)["state"] == "taken"


def is_told(manager, store, who):
    """A colleague was faster, after this page was opened."""
    manager.begins("a colleague was faster", f"/?q={who}")
    [taken] = move(store, "Anna", [Asked("take", who, 0)])
    assert isinstance(taken, Moved)
    manager.click(manager.button("worklist.move.take", manager.row(who)))
    told = manager.page.get_by_role("heading", level=1, name=manager.word("tasks.changed"))
    told.wait_for()
    manager.click(manager.page.locator("main a").first)
    manager.row(who).locator(".task-state.taken").wait_for()


def puts_off(manager, second, third):
    manager.begins("put off, and not relevant for a reason", f"/?{TO_CONTACT}")
    manager.click(manager.button("worklist.move.snooze", manager.row(second)))
    assert manager.task(second)["state"] == "snoozed"
    assert second not in ids(manager.page)  # it comes back by itself
    manager.click(manager.button("worklist.opens.dismiss", manager.row(third)))
    why = upper_first(sentence("tasks.why_not.already_solved", manager.language))
    manager.click(manager.row(third).get_by_role("button", name=why, exact=True))
    assert manager.task(third)["why_not"] == "already_solved"
    assert third not in ids(manager.page)


def notes(manager, who):
    """Written in the row, told by a notice that moves no row and does not come back."""
    manager.begins("a note", f"/?{TO_CONTACT}")
    top = manager.row(who).evaluate(TOP)
    manager.click(manager.button("worklist.opens.note", manager.row(who)))
    manager.row(who).locator("textarea").fill("Ёж")
    manager.click(manager.button("tasks.move.note", manager.row(who)))
    assert (manager.task(who)["state"], manager.task(who)["note"]) == ("open", "Ёж")
    assert manager.page.locator(".notice").is_visible()
    assert manager.row(who).evaluate(TOP) == top
    manager.page.go_back()
    manager.row(who).locator("textarea").wait_for()
    manager.page.go_forward()
    manager.row(who).locator("textarea").wait_for(state="detached")
    assert manager.page.locator(".notice").count() == 0


def gives(manager, chosen):
    manager.begins("several to a colleague", f"/?{TO_CONTACT}")
    for who in chosen:
        manager.clicks[manager.now] += 1
        manager.row(who).locator("input[type=checkbox]").check()
    manager.chooses(manager.page.locator(".bulk select[name=to]"), "Anna")
    manager.click(manager.button("tasks.move.assign", manager.page.locator(".bulk")))
    assert {manager.task(who)["assignee"] for who in chosen} == {"Anna"}


def downloads(manager, service):
    from python_calamine import CalamineWorkbook

    manager.begins("the list as a workbook", "/?risk_band=high")
    wanted = service.get("/v1/at-risk?risk_band=high&task_state=to_do&limit=1000").json()
    with manager.page.expect_download() as download:
        manager.clicks[manager.now] += 1
        manager.page.locator('.exports a[href*="xlsx"]').click()
    sheet = CalamineWorkbook.from_path(download.value.path()).get_sheet_by_index(0)
    rows = [[str(cell) for cell in row] for row in sheet.to_python()]
    listed = [card["customer_id"] for card in wanted["customers"]]
    found = [row for row in rows if set(row) & set(listed)]
    assert len(found) == len(listed) > 0
    assert all(who in row for who, row in zip(listed, found, strict=True))


def plans(manager, service):
    manager.begins("another budget, and a yes to the plan")
    menu = manager.page.locator("nav.sections")
    manager.click(menu.get_by_role("link", name=manager.word("nav.plan"), exact=True))
    manager.page.locator("#what-if input[type=number]").first.fill("40")
    manager.click(manager.button("plan.show", manager.page.locator("#what-if")))
    told = service.get("/v1/plan:what-if?budget=40").json()
    assert str(told["customers"]) in said(manager.page.locator("#what-if"))
    manager.click(manager.button("plan.approve"))
    assert manager.word("plan.approved") in said(manager.page.locator(".approval"))
    assert service.get("/v1/plan").json()["approval"] is not None
