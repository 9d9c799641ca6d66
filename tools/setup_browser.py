"""Makes sure that browser tests have a browser: `.venv/bin/python tools/setup_browser.py`.

A Chromium or Chrome on the PATH is used, else the one that Playwright downloads, else, for root,
one from the system's package manager. Where one starts already, nothing is fetched. Where there is
none in the end, CI stops here; elsewhere a clear warning is printed, and the browser tests are
skipped.
"""

import os
import re
import shutil
import signal
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PYTHON = sys.executable  # the one of .venv, which has Playwright

# Run in a Python of its own: Playwright's sync API can be started only once in a thread.
WHERE_IS_PLAYWRIGHTS_OWN = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""

# Another apt-get may be running: wait for it, 300 seconds at most.
APT_INSTALL = "apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends chromium"
PACKAGE_MANAGERS = {
    "apt-get": ["apt-get update", APT_INSTALL],
    "dnf": ["dnf install -y chromium"],
}

PATIENCE = "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT"  # milliseconds
# Seconds. A download of 170 MB over a slow line takes minutes, and dpkg is better not cut short.
ANSWER_TIMEOUT = 20
INSTALL_TIMEOUT = 900

NO_BROWSER = """
############################################################################
##  NO BROWSER: there is no Chromium or Chrome here that starts.          ##
##  {outcome:<68}  ##
##                                                                        ##
##  Install one, then run the same command again:                         ##
##    as root on Debian  apt-get install chromium                         ##
##    as root on Fedora  dnf install chromium                             ##
##    elsewhere          .venv/bin/python -m playwright install chromium  ##
############################################################################
"""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def ask(command: list[str], seconds: int, **env: str) -> tuple[str, bool]:
    """What a command prints (stdout and stderr), and whether it succeeded within the time."""
    try:
        process = subprocess.Popen(
            command,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # so that what it started in turn can be ended with it
        )
    except OSError as error:
        return str(error), False
    with process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"{' '.join(command)} took more than {seconds} seconds", False
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
    return output.strip(), process.returncode == 0


def starts(path: str) -> bool:
    """Whether this is a browser that runs here: not a snap's stub, nor one without its libraries.

    A browser answers in the form of "Chromium 141.0.7390.107 built on Debian GNU/Linux 12".
    """
    output, well = ask([path, "--version"], ANSWER_TIMEOUT)
    return well and re.search(r"\b(Chromium|Chrome)\b.* \d+\.", output) is not None


def playwrights_own() -> str | None:
    """The path of Playwright's own Chromium, if it has been downloaded."""
    quiet = {"NODE_NO_WARNINGS": "1", "PYTHONWARNINGS": "ignore"}
    output, well = ask([PYTHON, "-c", WHERE_IS_PLAYWRIGHTS_OWN], ANSWER_TIMEOUT, **quiet)
    return output if well and os.access(output, os.X_OK) else None


def find_browser() -> str | None:
    """The path of a Chromium or Chrome that starts, None if there is none; installs nothing."""
    for name in NAMES:
        path = shutil.which(name)
        if path and starts(path):
            return path
    own = playwrights_own()
    return own if own and starts(own) else None


def download() -> str:
    """Has Playwright download its own Chromium; returns what prevented it, if anything did."""
    say(
        "No browser here yet: downloading Playwright's Chromium (some 170 MB, the first time only)."
    )
    output, well = ask(
        # The shell is a second browser, which is used only where no path is given.
        [PYTHON, "-m", "playwright", "install", "--no-shell", "chromium"],
        INSTALL_TIMEOUT,
        # It tries five times; by default each waits 30 seconds for a host that does not answer.
        **{PATIENCE: os.environ.get(PATIENCE, "10000")},
    )
    if not well:
        return output
    own = playwrights_own()
    # Its system libraries are not included.
    return ask([own, "--version"], ANSWER_TIMEOUT)[0] if own else output


def install_package() -> str:
    """Has the system's package manager install Chromium; returns what prevented it."""
    if os.geteuid() != 0:
        return "The system's package manager was not asked: that needs root."
    for manager, commands in PACKAGE_MANAGERS.items():
        if shutil.which(manager):
            say(f"Installing Chromium with {manager} (some 100 MB, the first time only).")
            for command in commands:
                output, well = ask(
                    command.split(), INSTALL_TIMEOUT, DEBIAN_FRONTEND="noninteractive"
                )
                if not well:
                    return f"{command}\n{output}"
            return f"{manager} installed Chromium, but it does not start."
    return f"None of the package managers known here is on the PATH: {', '.join(PACKAGE_MANAGERS)}."


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


def main() -> int:
    if find_browser():
        return 0
    # The download comes first, as it changes nothing outside the user's cache. Without a network
    # it fails within seconds; what failed is shown only if nothing else helped.
    obstacles = []
    for way in (download, install_package):
        obstacles.append(way())
        browser = find_browser()
        if browser:
            say(f"The browser tests use {browser}.")
            return 0
    for obstacle in obstacles:
        lines = [line for line in obstacle.splitlines() if not line.startswith("    at ")]
        say("\n".join(lines[-12:]))  # without node's stack
    outcome = "In CI that is an error." if in_ci() else "The browser tests will be SKIPPED."
    say(NO_BROWSER.format(outcome=outcome))
    return 1 if in_ci() else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("Set-up interrupted: the same command goes on where it stopped.")
        sys.exit(130)
