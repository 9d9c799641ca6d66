"""A release in which every customer shows whose they are, and keys that see some of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from serving.app import create_app
from serving.people.routes import declared_scopes
from serving.people.scopes import PUBLIC, SCOPES
from serving.people.users import add_user
from serving.settings import Settings
from serving.store.database import open_store
from tests.serving.releases import card_row, gone_row, write_release

OWNERS = ("anna", "boris", None)


def customers() -> list[dict]:
    """Three customers of each owner, and one of each who has left; names and ids tell the owner."""
    rows = []
    for owner in OWNERS:
        own = {"owner": owner}
        whose = f"of-{owner or 'nobody'}"
        rows += [card_row(f"id-{n}-{whose}", name=f"Name {n} {whose}", **own) for n in range(3)]
        rows.append(gone_row(f"gone-{whose}", name=f"Gone {whose}", **own))
    return rows


def marks_of(owner: str | None) -> list[str]:
    """What only the customers of this owner hold: their ids and names end in it."""
    return [f"of-{owner or 'nobody'}"]


def guarded_release(folder: Path) -> Path:
    return write_release(folder, customers())


def routes_of_the_app(tmp_path: Path) -> dict[tuple[str, str], str | None]:
    """The scope of every route there is."""
    engine = open_store(f"sqlite:///{tmp_path}/none.sqlite3")
    guard = create_app(Settings(), engine)
    while not hasattr(guard, "routes"):
        guard = guard.app
    return declared_scopes(guard.routes)


def guarded_routes(tmp_path: Path) -> Iterator[tuple[str, str, str]]:
    """Method, path and scope of every route that is not public."""
    for (method, path), scope in sorted(routes_of_the_app(tmp_path).items()):
        if scope != PUBLIC and method != "HEAD":
            yield method, path, scope


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def every_scope() -> tuple[str, ...]:
    return SCOPES


def add_users(
    engine: Engine, users: dict[str, tuple[str, list[str] | None]], password: str
) -> None:
    """Users by name, with role and owners; their hashes cost little here."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.people.users.HASHER", cheap)
        for name, (role, owners) in users.items():
            add_user(engine, name, password, role, owners)
