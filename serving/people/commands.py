"""Commands on keys, users and the audit log, as typed: `python -m serving.cli keys|users|audit`."""

import argparse
from typing import TYPE_CHECKING, Any

from serving.people.scopes import ROLES, SCOPES

if TYPE_CHECKING:
    from serving.settings import Settings


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands of this module to those of serving; each sets `run`."""
    keys = commands.add_parser("keys", help="API keys: who may call, for what, for how long")
    parts = keys.add_subparsers(dest="part", required=True)
    create = parts.add_parser("create", help="make a key; it is shown once")
    create.add_argument("--name", required=True, help="what the key is for")
    create.add_argument(
        "--scopes", required=True, type=_listed, help=f"by commas: {', '.join(SCOPES)}"
    )
    create.add_argument(
        "--owner", action="append", help="see only this owner's customers; repeat it for several"
    )
    create.add_argument("--days", type=int, help="days until it expires (default: never)")
    create.set_defaults(run="create")
    parts.add_parser("list", help="every key, without its secret").set_defaults(run="list_keys")
    revoke = parts.add_parser("revoke", help="the key opens nothing any more, within 5 seconds")
    revoke.add_argument("key_id", help="the eight characters after regulars_")
    revoke.set_defaults(run="revoke")
    _add_users(commands)
    audit = commands.add_parser("audit", help="who did what, and whether the log is whole")
    parts = audit.add_subparsers(dest="part", required=True)
    parts.add_parser("list", help="every entry").set_defaults(run="list_audit")
    verify = parts.add_parser("verify", help="fails where an entry was changed, removed or moved")
    verify.add_argument("--noted", help="the last line of an earlier `audit verify`")
    verify.set_defaults(run="verify_audit")


def _add_users(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    users = commands.add_parser("users", help="managers who sign in to the pages")
    parts = users.add_subparsers(dest="part", required=True)
    add = parts.add_parser("add", help="asks for the password, or reads it from standard input")
    add.add_argument("--role", default="manager", choices=ROLES, help="default: manager")
    add.add_argument(
        "--owner", action="append", help="see only this owner's customers; repeat it for several"
    )
    add.add_argument(
        "--no-password", action="store_true", help="signs in at the OpenID Connect provider only"
    )
    parts.add_parser("list", help="every user").set_defaults(run="list_users")
    everybody = parts.add_parser("sign-out-all", help="end every session, after a theft")
    everybody.set_defaults(run="sign_out")
    password = parts.add_parser("password", help="set another one; ends their sessions")
    remove = parts.add_parser("remove", help="they are signed out within 5 seconds")
    for part, function in ((add, "add"), (password, "password"), (remove, "remove")):
        part.add_argument("--name", required=True)
        part.set_defaults(run=function)


def run(asked: Any, settings: "Settings") -> None:
    """Run the command that was asked for on the store of these settings."""
    from serving.people import managing

    managing.run(getattr(managing, asked.run), asked, settings)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
