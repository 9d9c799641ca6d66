"""Code of the company's own: run from the folder that params.yaml names, and from nowhere else.

`extensions.folder` names a folder with `features.py` (functions marked `@feature`), `churn.py` (a
class `Churn`), or both, and whatever these import. No saved model, release or store brings code
with it that is run: they hold the sha256 of the code that made them, and whoever loads them needs
the same code in that folder.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from core.errors import ExtensionError
from core.files import digest, sha256_of

FEATURES, CHURN = "features.py", "churn.py"
PACKAGE = "own_code"  # under this name, and the digest of the folder, its modules are imported
WRITTEN_BY_PYTHON = "__pycache__"
# What is wrong with a module, as against what goes wrong in it.
WRONG = (SyntaxError, ImportError, NameError, AttributeError, LookupError, TypeError, ValueError)

_installed: list[Path] = []  # none, or the one folder of this process


def install(folder: Path | None) -> None:
    """Say which folder's code may be run in this process; None: no code."""
    _installed[:] = [] if folder is None else [folder]


def installed() -> Path | None:
    """The folder whose code may be run; None where there is none."""
    return _installed[0] if _installed else None


def same_as(files: Mapping[str, str]) -> Path | None:
    """The folder whose code may be run, once it is that of `files` (sha256 by name).

    `files` is `extensions` of a release's manifest: whoever scores anew with a release needs the
    code that it was made with. None where it was made without any.

    Raises ExtensionError where another code, or none, is installed.
    """
    folder = installed()
    now = {} if folder is None or not files else fingerprint(folder)
    wrong = sorted(name for name in files.keys() | now.keys() if files.get(name) != now.get(name))
    if wrong:
        raise ExtensionError(
            f"The release was made with code of the company's own, and {', '.join(wrong[:3])} are "
            "not installed here as they were. Bring the folder that extensions.folder named then; "
            "a release holds their sha256, and no code."
        )
    return folder if files else None


def fingerprint(folder: Path) -> dict[str, str]:
    """The sha256 of every file in the folder, by its path; byte code and hidden files left out.

    Raises ExtensionError where the folder is not there, or holds neither of the two modules.
    """
    if not any((folder / name).is_file() for name in (FEATURES, CHURN)):
        what = "is no folder" if not folder.is_dir() else f"holds neither {FEATURES} nor {CHURN}"
        raise ExtensionError(
            f"extensions.folder in params.yaml is {folder}, which {what}. Put {FEATURES} (features "
            f"of your own) or {CHURN} (a churn model of your own) there, as docs/extensions.md "
            "shows, or set it to null."
        )
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    relative = {path.relative_to(folder): path for path in files}
    return {
        name.as_posix(): sha256_of(path)
        for name, path in relative.items()
        if WRITTEN_BY_PYTHON not in name.parts and not any(p.startswith(".") for p in name.parts)
    }


def code_digest(folder: Path, name: str) -> str:
    """One sha256 for a module and all it may import: every Python file but the other module."""
    other = {FEATURES: CHURN, CHURN: FEATURES}[name]
    files = fingerprint(folder).items()
    return digest({file: sha for file, sha in files if file.endswith(".py") and file != other})


def load_module(folder: Path, name: str) -> ModuleType | None:
    """Run `features.py` or `churn.py` of the folder; None where it has none.

    The module can import its neighbours (`from . import helpers`). The same code is run once in a
    process. Raises ExtensionError where it cannot be run, with file and line.
    """
    if not (folder / name).is_file():
        return None
    package = f"{PACKAGE}_{code_digest(folder, name)[:12]}"
    module = f"{package}.{name.removesuffix('.py')}"
    if module in sys.modules:
        return sys.modules[module]
    if package not in sys.modules:
        sys.modules[package] = ModuleType(package)
        sys.modules[package].__path__ = [str(folder.resolve())]
    return _run(folder / name, module)


def _run(path: Path, module: str) -> ModuleType:
    """Run a file as a module, without writing byte code beside it."""
    made = ModuleType(module)
    made.__file__, made.__package__ = str(path), module.rpartition(".")[0]
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.modules[module] = made
    try:
        # The file is the user's, in a folder that the user named: nothing else gets here.
        exec(compile(path.read_bytes(), str(path), "exec"), made.__dict__)
    except WRONG as error:
        del sys.modules[module]
        raise ExtensionError(
            f"{path}{_line(error, path)}: {type(error).__name__}: {error}. Mend it and run "
            "`make check-extensions`."
        ) from error
    finally:
        sys.dont_write_bytecode = before
    return made


def _line(error: BaseException, path: Path) -> str:
    """The last line of the file that was running, in words; "" where none was."""
    lines = [error.lineno] if isinstance(error, SyntaxError) and error.lineno else []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return f", line {lines[-1]}" if lines else ""
