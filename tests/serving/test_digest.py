"""The morning digest: what it tells whom, never contact data, by mail or into files."""

import datetime as dt
import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from sqlalchemy import insert, select

from core.clock import utc_now
from core.errors import MailError, SettingsError
from serving import cli
from serving.pages.digest import Wanted, send_digests
from serving.people.audit import verify
from serving.settings import MailServer, Settings, load_settings
from serving.store.database import open_store, writing
from serving.store.page_tables import plan_approvals, relationship_steps, tasks
from serving.store.people_tables import audit_log
from serving.store.publishing import publish
from serving.store.reading import current
from serving.work import mail
from serving.work.digest import is_contact
from tests.serving.mail_server import KNOWN, Mailbox, Serving
from tests.serving.reading_pages import Tree
from tests.serving.release_reports import AS_OF
from tests.serving.releases import card_row, write_release

MAIL, PHONE = "zoe@shop.example", "+7 999 123-45-67"
TODAY = utc_now().date()
ODD = 'boris & co/..\\"><b>'


def cards(which):
    """Two weeks of customers: who has risen to high, of each owner, and awkward names and ids."""
    rows = [
        card_row(f"{owner[:1]}-{n}", owner=owner, name=f"Name {owner[:1]}{n}", value_at_risk=50 - n)
        for owner in ("anna", ODD)
        for n in range(12)
    ]
    if which:
        rows[0] |= {"risk_band": "high", "churn_risk": 0.9}
    rows.append(card_row("a-mail", owner="anna", name=MAIL, value_at_risk=900.0))
    rows.append(card_row("79991234567", owner="anna", name=PHONE, value_at_risk=800.0))
    rows.append(card_row(MAIL, owner="anna", name="<i>Zoë\r\nBcc: x</i>", value_at_risk=700.0))
    return rows


@pytest.fixture
def store(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    for which in (0, 1):
        as_of = AS_OF - dt.timedelta(days=7 * (1 - which))
        publish(write_release(tmp_path / str(which), cards(which), as_of=as_of), engine, keep=5)
    yield engine
    engine.dispose()


def task(customer_id, state="taken", due_on=TODAY - dt.timedelta(days=2), **changes):
    row = {
        "company": "",
        "customer_id": customer_id,
        "action_id": "check_in_email",
        "reason": "rhythm",
        "state": state,
        "assignee": "anna",
        "due_on": due_on,
        "note": f"call {PHONE}",
        "release_id": "r",
        "version": 1,
        "changed_at": utc_now(),
        "changed_by": "user anna",
    }
    return row | changes


def step(customer_id, **changes):
    row = {
        "company": "",
        "customer_id": customer_id,
        "what": f"write to {MAIL}",
        "due_on": TODAY - dt.timedelta(days=1),
        "responsible": "anna",
        "added_at": utc_now(),
        "added_by": "user anna",
    }
    return row | changes


def settings(box=None, **changes):
    chosen = {"digest_from": "regulars@shop.example", "digest_to": "anna=anna@shop.example"}
    if box is not None:
        chosen["smtp_url"] = f"smtp://127.0.0.1:{box.port}"
    return Settings(**chosen | changes)


def sent(engine, chosen, **wanted):
    return list(send_digests(engine, chosen, Wanted(**wanted)))


def failing(engine, chosen, **wanted):
    """The lines of a run in which some fail."""
    lines = []
    with pytest.raises(MailError, match="digests failed"):
        lines.extend(iter_into(lines, send_digests(engine, chosen, Wanted(**wanted))))
    return lines


def iter_into(lines, made):
    for line in made:
        lines.append(line)
    return []


def files(folder):
    return {path.name.partition("-2")[0]: path for path in folder.iterdir()}


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


def test_both_forms_tell_the_same_in_both_languages(store, tmp_path):
    for language, words in (("en", "To do today"), ("ru", "Сделать сегодня")):
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


@pytest.mark.parametrize("with_names", [False, True])
def test_no_contact_data_of_a_customer_is_in_any_of_them(store, tmp_path, with_names):
    with writing(store) as connection:
        connection.execute(insert(tasks), [task("a-1"), task(MAIL)])
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


def test_what_is_closed_is_not_to_be_done_and_what_is_late_is_told(store, tmp_path):
    later = TODAY + dt.timedelta(days=3)
    with writing(store) as connection:
        rows = [
            task("a-0", "done"),
            task("a-1", "snoozed", snoozed_until=later),
            task("a-2", "taken"),
            task("a-3", "taken", due_on=TODAY),
            task("b-5", "taken"),
            task("a-4", "taken", company="another"),
        ]
        for row in rows:
            connection.execute(insert(tasks).values(**row))
        connection.execute(insert(relationship_steps).values(**step("a-7")))
        connection.execute(insert(relationship_steps).values(**step("a-8", done_at=utc_now())))
        connection.execute(insert(relationship_steps).values(**step("a-9", due_on=TODAY)))
    sent(store, settings(), folder=tmp_path / "out")
    tree = Tree((tmp_path / "out" / f"{TODAY}-anna.html").read_text(encoding="utf-8"))
    to_do = [re.search(r"a-\w+|a customer", li["text"])[0] for li in tree.all("li")]
    listed = tree.one("ol")["text"]
    assert "a-0" not in listed and "a-1:" not in listed and "a-2" in listed
    assert "Overdue: 2" in [head["text"] for head in tree.all("h2")]
    assert to_do[-2:] == ["a-2", "a-7"]


def test_it_says_whether_the_plan_is_approved_and_the_data_fresh(store, tmp_path):
    def text():
        sent(store, settings(), folder=tmp_path / "out")
        return (tmp_path / "out" / f"{TODAY}-all.txt").read_text(encoding="utf-8")

    assert "Nobody has approved it yet." in text()
    assert "These figures were good until" in text()
    yes = {"release_id": current(store).release_id, "approved_at": utc_now()}
    with writing(store) as connection:
        connection.execute(insert(plan_approvals).values(**yes, approved_by="user lena"))
    assert "Approved by lena." in text()
    with writing(store) as connection:
        connection.execute(plan_approvals.update().values(withdrawn_at=utc_now()))
    assert "Nobody has approved it yet." in text()


def test_letters_go_to_their_readers_in_their_language_once_a_day(store):
    readers = "anna=anna@shop.example:ru, *=lead@shop.example"
    with Serving(Mailbox()) as box:
        chosen = settings(box, digest_to=readers)
        assert [line.partition(":")[0] for line in sent(store, chosen)] == ["anna", "everybody"]
        letter = box.to("anna@shop.example")
        assert "клиенты на сегодня" in letter["Subject"]
        assert letter["From"] == "regulars@shop.example"
        assert letter["Auto-Submitted"] == "auto-generated"
        plain, html = letter.iter_parts()
        assert "СДЕЛАТЬ СЕГОДНЯ" in plain.get_content()
        assert "<ol>" in html.get_content()
        assert "this morning" in box.to("lead@shop.example")["Subject"]
        again = sent(store, chosen)
        assert all("was sent today already" in line for line in again) and len(box.letters) == 2
        assert len(sent(store, chosen, owners=["anna"], again=True)) == 1
        assert len(box.letters) == 3
    with store.connect() as connection:
        noted = connection.execute(select(audit_log)).all()
    assert [entry.what for entry in noted] == ["sent a digest"] * 3
    assert "@" not in "".join(entry.about for entry in noted)
    verify(store)


def test_one_that_fails_stops_no_other(store):
    readers = "anna=gone@shop.example,ana=a@shop.example,*=lead@shop.example"
    with Serving(Mailbox(refuses=("gone@",))) as box:
        lines = failing(store, settings(box, digest_to=readers))
        assert "does not know the reader" in lines[0] and "REGULARS_DIGEST_TO" in lines[0]
        assert "no customer of the release is theirs; these have some: anna" in lines[1]
        assert lines[2] == "everybody: sent to lead@shop.example"
        assert len(box.letters) == 1
        # What failed was not noted as sent.
        box.refuses = ()
        assert "sent to gone@shop.example" in failing(store, settings(box, digest_to=readers))[0]


def test_the_server_is_signed_in_to_and_the_password_is_never_told(store, capsys):
    with Serving(Mailbox(wants_password=True)) as box:
        user, password = (quote(part, safe="") for part in KNOWN)
        for given, works in ((password, True), ("wr0ng-secret", False)):
            url = f"smtp://{user}:{given}@127.0.0.1:{box.port}"
            chosen = settings(box, smtp_url=url)
            assert given not in repr(chosen) and "wr0ng" not in repr(chosen.mail_server)
            if works:
                assert sent(store, chosen) == ["anna: sent to anna@shop.example"]
            else:
                (line,) = failing(store, chosen, again=True)
                assert "does not take the name and password" in line and "wr0ng" not in line
    assert "wr0ng" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("box", "url", "said"),
    [
        (Mailbox(refuses_data=True), "smtp://127.0.0.1:{port}", "refused the letter (554"),
        (Mailbox(wants_password=True), "smtp://127.0.0.1:{port}", "refused the letter (530"),
        (Mailbox(), "smtp://crm:x@127.0.0.1:{port}", "takes no sign-in"),
        (Mailbox(), "smtps://127.0.0.1:{port}", "cannot be trusted"),
        (Mailbox(), "smtp://127.0.0.1:1", "does not answer"),
    ],
)
def test_what_goes_wrong_is_told_with_its_cure(store, box, url, said):
    with Serving(box):
        (line,) = failing(store, settings(smtp_url=url.format(port=box.port)))
    assert said in line and not box.letters


def test_nothing_leaves_this_machine_unencrypted(store, monkeypatch):
    monkeypatch.setattr(mail, "is_loopback", lambda host: False)
    with Serving(Mailbox(wants_password=True)) as box:
        url = f"smtp://crm:secret@127.0.0.1:{box.port}"
        (line,) = failing(store, settings(smtp_url=url))
        assert "does not encrypt: nothing was sent" in line and not box.letters


def test_without_readers_or_a_server_it_says_what_to_set(store):
    with pytest.raises(MailError, match="REGULARS_DIGEST_TO"):
        sent(store, settings(digest_to=""))
    assert "REGULARS_SMTP_URL" in failing(store, settings())[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "http://secret@x"),
        ("SMTP_URL", "smtp://"),
        ("SMTP_URL", "smtp://x:no"),
        ("SMTP_URL", "smtp://crm:%D0%96secret@x"),
        ("DIGEST_TO", "anna"),
        ("DIGEST_TO", "anna=nobody"),
        ("DIGEST_TO", "anna=a@b:fr"),
        ("DIGEST_FROM", "a@b\nBcc: c@d"),
        ("DIGEST_URL", "javascript:x"),
    ],
)
def test_a_setting_of_mail_that_cannot_be_used_is_named(monkeypatch, name, value):
    monkeypatch.setenv(f"REGULARS_{name}", value)
    with pytest.raises(SettingsError, match=f"REGULARS_{name}") as caught:
        load_settings()
    assert "secret" not in str(caught.value)


def test_servers_are_read_from_their_addresses():
    given = MailServer("mail.example", 587, False, None, None)
    assert Settings(smtp_url="smtp://mail.example").mail_server == given
    encrypted = replace(given, port=465, is_encrypted=True, user="a@b", password="p/w")
    assert Settings(smtp_url="smtps://a%40b:p%2Fw@mail.example/").mail_server == encrypted


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
