"""Keys: made, expired, revoked; who is let in by one, and who without any."""

import asyncio
import datetime as dt
import re

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from core.clock import utc_now
from core.errors import AccountError, EnvironmentProblem, StoreError
from serving.people.access import REREAD_SECONDS, Access, Needs, is_loopback, refuse_unguarded
from serving.people.errors import ForeignPageError, NotKnownError
from serving.people.keys import create_key, revoke_key
from serving.store.database import open_store, upgrade
from tests.serving.guarded import bearer


def request(method="GET", **headers):
    named = [(n.replace("_", "-").lower().encode(), v.encode()) for n, v in headers.items()]
    app = FastAPI()
    return Request({"type": "http", "method": method, "headers": named, "app": app, "state": {}})


@pytest.fixture
def store(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.mark.slow
def test_a_revoked_key_opens_nothing_within_five_seconds(store):
    now = [0.0]
    access = Access(store, "127.0.0.1", lambda: now[0])
    key, text = create_key(store, "crm", ["cards:read"])
    asks = request(**bearer(text))

    async def ask_and_revoke():
        assert (await access.caller(asks)).who == f"key {key.key_id}"
        revoke_key(store, key.key_id)
        now[0] = REREAD_SECONDS
        with pytest.raises(NotKnownError, match="was revoked"):
            await access.caller(asks)
        with pytest.raises(NotKnownError):  # and the door stays closed to whoever has no key
            await access.caller(request())

    asyncio.run(ask_and_revoke())
    assert REREAD_SECONDS < 5


def test_a_store_that_is_away_is_asked_once_for_all_who_wait_and_then_again(store, monkeypatch):
    now, asked = [0.0], []

    def away(engine):
        asked.append(now[0])
        raise StoreError("away")

    monkeypatch.setattr("serving.people.access.known_to", away)
    access = Access(store, "127.0.0.1", lambda: now[0])

    async def ask_much():
        asks = [access.caller(request()) for _ in range(20)]
        found = await asyncio.gather(*asks, return_exceptions=True)
        assert {type(one) for one in found} == {StoreError}
        assert len(asked) == 1
        monkeypatch.undo()
        now[0] += 1
        assert (await access.caller(request())).who == "this machine"

    asyncio.run(ask_much())


def test_a_key_opens_nothing_once_it_has_expired(store):
    key, text = create_key(store, "crm", ["cards:read"], lifetime=dt.timedelta(days=1))
    assert key.problem(utc_now()) is None
    assert "expired on" in key.problem(key.expires_at)
    assert len(text.split("_")[2]) * 4 >= 128


def test_only_this_machine_s_own_addresses_are_open_without_keys(store):
    for host in ("127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"):
        assert is_loopback(host)
    for host in ("0.0.0.0", "::", "192.168.1.4", "regulars.example"):
        assert not is_loopback(host)
        with pytest.raises(NotKnownError):
            asyncio.run(Access(store, host).caller(request()))


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("headers", "is_foreign"),
    [
        ({}, False),
        ({"Sec_Fetch_Site": "same-origin"}, False),
        ({"Sec_Fetch_Site": "none"}, False),
        ({"Sec_Fetch_Site": "cross-site"}, True),
        ({"Sec_Fetch_Site": "same-site"}, True),
        ({"Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"}, False),
        ({"Origin": "http://evil.example", "Host": "127.0.0.1:8000"}, True),
        ({"Origin": "null", "Host": "127.0.0.1:8000"}, True),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "null"}, False),
    ],
)
def test_a_page_of_another_site_cannot_write(store, headers, is_foreign):
    for method in ("POST", "PUT", "PATCH", "DELETE", "GET"):
        asks = request(method, **headers)
        asks.app.state.access = Access(store, "127.0.0.1")
        if is_foreign and method != "GET":
            with pytest.raises(ForeignPageError):
                asyncio.run(Needs("cards:read")(asks))
        else:
            asyncio.run(Needs("cards:read")(asks))
            assert asks.state.caller.who == "this machine"


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scopes": ["cards:reed"]}, "Did you mean cards:read?"),
        ({"scopes": []}, "at least one scope"),
        ({"name": " "}, "needs a name"),
        ({"owners": []}, "nobody's customers"),
        ({"lifetime": dt.timedelta(0)}, "at least a day"),
    ],
)
def test_a_key_that_would_open_nothing_is_not_made(store, given, said):
    with pytest.raises(AccountError, match=re.escape(said)):
        create_key(store, **{"name": "crm", "scopes": ["cards:read"]} | given)


def test_a_service_that_others_can_reach_needs_a_key(store):
    with pytest.raises(EnvironmentProblem, match="Make a key first"):
        refuse_unguarded(store, "0.0.0.0")
    refuse_unguarded(store, "127.0.0.1")
    create_key(store, "crm", ["cards:read"])
    refuse_unguarded(store, "0.0.0.0")


def test_keys_are_made_listed_and_revoked_by_commands(tmp_path, monkeypatch, capsys):
    from serving.cli import main

    path = tmp_path / "store.sqlite3"
    monkeypatch.setenv("REGULARS_STORE_URL", f"sqlite:///{path}")
    main(["keys", "list"])
    assert "There are no keys" in capsys.readouterr().out
    main(
        [
            "keys",
            "create",
            "--name",
            "crm",
            "--scopes",
            "cards:read, figures:read",
            "--owner",
            "Anna",
            "--days",
            "30",
        ]
    )
    text = capsys.readouterr().out.split()[-1]
    assert re.fullmatch(r"regulars_[0-9a-f]{8}_[0-9a-f]{40}", text)
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert text.split("_")[2].encode() not in stored
    assert text.split("_")[1].encode() in stored
    main(["keys", "revoke", text.split("_")[1]])
    main(["keys", "list"])
    listed = capsys.readouterr().out
    assert "was revoked" in listed and "customers of Anna" in listed
    with pytest.raises(SystemExit):
        main(["keys", "revoke", "00000000"])
    assert "There is no key 00000000" in capsys.readouterr().err
