"""Make `.venv` hold what a command needs.

`python3 tools/setup_env.py pipeline | dev | bench | spark | sail` installs that lock of
requirements/ and then the project itself, editable. They only ever add, so any may come first. `uv`
makes only the environment and prints the path of a uv to use. A set that is already there costs one
look at a stamp in `.venv`.

This runs before anything is installed, possibly on a Python too old for the project. So it uses
the standard library alone, in the words Python 3.6 knew: old enough to find a newer one.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
VENV_HOME = VENV / "regulars-home"  # holds the folder that .venv was made in
MINORS = (13, 12, 11)  # of the Python 3 releases that pyproject.toml allows, best first


class SetupError(Exception):
    """What is wrong and what to do; main() adds ", then run the same command again."."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def ask(command: list):
    """What a short command prints (stdout, else stderr), and whether it went well."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=str(ROOT),
            env=dict(os.environ, LC_ALL="C"),  # git's words are looked for below
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        return str(error), False
    return (done.stdout or done.stderr).decode("utf-8", "replace").strip(), done.returncode == 0


def has(python, module: str) -> bool:
    """Whether this Python has the module; it is looked for, not imported."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    return ask([python, "-c", code])[1]


def version_of(python):
    """(3, 12) for a Python that starts; None for anything else, as some managers' shims are."""
    text, well = ask([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    return tuple(int(part) for part in text.split(".")) if well else None


def is_supported(version) -> bool:
    return version is not None and version[0] == 3 and version[1] in MINORS


def choose_python() -> str:
    """The Python to build the environment from: PYTHON if set, this one, or one on the PATH."""
    wanted = os.environ.get("PYTHON")
    if wanted:
        if not is_supported(version_of(wanted)):
            raise SetupError(
                f"PYTHON={wanted} is not a Python 3.11, 3.12 or 3.13 that starts: name another, "
                "or leave PYTHON unset to have one looked for on the PATH"
            )
        return wanted
    if is_supported(sys.version_info[:2]):
        return str(Path(sys.executable).resolve())  # not .venv's own link, which may have to go
    for minor in MINORS:
        name = shutil.which(f"python3.{minor}")
        if name and is_supported(version_of(name)):
            return name
    raise SetupError(
        f"Regulars needs Python 3.11, 3.12 or 3.13, and the PATH has none ({sys.executable} is "
        f"{sys.version_info[0]}.{sys.version_info[1]}): install one, or name one with "
        "PYTHON=/path/to/python3.12"
    )


def check_git() -> None:
    """Raises SetupError where git is missing, or the folder is none of its repositories."""
    if not shutil.which("git"):
        raise SetupError(
            "git is not on the PATH, and DVC works on a git repository: install git (Debian, "
            "Ubuntu: apt-get install git)"
        )
    answer, well = ask(["git", "rev-parse", "--is-inside-work-tree"])
    if "dubious ownership" in answer:
        raise SetupError(
            f"git refuses {ROOT} because it belongs to another user: "
            f"git config --global --add safe.directory {ROOT}"
        )
    if not well:
        raise SetupError(
            f"{ROOT} is not a git repository (downloaded as a zip?), and DVC needs one: "
            "git init && git add -A && git commit -m start"
        )


def check_openmp() -> None:
    """Raises SetupError where the one system library that LightGBM's wheel expects is missing."""
    import ctypes

    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        raise SetupError(
            "LightGBM needs the system library libgomp.so.1, which is not here: install it "
            "(Debian, Ubuntu: apt-get install libgomp1; Fedora: dnf install libgomp)"
        ) from None


def run(command: list, problem: str, env=None) -> None:
    """Runs a long command, showing what it says as it says it; raises SetupError when it fails.

    The names of the packages added are left out: 200 lines that nobody reads.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=str(ROOT),
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said = []
    for line in process.stdout:
        said.append(line.decode("utf-8", "replace"))
        if not line.startswith((b" + ", b" - ", b" ~ ")):
            sys.stderr.buffer.write(line)
            sys.stderr.flush()
    if process.wait() != 0:
        raise SetupError(diagnose("".join(said[-20:])) or problem)


def diagnose(output: str):
    """What to say where the cause of a failure can be read off its last lines, else None."""
    if "No space left" in output:
        return "The disk is full: free about 3 GB"
    if "Permission denied" in output or "Read-only file system" in output:
        return "A folder or file named above cannot be written: give yourself the right to"
    if re.search("hash mismatch|do not match the hashes", output, re.IGNORECASE):
        return (
            "A package is not the one that requirements/ names by its hash, so it was not "
            "installed: check where your registry settings point"
        )
    return None


def make_venv(python: str, uv) -> None:
    """Makes `.venv`, or keeps the one that is there if it still works here."""
    version = version_of(VENV_PYTHON)
    wanted = version_of(python) if os.environ.get("PYTHON") else version
    moved = VENV_HOME.exists() and VENV_HOME.read_text() != str(ROOT)  # scripts name the old place
    if is_supported(version) and version == wanted and not moved:
        return
    if VENV.exists():
        say("Making .venv anew: it is unfinished, was moved, or has another Python.")
        shutil.rmtree(str(VENV))
    if has(python, "venv"):
        command = [python, "-m", "venv", "--without-pip", VENV]
    elif uv:
        command = [uv, "venv", "--python", python, VENV]
    else:
        raise SetupError(
            f"{python} comes without its venv module: install it (Debian, Ubuntu: apt-get "
            "install python3-venv)"
        )
    run(command, f"{python} could not make .venv (see above): name another one with PYTHON=")
    VENV_HOME.write_text(str(ROOT))


def find_pip(python: str):
    """The pip to call for `.venv`: the one of the Python it was made from, or one of its own."""
    if has(python, "pip"):
        return [python, "-m", "pip", "--python", VENV_PYTHON]
    if not has(VENV_PYTHON, "pip") and has(VENV_PYTHON, "ensurepip"):
        ask([VENV_PYTHON, "-m", "ensurepip"])
    if has(VENV_PYTHON, "pip"):
        return [VENV_PYTHON, "-m", "pip"]
    raise SetupError(
        f"{python} has neither ensurepip nor pip, and uv is not on the PATH either: install one "
        "of them (Debian, Ubuntu: apt-get install python3-venv)"
    )


def find_uv(python: str, uv) -> str:
    """The uv on the PATH, or one fetched into `.venv` by pip from a lock with hashes."""
    fetched = VENV / "bin" / "uv"
    if not uv and not fetched.exists():
        lock = ROOT / "requirements" / "uv.txt"
        pip = [*find_pip(python), "--disable-pip-version-check"]
        run([*pip, "install", "-q", "--require-hashes", "-r", lock], unreachable("uv"))
    return uv or str(fetched)


def unreachable(what: str) -> str:
    return (
        f"The package registry could not give us {what} (see above): check the network and what "
        "leads to a registry here (PIP_INDEX_URL, UV_DEFAULT_INDEX, HTTPS_PROXY)"
    )


def uv_environment(python: str) -> dict:
    """uv's settings; where only pip was told of a registry, uv is told too."""
    env = dict(os.environ, UV_PYTHON_DOWNLOADS="never", NO_COLOR="1")
    if "UV_DEFAULT_INDEX" in env:
        return env
    pip = python if has(python, "pip") else VENV_PYTHON
    settings, _ = ask([pip, "-m", "pip", "config", "list"])
    for key, name in (("index-url", "UV_DEFAULT_INDEX"), ("cert", "SSL_CERT_FILE")):
        # pip lists environment variables (":env:.") first, and they come first.
        found = re.search(f"^(?::env:|global|install)\\.{key}='(.*)'", settings, re.MULTILINE)
        if found:
            env.setdefault(name, found.group(1))
    return env


def install(name: str, python: str, uv: str) -> None:
    """Adds one locked set to `.venv`, and the project itself, editable."""
    lock = ROOT / "requirements" / f"{name}.txt"
    env = uv_environment(python)
    add = [uv, "pip", "install", "--python", VENV_PYTHON]
    say(f"Setting up .venv from requirements/{name}.txt (the first time takes a minute or so).")
    # The lock is its own build constraint: a package that comes as source is built with the
    # setuptools named there by its hash, not with whatever is newest.
    locked = ["--require-hashes", "-r", lock, "--build-constraints", lock]
    run([*add, *locked], unreachable(f"what requirements/{name}.txt names"), env)
    run(
        [*add, "--no-deps", "--no-build-isolation", "--editable", ROOT],
        "The project itself could not be installed (see above): mend pyproject.toml",
        env,
    )


def stamp_of(name: str) -> str:
    """Changes whenever the set would: its lock, pyproject.toml, this script, the place."""
    parts = [str(ROOT), os.environ.get("PYTHON", "")]
    for path in (ROOT / "requirements" / f"{name}.txt", ROOT / "pyproject.toml", Path(__file__)):
        parts.append(hashlib.sha256(path.read_bytes()).hexdigest())
    return "\n".join(parts)


def set_up(name: str) -> None:
    """Raises SetupError, or OSError where a file cannot be read or written."""
    check_git()
    stamp = VENV / f"regulars-{name}"
    content = "" if name == "uv" else stamp_of(name)
    if stamp.exists() and stamp.read_text() == content and VENV_PYTHON.exists():
        return
    if name != "uv":
        check_openmp()
    python, uv = choose_python(), shutil.which("uv")
    if uv and VENV in Path(uv).parents:  # an activated .venv, which may have to go
        uv = None
    make_venv(python, uv)
    uv = find_uv(python, uv)
    if name == "uv":
        print(uv)
    else:
        install(name, python, uv)
        stamp.write_text(content)


def main(arguments: list) -> int:
    if arguments not in (["pipeline"], ["dev"], ["bench"], ["spark"], ["sail"], ["uv"]):
        say("usage: python3 tools/setup_env.py pipeline | dev | bench | spark | sail | uv")
        return 2
    try:
        set_up(arguments[0])
    except (SetupError, OSError) as error:
        if isinstance(error, OSError):
            say(str(error))
            error = diagnose(str(error)) or "The file named above is not as it should be: mend it"
        say(f"Set-up stopped. {error}, then run the same command again.")
        return 1
    except KeyboardInterrupt:
        say("Set-up interrupted: the same command goes on where it stopped.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
