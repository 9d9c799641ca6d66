"""What the commands on keys do."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from core.clock import utc_now
from core.errors import StoreError
from serving.people.keys import all_keys, create_key, revoke_key
from serving.settings import Settings
from serving.store.database import check_version, open_store, publishing, upgrade, version


def run(command: Callable[[Engine, Any], None], asked: Any, settings: Settings) -> None:
    """Run one of the functions below, on a store that has its tables."""
    engine = open_store(settings.store_url)
    try:
        _make_tables(engine)
        command(engine, asked)
    finally:
        engine.dispose()


def create(engine: Engine, asked: Any) -> None:
    """Make a key, and print it: only here is it ever seen."""
    lifetime = None if asked.days is None else dt.timedelta(days=asked.days)
    key, text = create_key(engine, asked.name, asked.scopes, asked.owner, lifetime)
    until = "never expires" if key.expires_at is None else f"expires {key.expires_at:%Y-%m-%d}"
    print(f"Key {key.key_id} ({key.name}) {until}. It is shown this once; keep it secret:")
    print(text)


def list_keys(engine: Engine, _: Any) -> None:
    """Print every key without its secret."""
    with engine.connect() as connection:
        keys = all_keys(connection)
    for key in keys:
        state = key.problem(utc_now()) or "is valid"
        until = "" if key.expires_at is None else f" until {key.expires_at:%Y-%m-%d}"
        whose = (
            "everybody" if key.owners is None else f"customers of {', '.join(sorted(key.owners))}"
        )
        print(f"{key.key_id}  {state}{until}  {key.name}: {', '.join(sorted(key.scopes))}; {whose}")
    if not keys:
        print("There are no keys: whoever uses this machine may ask for everything.")


def revoke(engine: Engine, asked: Any) -> None:
    """Revoke a key."""
    revoke_key(engine, asked.key_id)
    print(f"Key {asked.key_id} opens nothing any more; running services know within 5 seconds.")


def _make_tables(engine: Engine) -> None:
    """Bring the store's tables to this version, as publishing does; nothing where they are."""
    try:
        check_version(engine)
        if version(engine) is not None:
            return
    except StoreError:
        pass  # older: brought up to date here; newer: refused below
    with publishing(engine):
        upgrade(engine)
