"""Commands of serving: `python -m serving.cli serve`."""

import argparse
import errno
import socket
import sys

import uvicorn

from core.errors import EnvironmentProblem, NoReleaseError, RegularsError
from serving.app import create_app
from serving.settings import Settings, load_settings
from serving.store.database import check_version, describe, open_store
from serving.store.reading import current


def main(arguments: list[str] | None = None) -> None:
    """Run the command; an expected error is printed as its message and exits with 1."""
    parser = argparse.ArgumentParser(prog="python -m serving.cli", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="API and page, by the settings REGULARS_*")
    parser.parse_args(arguments)
    try:
        serve(load_settings())
    except KeyboardInterrupt:  # interrupted; requests in progress have been answered
        sys.exit(0)
    except RegularsError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)


def serve(settings: Settings) -> None:
    """Serve until interrupted. Raises EnvironmentProblem for a port that is taken."""
    listening = _bound(settings)
    engine = open_store(settings.store_url, create=False)
    check_version(engine)
    host, port = settings.host, listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    everywhere = host in ("0.0.0.0", "::")
    shown = "127.0.0.1" if everywhere else shown
    print(f"Regulars  http://{shown}:{port}        API: http://{shown}:{port}/docs")
    if everywhere:
        print("          on every address of this machine, without log-in, under the names")
        print(f"          {', '.join(sorted(settings.hosts))} (REGULARS_ALLOWED_HOSTS)")
    print(f"Store     {describe(engine)}")
    try:
        release = current(engine)
        print(f"Release   {release.release_id}, as of {release.as_of_date}", flush=True)
    except NoReleaseError as error:
        print(f"Release   {error} The page says so too until then.", flush=True)
    config = uvicorn.Config(
        create_app(settings, engine),
        log_level="warning",
        server_header=False,
        access_log=False,
        timeout_graceful_shutdown=5,  # a download that nobody reads must not keep the process alive
    )
    print("          Ctrl-C ends it", flush=True)
    uvicorn.Server(config).run(sockets=[listening])


def _bound(settings: Settings) -> socket.socket:
    """The socket to listen on, taken before anything else is done."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(1)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise EnvironmentProblem(
                f"Port {settings.port} of {settings.host} is taken, perhaps by another "
                "`make serve`: end that, or choose another with REGULARS_PORT=8001 make serve."
            ) from None
        raise EnvironmentProblem(
            f"Cannot listen on {settings.host}, port {settings.port} ({error.strerror}): check "
            "REGULARS_HOST and REGULARS_PORT."
        ) from None
    return listening


if __name__ == "__main__":
    main()
