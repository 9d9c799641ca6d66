"""The commands on keys, as they are typed: `python -m serving.cli keys create|list|revoke`."""

import argparse
from typing import TYPE_CHECKING, Any

from serving.people.scopes import SCOPES

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


def run(asked: Any, settings: "Settings") -> None:
    """Run the command that was asked for on the store of these settings."""
    from serving.people import managing

    managing.run(getattr(managing, asked.run), asked, settings)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
