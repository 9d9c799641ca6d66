"""Stores on both databases, releases in them, and the service as a real server."""

import asyncio
import json
import shutil
import threading
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from serving.app import create_app
from serving.server import bound, server_of
from serving.settings import Settings
from serving.store import sqlite_file
from serving.store.database import open_store
from serving.store.publishing import publish
from tests.plugin_databases import DATABASES
from tests.serving.browsing import LONG_ID, LONG_NAME, ODD_ID, WIDE
from tests.serving.customer_tables import release_of
from tests.serving.releases import card_row, company, write_release

# Where it matters which database answers: what is stored, published, filtered, sorted and paged.
# The other tests look at rows that both have given alike.
ON_BOTH = (
    "test_api",
    "test_erasure",
    "test_many",
    "test_outcomes",
    "test_overrides",
    "test_paging",
    "test_publishing",
    "test_rule_release",
    "test_store",
    "test_tasks",
    "test_task_releases",
    "test_timelines",
    "test_which_release",
    "test_writing",
)


def pytest_generate_tests(metafunc):
    databases = DATABASES if Path(metafunc.module.__file__).stem in ON_BOTH else ("sqlite",)
    for name, scope in (("store_url", "function"), ("service", "session")):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, databases, indirect=True, scope=scope)


class Impatient:
    """asyncio, whose sleepers are woken after a tenth of their time."""

    def __getattr__(self, name):
        return getattr(asyncio, name)

    @staticmethod
    async def sleep(seconds):
        await asyncio.sleep(seconds / 10)


@pytest.fixture(scope="session", autouse=True)
def quick_stores_and_servers():
    """Stores outlive no power cut, and servers end as soon as they are told to.

    Waiting for the disk took half of the time of a test that publishes, and uvicorn looks ten times
    a second whether it shall end. Gives the settings with which a store does outlive one.
    """
    with pytest.MonkeyPatch.context() as patch:
        safe = sqlite_file.USUAL
        unsafe = [one.replace("=FULL", "=OFF") for one in safe]
        patch.setattr(sqlite_file, "USUAL", unsafe)
        patch.setattr("uvicorn.server.asyncio", Impatient())
        yield safe


@pytest.fixture(scope="session")
def new_store_url(request, tmp_path_factory):
    """Makes URLs of empty stores; PostgreSQL is started only if a test asks for it."""

    def make(database):
        if database == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('store') / 'regulars.sqlite3'}"
        return request.getfixturevalue("postgres")()

    return make


@pytest.fixture
def store_url(request, new_store_url):
    url = new_store_url(request.param)
    databases = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    yield url
    if databases:
        databases.drop(url)


@pytest.fixture
def engine(store_url):
    """An empty store of its own for the test, on each database."""
    engine = open_store(store_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    """A release of customers of every kind."""
    return write_release(tmp_path_factory.mktemp("release") / "release", company())


@pytest.fixture(scope="session")
def published_once(tmp_path_factory):
    """An SQLite store with the release of customer_tables, to copy."""
    folder = tmp_path_factory.mktemp("published")
    engine = open_store(f"sqlite:///{folder / 'regulars.sqlite3'}")
    publish(release_of(folder / "first"), engine, keep=3)
    engine.dispose()
    return folder / "regulars.sqlite3"


@pytest.fixture
def store(request, engine, tmp_path):
    """A store with customers of whom everything is known, or nearly nothing (customer_tables)."""
    if engine.dialect.name == "sqlite":
        shutil.copy(request.getfixturevalue("published_once"), engine.url.database)
    else:
        publish(release_of(tmp_path / "first"), engine, keep=3)
    return engine


@pytest.fixture
def asked(store):
    """The service on that store."""
    with Running(store) as running:
        yield running


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Service:
    """A running service."""

    host: str
    port: int

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def get(self, target, method="GET", body=None, **headers):
        """The target goes out as it is, whatever it holds."""
        connection = HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection._validate_path = lambda url: None
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, target, body, named)
            answer = connection.getresponse()
            return Answer(
                answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()


class RunningApp:
    """`with RunningApp(app, settings) as address:` a real server, ended at the end."""

    def __init__(self, app, settings):
        self.listening = bound(settings)
        self.server = server_of(app, settings)
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [self.listening]}, daemon=True
        )

    def __enter__(self):
        self.thread.start()
        # Connections wait in the socket's queue until the server takes them.
        return self.listening.getsockname()[:2]

    def __exit__(self, *_):
        while not self.server.started and self.thread.is_alive():
            self.thread.join(0.01)
        self.server.should_exit = True
        self.thread.join()
        self.listening.close()


class Running(RunningApp):
    """`with Running(engine) as service:` the service on a free port, ended at the end."""

    def __init__(self, engine, **settings):
        chosen = Settings(**{"port": 0} | settings)
        super().__init__(create_app(chosen, engine), chosen)

    def __enter__(self):
        return Service(*super().__enter__())


@pytest.fixture(scope="session")
def service(request, new_store_url, release):
    """The service on a published release, on each database. To read only."""
    engine = open_store(new_store_url(request.param))
    publish(release, engine, keep=30)
    with Running(engine) as running:
        yield running
    engine.dispose()


@pytest.fixture
def empty_service(engine):
    """The service before anything was published."""
    with Running(engine) as running:
        yield running


@pytest.fixture(scope="module")
def live(new_store_url, release):
    """A service of this module's own, so that nothing else asks it in between."""
    yield from serve(new_store_url, release)


@pytest.fixture(scope="module")
def awkward(new_store_url, tmp_path_factory):
    """A service on names and ids that are hard to lay out and to put into an address."""
    rows = [
        card_row(LONG_ID, name=LONG_NAME, owner="O" * 100),
        card_row("I" * 150, value_at_risk=123_456_789.0, value_if_stays=987_654_321.0),
        card_row(ODD_ID, arm="holdout", withheld=True),
    ]
    yield from serve(new_store_url, write_release(tmp_path_factory.mktemp("a") / "release", rows))


def serve(new_store_url, release):
    engine = open_store(new_store_url("sqlite"))
    publish(release, engine, keep=30)
    with Running(engine) as running:
        yield running
    engine.dispose()


@pytest.fixture
def opened(chromium, live):
    """Opens an address in a fresh context, and keeps what went wrong there in `page.wrong`."""
    contexts = []

    def open_(target="/", service=live, **options):
        usual = {"locale": "en-US", "viewport": WIDE, "accept_downloads": True}
        context = chromium.new_context(**usual | options)
        contexts.append(context)
        page = kept_wrong(context.new_page(), service)
        page.answer = page.goto(service.url + target)
        return page

    yield open_
    for context in contexts:
        context.close()


def kept_wrong(page, service):
    """The page, which from now on notes in `wrong` whatever goes wrong on it."""
    page.wrong = []
    page.on("dialog", lambda dialog: (page.wrong.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda said: _keep(page.wrong, said))
    page.on("requestfailed", lambda request: page.wrong.append(request.url))
    page.on("request", lambda request: _keep_foreign(page.wrong, request.url, service))
    return page


def _keep(wrong, said):
    """Chromium writes violations of the CSP to the console too, as errors."""
    if said.type in ("error", "warning"):
        wrong.append(said.text)


def _keep_foreign(wrong, url, service):
    if not url.startswith((service.url + "/", "data:")):
        wrong.append(f"asked another host: {url}")


@pytest.fixture
def plain(opened):
    """As `opened`, with scripts switched off."""
    return lambda *target, **options: opened(*target, java_script_enabled=False, **options)
