"""The morning digest: what it tells whom, and never contact data."""

import datetime as dt
import re
from urllib.parse import quote

import pytest
from sqlalchemy import delete, insert

from serving import cli
from serving.store.database import open_store, writing
from serving.store.page_tables import overrides, plan_approvals, relationship_steps
from serving.store.publishing import publish
from serving.store.reading import current
from serving.work.digest import is_contact
from tests.serving.digests import (
    MAIL,
    PHONE,
    TODAY,
    digest_store,
    keep,
    nobody_contacts,
    sent,
    settings,
    step,
    task,
)
from tests.serving.reading_pages import Tree
from tests.serving.releases import card_row, write_release
from tests.serving.working import NOW, clock  # noqa: F401


@pytest.fixture
def store(tmp_path, clock):  # noqa: F811
    with digest_store(tmp_path) as engine:
        yield engine


@pytest.mark.slow
def test_every_owner_and_the_whole_have_a_file_of_each_form_with_what_is_theirs(store, tmp_path):
    lines = sent(store, settings(), folder=tmp_path / "out")
    assert len(lines) == len(current(store).owners) + 1 == 3
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(names) == 6 and all(re.fullmatch(r"[\w.-]+", name) for name in names)
    texts = {name: (tmp_path / "out" / name).read_text(encoding="utf-8") for name in names}
    anna, odd = (
        next(text for name, text in texts.items() if mark in name and name.endswith("txt"))
        for mark in ("anna", "boris")
    )
    assert "a-3" in anna and "b-3" not in anna
    assert "b-3" in odd and "a-3" not in odd
    whole = texts[f"{TODAY}-all.txt"]
    assert "a-1" in whole and "b-1" in whole
    assert "1 new at high risk" in anna and "1 new at high risk" in whole
    assert "at high risk" not in odd and "Nobody moved" in odd


@pytest.mark.slow
def test_both_forms_tell_the_same_in_both_languages(store, tmp_path):
    for language, words in (("en", "Due today: 15"), ("ru", "Срок сегодня: 15")):
        folder = tmp_path / language
        sent(store, settings(), folder=folder, language=language)
        html = (folder / f"{TODAY}-anna.html").read_text(encoding="utf-8")
        text = (folder / f"{TODAY}-anna.txt").read_text(encoding="utf-8")
        tree = Tree(html)
        assert words in html and words.upper() in text
        ids = re.findall(r"a-\d+", tree.one("ol")["text"])
        assert len(tree.all("li")) >= 10 and ids == re.findall(r"^\d+\. (a-\d+)", text, re.M)
        links = [link["href"] for link in tree.all("a")]
        assert all(link.startswith("http://127.0.0.1:8000/") for link in links)
        assert set(re.findall(r"http://\S+", text)) <= set(links)
        assert "{" not in text and "digest." not in text


@pytest.mark.slow
@pytest.mark.parametrize("with_names", [False, True])
def test_no_contact_data_of_a_customer_is_in_any_of_them(store, tmp_path, with_names):
    with writing(store) as connection:
        keep(connection, task("a-1"), task(MAIL))
        connection.execute(insert(relationship_steps), [step("a-2"), step("79991234567")])
    sent(store, settings(digest_names=with_names), folder=tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        text = path.read_text(encoding="utf-8")
        for secret in (MAIL, PHONE, "79991234567", quote(MAIL, safe=""), "999"):
            assert secret not in text, (path.name, secret)
        assert ("Name a1" in text) == (with_names and "boris" not in path.name)
        assert "<i>" not in text or path.name.endswith("txt")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("zoe@shop.example", True),
        ("Zoë <zoe@shop.example>", True),
        ("+79991234567", True),
        ("8 (999) 123-45-67", True),
        ("79991234567", True),
        ("C00016821", False),
        ("00123", False),
        ("4006381333931", False),
        ("Anna + Boris", False),
    ],
)
def test_what_reads_as_an_address_or_a_number_to_call_is_known(text, is_one):
    assert is_contact(text) is is_one


@pytest.mark.slow
def test_what_is_overdue_due_today_and_to_come_stand_apart(store, tmp_path, clock):  # noqa: F811
    later = TODAY + dt.timedelta(days=3)
    with writing(store) as connection:
        keep(
            connection,
            task("a-0", "done"),
            task("a-1", "snoozed", snoozed_until=later),
            task("a-2", "taken"),
            task("a-3", "taken", due_on=TODAY),
            task("b-5", "taken"),
            task("a-4", "taken", company="another"),
            task("a-5", "taken", due_on=TODAY + dt.timedelta(days=1)),
            task("a-10", "taken"),
            task("a-held", "taken"),
            task("a-6", "open", assignee=None, due_on=TODAY - dt.timedelta(days=3)),
        )
        connection.execute(insert(overrides).values(**nobody_contacts("a-10")))
        connection.execute(insert(relationship_steps).values(**step("a-7")))
        connection.execute(insert(relationship_steps).values(**step("a-8", done_at=NOW)))
        connection.execute(insert(relationship_steps).values(**step("a-9", due_on=TODAY)))
    sent(store, settings(), folder=tmp_path / "out")
    tree = Tree((tmp_path / "out" / f"{TODAY}-anna.html").read_text(encoding="utf-8"))
    lists = {
        head["text"]: re.findall(r"a-\d+", ul["text"])
        for head, ul in zip(
            tree.all("h2")[1:], [*tree.all("ul")[1:], *tree.all("ol")], strict=False
        )
    }
    rest = [f"a-{n}" for n in (3, 4, 7, 8, 9, 11)]
    assert lists == {
        "Overdue: 3": ["a-2", "a-6", "a-7"],
        "Due today: 10": [*rest, "a-9"],
        "Next": ["a-5"],
    }
    with writing(store) as connection:
        connection.execute(delete(relationship_steps))
    clock(NOW + dt.timedelta(days=1))
    sent(store, settings(), folder=tmp_path / "out")
    text = (tmp_path / "out" / f"{later - dt.timedelta(days=2)}-anna.txt").read_text("utf-8")
    assert (
        "OVERDUE: 11\n" in text
        and "more:" not in text
        and "DUE TODAY: 1\n" in text
        and "was due Oct 30" in text
    )
    clock(NOW - dt.timedelta(days=1))
    sent(store, settings(), folder=tmp_path / "out")
    text = (tmp_path / "out" / f"{TODAY - dt.timedelta(days=1)}-anna.txt").read_text("utf-8")
    assert "OVERDUE: 2\n" in text and "Nothing is due today." in text
    assert "(due Oct 30, 2024; risk 40%" in text.partition("NEXT")[2]


@pytest.mark.slow
def test_it_says_whether_the_plan_is_approved_and_the_data_fresh(store, tmp_path):
    def text():
        sent(store, settings(), folder=tmp_path / "out")
        return (tmp_path / "out" / f"{TODAY}-all.txt").read_text(encoding="utf-8")

    assert "Nobody has approved it yet." in text()
    assert "These figures were good until" in text()
    yes = {"release_id": current(store).release_id, "approved_at": NOW}
    with writing(store) as connection:
        connection.execute(insert(plan_approvals).values(**yes, approved_by="user lena"))
    assert "Approved by lena." in text()
    with writing(store) as connection:
        connection.execute(plan_approvals.update().values(approved_by="this machine"))
    assert "Approved by this computer." in text()
    with writing(store) as connection:
        connection.execute(plan_approvals.update().values(withdrawn_at=NOW))
    assert "Nobody has approved it yet." in text()


@pytest.mark.slow
def test_the_command_writes_files_and_fails_where_one_failed(store, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("REGULARS_STORE_URL", str(store.url))
    folder = tmp_path / "made" / "here"
    cli.main(["digest", "--out", str(folder), "--owner", "anna", "--language", "ru"])
    assert "anna: written to" in capsys.readouterr().out
    assert sorted(path.suffix for path in folder.iterdir()) == [".html", ".txt"]
    blocked = tmp_path / "file"
    blocked.write_text("x")
    for arguments in (["--out", str(blocked)], ["--out", str(folder), "--owner", "nobody"], []):
        with pytest.raises(SystemExit) as ended:
            cli.main(["digest", *arguments])
        assert ended.value.code == 1
        assert "MailError" in capsys.readouterr().err


@pytest.mark.slow
def test_owners_who_look_alike_as_files_have_files_of_their_own(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    owners = ["Anna", "anna", "all", "a/b", "a b", "..", "Анна", "O" * 400]
    rows = [card_row(str(n), owner=owner) for n, owner in enumerate(owners)]
    publish(write_release(tmp_path / "r", rows), engine, keep=2)
    sent(engine, settings(), folder=tmp_path / "out")
    names = [path.name for path in (tmp_path / "out").iterdir()]
    assert len({name.casefold() for name in names}) == 2 * (len(owners) + 1)
    assert all(len(name.encode()) < 255 for name in names)
    engine.dispose()


@pytest.mark.slow
def test_what_is_not_listed_is_counted(store, tmp_path, monkeypatch, clock):  # noqa: F811
    monkeypatch.setattr("serving.work.digest.LINES", 4)
    for moved, head in ((0, "DUE TODAY: "), (1, "OVERDUE: ")):
        clock(NOW + dt.timedelta(days=moved))
        for language, words in (("en", "And {} more"), ("ru", "И ещё {}:")):
            sent(store, settings(), folder=tmp_path / language, language=language)
            day = TODAY + dt.timedelta(days=moved)
            text = (tmp_path / language / f"{day}-anna.txt").read_text(encoding="utf-8")
            html = (tmp_path / language / f"{day}-anna.html").read_text(encoding="utf-8")
            if language == "en":
                total = int(re.search(head + r"(\d+)", text)[1])
            assert words.format(total - 4) in text and words.format(total - 4) in html
