"""Erases customers from the store and the pipeline's folders: `python -m pipelines.erase ID …`.

What was made of the source is deleted and not mended: the next run has to make it anew in any case,
without them, since `ingest` leaves them out. Where the source's own rows lie is not touched.
"""

import argparse
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from core.errors import EnvironmentProblem
from pipelines import stage
from pipelines.run import has_remote
from pipelines.tracking.mlflow_process import ARTIFACTS_NAME, STORE_NAME
from serving.people.audit import COMMAND
from serving.settings import load_settings
from serving.store.database import describe, open_store, prepared
from serving.work.erasure import Receipt, erase
from sources.kinds.sql.source import EXTRACTS

DVC = Path(".dvc")
EXAMPLES = ("input_example.json", "serving_input_example.json")  # of models that MLflow keeps
SCANNED = (stage.DATA, stage.REPORTS, stage.ARTIFACTS, Path("store"), Path("plots"))
SHORTEST = 4  # letters of an id that is looked for in files: shorter ones are part of many words


def main(arguments: Sequence[str] | None = None) -> None:
    """Erase the customers that are named.

    Raises EnvironmentProblem where nobody confirms it, StoreError where the store takes no writes.
    """
    parser = argparse.ArgumentParser(prog="python -m pipelines.erase", description=__doc__)
    parser.add_argument("customers", nargs="+", metavar="ID", help="customer_id, as on the card")
    parser.add_argument("--yes", action="store_true", help="do not ask first")
    asked = parser.parse_args(arguments)
    folders = [path for path in derived() if path.exists()]
    _confirm(asked.yes, asked.customers, folders)
    engine = prepared(open_store(load_settings().store_url))
    try:
        for customer in asked.customers:
            _tell(erase(engine, customer, COMMAND))
        stage.say(f"store {describe(engine)}")
    finally:
        engine.dispose()
    for path in folders:
        _delete(path)
    for path in examples_with(asked.customers):
        path.unlink()
        stage.say(f"deleted {path}: an example that held an id")
    stage.say(
        f"deleted, to be made anew by `make run`: {', '.join(map(str, folders)) or 'nothing'}"
    )
    _tell_what_is_left(asked.customers)


def derived() -> Iterator[Path]:
    """Everything that was made of the source's rows and may hold them: folders and files."""
    stages = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for each in stages.values():
        for out in each.get("outs", []):
            path = Path(out if isinstance(out, str) else next(iter(out)))
            if path.parts[0] == stage.DATA.name or path in (stage.USABILITY, stage.USABILITY_PAGE):
                yield path
    yield from (EXTRACTS, cache_folder(), DVC / "tmp" / "exps")


def cache_folder() -> Path:
    """Where DVC keeps copies of what the stages wrote."""
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            return Path(repo.cache.local.path)
    except NotDvcRepoError:
        return DVC / "cache"


def examples_with(customers: Iterable[str]) -> list[Path]:
    """Examples of models in MLflow's folder that hold one of the ids as a value."""
    wanted = [f'"{customer}"' for customer in customers]
    return [
        path
        for path in sorted(Path(ARTIFACTS_NAME).rglob("*.json"))
        if path.name in EXAMPLES and any(one in path.read_text(encoding="utf-8") for one in wanted)
    ]


def files_with(customers: Iterable[str]) -> list[Path]:
    """Files of the project's own folders in which an id still stands as plain text."""
    wanted = [customer.encode() for customer in customers if len(customer) >= SHORTEST]
    folders = (*SCANNED, DVC, Path(ARTIFACTS_NAME))
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    files += [path for path in (Path(STORE_NAME),) if path.exists()]
    return [path for path in files if any(one in path.read_bytes() for one in wanted)]


def _confirm(yes: bool, customers: Sequence[str], folders: Sequence[Path]) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise EnvironmentProblem("Nobody is there to confirm the erasure: add --yes.")
    print(
        f"{len(customers)} customers are erased for good. Deleted, to be made anew by `make run`:"
    )
    print("  " + ", ".join(map(str, folders)))
    if input("Erase? Type yes: ").strip() != "yes":
        raise EnvironmentProblem("Nothing was erased.")


def _tell(receipt: Receipt) -> None:
    stage.say(
        f"receipt {receipt.number}: {receipt.cards} cards of {receipt.releases} releases and "
        f"{receipt.other_rows} other rows are erased"
    )
    if not receipt.is_overwritten:
        stage.say("the store could not be rewritten now: its files may still hold bytes; repeat it")


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _tell_what_is_left(customers: Sequence[str]) -> None:
    for path in files_with(customers):
        stage.say(f"{path} still holds an id as text: look at it, and delete it")
    if has_remote():
        stage.say("DVC's remote keeps copies: `dvc gc --workspace --cloud` after the next run")
    stage.say("the source's own rows, exports and backups are yours to erase: docs/security.md")


if __name__ == "__main__":
    stage.run(main)
