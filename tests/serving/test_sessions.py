"""Users sign in with a password, stay signed in for a while, and see what their role allows."""

import datetime as dt
import io
import re
from http.cookies import SimpleCookie
from itertools import pairwise
from urllib.parse import urlencode

import pytest
from sqlalchemy import delete

from core.errors import AccountError
from serving.people import sessions
from serving.people.access import known_to
from serving.people.scopes import ROLES
from serving.people.sessions import COOKIE, IDLE, LONGEST, new_session, read_session, renewed
from serving.people.throttle import FREE, LONGEST_WAIT, Throttle
from serving.people.users import all_users, change_password, is_password, sign_out_all
from serving.store.database import open_store, upgrade, writing
from serving.store.people_tables import secrets
from serving.store.publishing import publish
from tests.serving.conftest import Running
from tests.serving.guarded import add_users, guarded_release

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def offices(tmp_path_factory):
    """A service with a user of each role, and anna, who sees her own customers only."""
    folder = tmp_path_factory.mktemp("offices")
    engine = open_store(f"sqlite:///{folder}/store.sqlite3")
    publish(guarded_release(folder / "release"), engine, keep=2)
    add_users(
        engine, {role: (role, None) for role in ROLES} | {"anna": ("manager", ["anna"])}, PASSWORD
    )
    with Running(engine) as service:
        yield service
    engine.dispose()


def sign_in(service, name, password=PASSWORD, following="/", **headers):
    form = urlencode({"name": name, "password": password, "next": following})
    return service.get("/sign-in", "POST", form, **headers)


def cookie_of(answer):
    return {"Cookie": f"{COOKIE}={SimpleCookie(answer.headers['set-cookie'])[COOKIE].value}"}


@pytest.mark.slow
def test_who_signs_in_is_led_to_the_page_they_wanted_and_sees_their_own(offices):
    asked = offices.get("/customers/id-1-of-anna?language=ru")
    assert asked.status == 401
    assert 'value="/customers/id-1-of-anna?language=ru"' in asked.text
    assert "Войти" in asked.text and "Name 1" not in asked.text
    answer = sign_in(offices, " Anna ", following="/customers/id-1-of-anna?language=ru")
    assert (answer.status, answer.headers["location"]) == (
        303,
        "/customers/id-1-of-anna?language=ru",
    )
    assert re.search(
        r"; Path=/; Max-Age=\d+; HttpOnly; SameSite=Lax$", answer.headers["set-cookie"]
    )
    mine = cookie_of(answer)
    assert "Name 1 of-anna" in offices.get("/customers/id-1-of-anna", **mine).text
    assert offices.get("/customers/id-1-of-boris", **mine).status == 404
    page = offices.get("/", **mine).text
    assert "of-anna" in page and "of-boris" not in page and 'action="/sign-out"' in page
    assert "of-boris" not in offices.get("/v1/at-risk?format=csv", **mine).text


def test_a_cookie_is_sent_over_https_only_where_the_service_is_reached_by_it(offices):
    answer = sign_in(offices, "viewer", X_Forwarded_Proto="https")
    assert answer.headers["set-cookie"].endswith("; HttpOnly; SameSite=Lax; Secure")


def test_signing_out_ends_the_session_and_every_copy_of_its_cookie(offices):
    mine = cookie_of(sign_in(offices, "viewer"))
    assert offices.get("/", **mine).status == 200
    assert 'action="/sign-out?language=ru"' in offices.get("/?language=ru", **mine).text
    out = offices.get("/sign-out?language=ru", "POST", "", **mine)
    assert (out.status, out.headers["location"]) == (303, "/sign-in?language=ru")
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert offices.get("/", **mine).status == 401


@pytest.mark.parametrize(
    "where", ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb"]
)
def test_signing_in_leads_nowhere_else(offices, where):
    assert sign_in(offices, "viewer", following=where).headers["location"] == "/"


def test_a_page_of_another_site_signs_nobody_in_or_out(offices):
    assert sign_in(offices, "viewer", Sec_Fetch_Site="cross-site").status == 403
    mine = cookie_of(sign_in(offices, "viewer"))
    assert offices.get("/sign-out", "POST", "", Sec_Fetch_Site="cross-site", **mine).status == 403
    assert offices.get("/", **mine).status == 200


def test_a_forged_cookie_is_nobody_s(offices):
    (cookie,) = cookie_of(sign_in(offices, "viewer")).values()
    signed, _, by = cookie.rpartition(".")
    other = "A" if by[0] != "A" else "B"
    for forged in (f"{signed}.{other}{by[1:]}", f"{COOKIE}=x.y.z", f"{COOKIE}="):
        assert offices.get("/", Cookie=forged).status == 401


@pytest.mark.slow
def test_wrong_names_and_passwords_are_answered_alike_and_ever_more_slowly(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    upgrade(engine)
    add_users(engine, {"anna": ("viewer", None)}, PASSWORD)
    with Running(engine) as service:
        pages = [sign_in(service, name, "wrong").text for name in ("anna", "nobody")]
        assert pages[0] == pages[1]
        while (answer := sign_in(service, "anna", "wrong")).status == 401:
            pages.append(answer.text)
            assert len(pages) < 3 * FREE, "nobody slows them down"
        assert answer.status == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert len(pages) == FREE + 1  # and one of nobody
        assert sign_in(service, "anna").status == 429  # the right one has to wait too
        assert service.get("/sign-in", "POST", b"name=" + b"x" * 20_000).status == 401
        assert service.get("/sign-in", "POST", "%ff\0=").status == 401
    engine.dispose()


def test_waits_double_up_to_a_quarter_of_an_hour_and_end():
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    waits = []
    for _ in range(60):
        throttle.failed("anna")
        waits.append(throttle.wait("anna"))
    assert waits[: FREE + 2] == [0.0] * (FREE - 1) + [2.0, 4.0, 8.0]
    assert max(waits) == waits[-1] == LONGEST_WAIT
    now[0] += LONGEST_WAIT
    assert throttle.wait("anna") == 0.0
    throttle.succeeded("anna")
    throttle.failed("anna")
    assert throttle.wait("anna") == throttle.wait("another") == 0.0


def test_a_session_ends_hours_after_the_last_request_and_days_after_the_first(
    tmp_path, monkeypatch
):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    upgrade(engine)
    add_users(engine, {"anna": ("viewer", None)}, PASSWORD)
    with engine.connect() as connection:
        (user,) = all_users(connection)
    engine.dispose()
    began = dt.datetime.fromisoformat("2024-10-27")

    def at(moment):
        monkeypatch.setattr(sessions, "utc_now", lambda: began + moment)
        seconds = (began + moment).replace(tzinfo=dt.UTC).timestamp()
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: seconds)

    key, second = b"k" * 32, dt.timedelta(seconds=1)
    at(dt.timedelta(0))
    cookie = new_session(user, key)
    assert read_session(cookie, b"other" * 7) is None
    at(IDLE)
    session = read_session(cookie, key)
    assert session.name == "anna" and session.is_to_be_renewed
    kept = renewed(session, key)
    at(IDLE + 2 * second)
    assert read_session(cookie, key) is None
    assert not read_session(kept, key).is_to_be_renewed
    seen = IDLE
    while seen < LONGEST:
        at(seen)
        kept = renewed(read_session(kept, key), key)
        seen += IDLE
    at(LONGEST + second)
    assert read_session(kept, key) is None


@pytest.mark.slow
def test_another_password_ends_the_sessions_of_the_old_one(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    upgrade(engine)
    add_users(engine, {"anna": ("viewer", None)}, PASSWORD)
    known = known_to(engine)
    cookie = new_session(known.users["anna"], known.signing)
    assert known_to(engine).session(cookie).name == "anna"
    change_password(engine, "ANNA", "another horse battery staple")
    assert known_to(engine).session(cookie) is None
    assert is_password(known_to(engine).users["anna"], "another horse battery staple")
    engine.dispose()


def test_everybody_can_be_signed_out_and_the_door_stays_closed(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    upgrade(engine)
    add_users(engine, {"anna": ("viewer", None)}, PASSWORD)
    known = known_to(engine)
    cookie = new_session(known.users["anna"], known.signing)
    sign_out_all(engine)
    assert known_to(engine).session(cookie) is None
    assert known_to(engine).anybody
    with writing(engine) as connection:
        connection.execute(delete(secrets))  # by hand
    assert known_to(engine).anybody
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "short"}, "12 to 200"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "can be guessed"),
        ({"password": "anna-anna-anna-1"}, "can be guessed"),
        ({"role": "manger"}, "Did you mean manager?"),
        ({"name": "a\nb"}, "printable"),
        ({"owners": []}, "nobody's customers"),
    ],
)
def test_a_user_who_could_not_be_trusted_is_not_added(tmp_path, change, said):
    from serving.people.users import add_user

    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    with pytest.raises(AccountError, match=re.escape(said)):
        add_user(engine, **{"name": "anna", "password": PASSWORD, "role": "viewer"} | change)
    engine.dispose()


@pytest.mark.slow
def test_users_are_added_listed_and_removed_by_commands_and_the_door_stays_closed(
    tmp_path, monkeypatch, capsys
):
    from serving.cli import main

    monkeypatch.setenv("REGULARS_STORE_URL", f"sqlite:///{tmp_path}/store.sqlite3")

    def run(*words, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        main(["users", *words])
        return capsys.readouterr().out

    run("add", "--name", "Anna", "--role", "lead", "--owner", "Anna", typed=f"{PASSWORD}\n")
    assert "anna  lead; customers of Anna" in run("list")
    run("password", "--name", "anna", typed="another horse battery staple\n")
    with pytest.raises(SystemExit):
        run("add", "--name", "ANNA", typed=f"{PASSWORD}\n")
    assert "There is a user anna already" in capsys.readouterr().err
    run("remove", "--name", "anna")
    assert "no users" in run("list")
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    assert known_to(engine).anybody
    engine.dispose()
    assert PASSWORD.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_each_role_may_what_the_one_before_it_may_and_more(offices):
    scopes = list(ROLES.values())
    assert all(less < more for less, more in pairwise(scopes))
