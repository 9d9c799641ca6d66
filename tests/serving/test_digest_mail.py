"""The morning digest by mail: to whom, how, and what is said where a letter fails."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from sqlalchemy import select

from core.errors import MailError, SettingsError
from serving.people.audit import verify
from serving.settings import MailServer, Settings, load_settings
from serving.store.people_tables import audit_log
from serving.work import mail
from tests.serving.digests import digest_store, failing, sent, settings
from tests.serving.mail_server import KNOWN, Mailbox, Serving
from tests.serving.working import NOW, clock  # noqa: F401


@pytest.fixture
def store(tmp_path, clock):  # noqa: F811
    with digest_store(tmp_path) as engine:
        yield engine


@pytest.mark.slow
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
        assert "СРОК СЕГОДНЯ" in plain.get_content()
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_nothing_leaves_this_machine_unencrypted(store, monkeypatch):
    monkeypatch.setattr(mail, "is_loopback", lambda host: False)
    with Serving(Mailbox(wants_password=True)) as box:
        url = f"smtp://crm:secret@127.0.0.1:{box.port}"
        (line,) = failing(store, settings(smtp_url=url))
        assert "does not encrypt: nothing was sent" in line and not box.letters


@pytest.mark.slow
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
