"""What the commands on keys, users and the audit log do."""

import datetime as dt
import getpass
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, select

from core.clock import utc_now
from core.errors import AccountError
from serving.people.audit import verify
from serving.people.keys import all_keys, create_key, revoke_key
from serving.people.users import add_user, all_users, change_password, remove_user, sign_out_all
from serving.settings import Settings
from serving.store.database import open_store, prepared
from serving.store.people_tables import audit_log


def run(command: Callable[[Engine, Any], None], asked: Any, settings: Settings) -> None:
    """Run one of the functions below, on a store that has its tables."""
    engine = open_store(settings.store_url, read_only=settings.read_only)
    try:
        command(prepared(engine), asked)
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
        scopes = ", ".join(sorted(key.scopes))
        print(f"{key.key_id}  {state}{until}  {key.name}: {scopes}; {_whose(key.owners)}")
    if not keys:
        print("There are no keys: whoever uses this machine may ask for everything.")


def revoke(engine: Engine, asked: Any) -> None:
    """Revoke a key."""
    revoke_key(engine, asked.key_id)
    print(f"Key {asked.key_id} opens nothing any more; running services know within 5 seconds.")


def add(engine: Engine, asked: Any) -> None:
    """Add a user."""
    typed = None if asked.no_password else _password()
    add_user(engine, asked.name, typed, asked.role, asked.owner)
    print(f"{asked.name} may sign in as {asked.role}.")


def list_users(engine: Engine, _: Any) -> None:
    """Print every user."""
    with engine.connect() as connection:
        users = all_users(connection)
    for user in users:
        print(f"{user.name}  {user.role}; {_whose(user.owners)}")
    if not users:
        print("There are no users.")


def password(engine: Engine, asked: Any) -> None:
    """Set another password."""
    change_password(engine, asked.name, _password())
    print(f"{asked.name} has another password, and is signed out everywhere within 5 seconds.")


def remove(engine: Engine, asked: Any) -> None:
    """Remove a user."""
    remove_user(engine, asked.name)
    print(f"{asked.name} is removed, and signed out everywhere within 5 seconds.")


def list_audit(engine: Engine, _: Any) -> None:
    """Print every entry of the audit log."""
    with engine.connect() as connection:
        for row in connection.execute(select(audit_log).order_by(audit_log.c.number)):
            print(f"{row.number}  {row.at}  {row.who}: {row.what} {row.about or ''}".rstrip())


def verify_audit(engine: Engine, asked: Any) -> None:
    """Check the audit log; the line that is printed last can be noted elsewhere."""
    end = verify(engine, asked.noted)
    print(f"The audit log is whole: {end.number} entries. To compare with later, note elsewhere:")
    print(end)


def sign_out(engine: Engine, _: Any) -> None:
    """Sign everybody out."""
    sign_out_all(engine)
    print("Everybody is signed out within 5 seconds, and signs in again.")


def _password() -> str:
    """What is typed twice without being shown, or a line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    typed = getpass.getpass("Password: ")
    if typed != getpass.getpass("Once more: "):
        raise AccountError("The two are not the same. Nothing was changed.")
    return typed


def _whose(owners: frozenset[str] | None) -> str:
    return "everybody" if owners is None else f"customers of {', '.join(sorted(owners))}"
