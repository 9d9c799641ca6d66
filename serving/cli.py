"""Commands of serving: `python -m serving.cli serve|digest|keys|users|audit`.

What a command needs is imported by the command: Ctrl-C ends it without a word while that loads too.
"""

import argparse
import gc
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import NoReleaseError, RegularsError
from serving.people import commands as commands_on_people
from serving.wording.languages import LANGUAGES

if TYPE_CHECKING:
    from serving.settings import Settings

GARBAGE = 20_000  # new objects until the next look; a list of 100 cards has as many


def main(arguments: list[str] | None = None) -> None:
    """Run the command; an expected error is printed as its message and exits with 1."""
    parser = argparse.ArgumentParser(prog="python -m serving.cli", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="API and page, by the settings REGULARS_*")
    serving.add_argument(
        "--read-only", action="store_true", help="write nothing, as with REGULARS_READ_ONLY=true"
    )
    _add_digest(commands)
    commands_on_people.add_commands(commands)
    asked = parser.parse_args(arguments)
    try:
        from serving.settings import load_settings

        settings = load_settings()
        if asked.command == "serve":
            reads = settings.read_only or asked.read_only
            serve(settings.model_copy(update={"read_only": reads}))
        elif asked.command == "digest":
            digest(settings, asked)
        else:
            commands_on_people.run(asked, settings)
    except KeyboardInterrupt:  # interrupted; requests in progress have been answered
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # pressed again, it has nothing left to end
        sys.exit(0)
    except RegularsError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)


def serve(settings: "Settings") -> None:
    """Serve until interrupted. Raises EnvironmentProblem for a port that is taken."""
    from serving.app import create_app
    from serving.people.access import refuse_unguarded
    from serving.server import bound, server_of
    from serving.store.database import check_version, describe, open_store
    from serving.store.reading import current

    listening = bound(settings)
    engine = open_store(settings.store_url, create=False, read_only=settings.read_only)
    check_version(engine)
    refuse_unguarded(engine, settings.host)
    host, port = settings.host, listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    everywhere = host in ("0.0.0.0", "::")
    shown = "127.0.0.1" if everywhere else shown
    print(f"Regulars  http://{shown}:{port}        API: http://{shown}:{port}/docs")
    if everywhere:
        print("          on every address of this machine, under the names")
        print(f"          {', '.join(sorted(settings.hosts))} (REGULARS_ALLOWED_HOSTS)")
    print(f"Store     {describe(engine)}{'; read only' if settings.read_only else ''}")
    try:
        release = current(engine)
        print(f"Release   {release.release_id}, as of {release.as_of_date}", flush=True)
    except NoReleaseError as error:
        print(f"Release   {error} The page says so too until then.", flush=True)
    server = server_of(create_app(settings, engine), settings)
    print("          Ctrl-C ends it", flush=True)
    # What is here stays: else each full look for garbage, which stops everything, goes over it.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    server.run(sockets=[listening])


def _add_digest(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sending = commands.add_parser("digest", help="what changed and what to do today, by mail")
    sending.add_argument("--out", type=Path, help="write files into this folder instead of mail")
    sending.add_argument(
        "--owner", action="append", default=[], help="only of this owner; repeat it for several"
    )
    sending.add_argument("--language", choices=LANGUAGES, help="of all of them")
    sending.add_argument("--again", action="store_true", help="also those that were sent today")


def digest(settings: "Settings", asked: argparse.Namespace) -> None:
    """Send the digests, or write them. Raises MailError where any failed."""
    from serving.pages.digest import Wanted, send_digests
    from serving.store.database import open_store, prepared

    engine = open_store(settings.store_url, read_only=settings.read_only)
    try:
        if not settings.read_only:
            prepared(engine)
        wanted = Wanted(asked.out, asked.owner, asked.language, asked.again)
        for line in send_digests(engine, settings, wanted):
            print(line, flush=True)
    finally:
        engine.dispose()


if __name__ == "__main__":
    main()
