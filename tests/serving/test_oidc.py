"""Signing in at a provider: a small one of our own that answers as OpenID Connect says."""

import base64
import hashlib
import json
import threading
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from core.errors import SettingsError
from serving.people.oidc import COOKIE as FLOW
from serving.people.sessions import COOKIE
from serving.people.users import add_user
from serving.settings import load_settings
from serving.store.database import open_store
from serving.store.publishing import publish
from tests.serving.conftest import Running
from tests.serving.guarded import guarded_release

ANNA = "anna@shop.example"


class Fake:
    """A provider; `change` changes what it claims, `key` signs it."""

    def __init__(self):
        self.own_key = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(fake.metadata() if "well-known" in self.path else fake.keys())

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer(fake.token({n: v[0] for n, v in parse_qs(body).items()}))

            def answer(self, content):
                body = json.dumps(content).encode()
                self.send_response(200 if content else 400)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.reset()
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def reset(self):
        self.change, self.key, self.header, self.asked = {}, self.own_key, {"alg": "ES256"}, None
        self.calls_itself = self.issuer

    def metadata(self):
        return {
            "issuer": self.calls_itself,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def keys(self):
        return KeySet([self.own_key]).as_dict(private=False)

    def token(self, form):
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (form["code"], form["client_secret"]) != ("the-code", "our-secret"):
            return {}
        if challenge != self.asked["code_challenge"]:
            return {}
        claims = {
            "iss": self.issuer,
            "aud": "regulars",
            "sub": "1",
            "exp": int(time.time()) + 300,
            "nonce": self.asked["nonce"],
            "email": ANNA.upper(),
            "email_verified": True,
        } | self.change
        header = self.header | {"kid": "one"}
        return {"id_token": jwt.encode(header, claims, self.key, algorithms=[header["alg"]])}


@pytest.fixture(scope="module")
def provider():
    fake = Fake()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


@pytest.fixture(scope="module")
def house(provider, tmp_path_factory):
    """A service at which anna may sign in, by the provider only."""
    folder = tmp_path_factory.mktemp("house")
    engine = open_store(f"sqlite:///{folder}/store.sqlite3")
    publish(guarded_release(folder / "release"), engine, keep=2)
    add_user(engine, ANNA, None, "manager", ["anna"])
    settings = {"oidc_client_id": "regulars", "oidc_client_secret": "our-secret"}
    with Running(engine, oidc_issuer=provider.issuer, **settings) as service:
        yield service
    engine.dispose()


@pytest.fixture
def there(house, provider):
    """A browser that is at the provider: what it was sent with, and its cookie."""
    provider.reset()
    answer = house.get("/sign-in/elsewhere?next=/customers/id-1-of-anna")
    assert answer.status == 303
    address = urlsplit(answer.headers["location"])
    provider.asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert provider.asked["redirect_uri"] == f"{house.url}/sign-in/elsewhere/back"
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert "samesite=lax" in answer.headers["set-cookie"].lower()
    value = SimpleCookie(answer.headers["set-cookie"])[FLOW].value
    return {"Cookie": f"{FLOW}={value}"}


def come_back(house, provider, there, code="the-code", state=None):
    state = provider.asked["state"] if state is None else state
    return house.get(f"/sign-in/elsewhere/back?code={code}&state={state}", **there)


@pytest.mark.slow
def test_the_form_leads_to_the_provider(house):
    page = house.get("/customers/id-1-of-anna")
    assert page.status == 401
    assert 'href="/sign-in/elsewhere?next=%2Fcustomers%2Fid-1-of-anna"' in page.text


def test_whom_the_provider_names_is_signed_in_with_what_the_store_allows(house, provider, there):
    answer = come_back(house, provider, there)
    assert (answer.status, answer.headers["location"]) == (303, "/customers/id-1-of-anna")
    cookies = SimpleCookie(answer.headers["set-cookie"])
    mine = {"Cookie": f"{COOKIE}={cookies[COOKIE].value}"}
    assert house.get("/customers/id-1-of-anna", **mine).status == 200
    assert house.get("/customers/id-1-of-boris", **mine).status == 404


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": ["regulars", "another client"]},
        {"exp": 1},
        {"nonce": "another"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": "boris@shop.example"},
        {"email": None},
    ],
)
def test_a_token_that_is_not_for_this_attempt_signs_nobody_in(house, provider, there, change):
    provider.change = change
    answer = come_back(house, provider, there)
    assert answer.status == 401
    assert f"{COOKIE}=" not in answer.headers["set-cookie"]


def test_a_token_of_another_key_signs_nobody_in(house, provider, there):
    provider.key = ECKey.generate_key("P-256")
    assert come_back(house, provider, there).status == 401


def test_a_token_signed_by_what_everybody_knows_signs_nobody_in(house, provider, there):
    provider.key, provider.header = OctKey.import_key("our-secret" * 4), {"alg": "HS256"}
    assert come_back(house, provider, there).status == 401


def test_an_attempt_that_another_browser_began_signs_nobody_in(house, provider, there):
    assert come_back(house, provider, {}).status == 401
    assert come_back(house, provider, {"Cookie": f"{FLOW}=x.y.z"}).status == 401
    assert come_back(house, provider, there, state="another").status == 401
    assert come_back(house, provider, there, code="another").status == 401


def test_a_provider_that_is_away_or_another_one_signs_nobody_in(house, provider, there):
    provider.calls_itself = "https://evil.example"
    assert come_back(house, provider, there).status == 401
    assert house.get("/sign-in/elsewhere").status == 401


@pytest.mark.slow
def test_whoever_has_no_password_cannot_sign_in_with_one(house):
    assert house.get("/sign-in", "POST", f"name={ANNA}&password=").status == 401


def test_without_a_provider_there_is_no_such_address(service):
    assert service.get("/sign-in/elsewhere").status == 404
    assert "elsewhere" not in service.get("/sign-in").text


@pytest.mark.parametrize(
    ("issuer", "said"),
    [("http://shop.example", "must start with https"), ("https://shop.example", "CLIENT_ID")],
)
def test_a_provider_that_cannot_be_trusted_or_asked_is_refused(monkeypatch, issuer, said):
    monkeypatch.setenv("REGULARS_OIDC_ISSUER", issuer)
    with pytest.raises(SettingsError, match=said):
        load_settings()
