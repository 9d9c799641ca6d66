"""The list of the published release as a picture: `python -m tools.screenshot OUT.png`.

The store is that of the settings (REGULARS_STORE_URL); the service it starts for this listens on a
free port of this machine only and ends with the command.
"""

import argparse
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from core.errors import EnvironmentProblem, RegularsError
from serving.app import create_app
from serving.settings import Settings, load_settings
from serving.store.database import check_version, open_store
from serving.store.reading import current
from tools.setup_browser import find_browser

SIZE = {"width": 1440, "height": 900}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]  # as in a container


def main(arguments: list[str] | None = None) -> None:
    """Run the command; an expected error is printed as its message and exits with 1."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshot", description=__doc__)
    parser.add_argument("picture", type=Path, metavar="OUT.png", help="file to write")
    picture = parser.parse_args(arguments).picture
    try:
        browser = find_browser()
        if browser is None:
            raise EnvironmentProblem(
                "There is no Chromium or Chrome here that starts: run "
                ".venv/bin/python tools/setup_browser.py."
            )
        if picture.is_dir():
            raise EnvironmentProblem(f"{picture} is a folder: name a file to write, as list.png.")
        with running(load_settings()) as url:
            take(url, browser, picture)
    except RegularsError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
    print(picture)


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """The address of a service on the store of the settings, in English.

    Raises NoReleaseError where nothing was published, StoreError for a store that cannot be read.
    """
    engine = open_store(settings.store_url)
    try:
        check_version(engine)
        current(engine)
        here = {"allowed_hosts": "127.0.0.1", "language": "en"}
        app = create_app(settings.model_copy(update=here), engine)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
            thread.start()
            try:
                # Connections wait in the socket's queue until the server takes them.
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                # A server that is told to stop before it has started would miss it.
                while not server.started and thread.is_alive():
                    thread.join(0.01)
                server.should_exit = True
                thread.join()
    finally:
        engine.dispose()


def take(url: str, browser: str, picture: Path) -> None:
    """Save what a window of SIZE shows of the page. Raises EnvironmentProblem if it cannot."""
    from playwright.sync_api import Error, sync_playwright

    try:
        with (
            sync_playwright() as playwright,
            playwright.chromium.launch(executable_path=browser, args=ARGUMENTS) as chromium,
            chromium.new_page(viewport=SIZE, color_scheme="light", locale="en-US") as page,
        ):
            answer = page.goto(url)
            if answer is None or not answer.ok:
                raise EnvironmentProblem("The page answers with an error: see `make serve`.")
            taken = page.screenshot(type="png")
    except Error as error:
        raise EnvironmentProblem(f"The browser failed: {error.message.splitlines()[0]}") from None
    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(taken)
    except OSError as error:
        raise EnvironmentProblem(f"Cannot write {picture}: {error.strerror}.") from None


if __name__ == "__main__":
    main()
