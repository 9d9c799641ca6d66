"""The pages that the guide shows as pictures: `python -m tools.screenshot docs/images`.

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
from typing import Any

import uvicorn

from core.errors import EnvironmentProblem, RegularsError
from serving.app import create_app
from serving.settings import Settings, load_settings
from serving.store.database import check_version, open_store
from serving.store.reading import current
from tools.setup_browser import find_browser

SIZE = {"width": 1440, "height": 900}
FIRST = "#first"  # of a list: its first customer's page
PAGES = {
    "worklist": "/",
    "customer": f"/?to_contact=true{FIRST}",
    "overview": "/overview",
    "plan": "/plan",
    "missed": "/missed",
}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]  # as in a container


def main(arguments: list[str] | None = None) -> None:
    """Run the command; an expected error is printed as its message and exits with 1."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshot", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write a PNG of each page")
    folder = parser.parse_args(arguments).folder
    try:
        browser = find_browser()
        if browser is None:
            raise EnvironmentProblem(
                "There is no Chromium or Chrome here that starts: run "
                ".venv/bin/python tools/setup_browser.py."
            )
        if folder.exists() and not folder.is_dir():
            raise EnvironmentProblem(f"{folder} is a file: name a folder, as docs/images.")
        with running(load_settings()) as url:
            pictures = take(url, browser)
        written(folder, pictures)
    except RegularsError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
    print(*(folder / f"{name}.png" for name in pictures), sep="\n")


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


def take(url: str, browser: str) -> dict[str, bytes]:
    """What a window of SIZE shows of each page, by name. Raises EnvironmentProblem if it cannot."""
    from playwright.sync_api import Error, sync_playwright

    try:
        with (
            sync_playwright() as playwright,
            playwright.chromium.launch(executable_path=browser, args=ARGUMENTS) as chromium,
            chromium.new_page(viewport=SIZE, color_scheme="light", locale="en-US") as page,
        ):
            return {name: _picture(page, url + path) for name, path in PAGES.items()}
    except Error as error:
        raise EnvironmentProblem(f"The browser failed: {error.message.splitlines()[0]}") from None


def _picture(page: Any, address: str) -> bytes:
    """The page at an address; of a customer that of the first to be contacted."""
    answer = page.goto(address.removesuffix(FIRST))
    if answer is not None and answer.ok and address.endswith(FIRST):
        answer = page.goto(page.locator(".list tbody th a").first.evaluate("link => link.href"))
    if answer is None or not answer.ok:
        raise EnvironmentProblem(f"{address} answers with an error: see `make serve`.")
    return bytes(page.screenshot(type="png"))


def written(folder: Path, pictures: dict[str, bytes]) -> None:
    """Write the pictures. Raises EnvironmentProblem where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            (folder / f"{name}.png").write_bytes(picture)
    except OSError as error:
        raise EnvironmentProblem(f"Cannot write {folder}: {error.strerror}.") from None


if __name__ == "__main__":
    main()
