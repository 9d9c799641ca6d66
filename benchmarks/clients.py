"""Makes clients of the served OpenAPI document, compiles them, and calls the service with them.

`make clients`: ten generators for six languages. Where a compiler or a package registry is missing
the row says so. Prints a table and writes benchmarks/out/clients.json; ends with an error where a
generator, a compiler or a call fails.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.environments import python_of
from serving.store.database import open_store
from serving.store.publishing import publish
from tests.serving.conftest import Running
from tests.serving.releases import company, write_release

ROOT = Path(__file__).resolve().parent.parent
TYPESCRIPT = ROOT / "benchmarks" / "typescript" / "package.json"
OUT = ROOT / "benchmarks" / "out" / "clients.json"
OK, NOT_HERE = "yes", "not here"
SECONDS = 600
# What a caller of a generated Python client writes; prints the risk, and the columns of the CSV.
OPENAPI_PYTHON_CLIENT = """
from regulars_client import Client
from regulars_client.api.customers import export_at_risk, get_score_card, list_at_risk
client = Client(base_url=URL)
card = get_score_card.sync("00002", client=client)
page = list_at_risk.sync(client=client, limit=3)
text = export_at_risk.sync_detailed(client=client, owner="Anna").content.decode()
print(card.churn_risk, len(page.customers), text.partition(",")[0])
"""
OPENAPI_GENERATOR = """
from regulars_client import ApiClient, Configuration, CustomersApi
api = CustomersApi(ApiClient(Configuration(host=URL)))
card = api.get_score_card("00002")
page = api.list_at_risk(limit=3)
text = api.export_at_risk(owner="Anna")
print(card.churn_risk, len(page.customers), text.partition(",")[0])
"""


@dataclass
class Row:
    """What became of one generator."""

    generator: str
    language: str
    files: int = 0
    generated: str = ""
    compiled: str = NOT_HERE
    called: str = ""

    @property
    def failed(self) -> bool:
        """Whether something that was tried went wrong."""
        return any(
            said not in ("", OK, NOT_HERE) for said in (self.generated, self.compiled, self.called)
        )


def main() -> None:
    """Generate, compile and call; print the table and write it down."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = open_store(f"sqlite:///{folder}/store/regulars.sqlite3")
        publish(write_release(folder / "release", company()), engine, keep=2)
        with Running(engine) as service:
            document = folder / "openapi.json"
            document.write_bytes(service.get("/openapi.json").body)
            rows = [*_python(folder, document, service.url), *_others(folder, document)]
            rows += _typescript(folder, document)
        engine.dispose()
    print(f"{'generator':35}{'language':12}{'files':>6}  {'generated':11}{'compiled':11}called")
    for row in rows:
        print(
            f"{row.generator:35}{row.language:12}{row.files:6}  "
            f"{row.generated:11}{row.compiled:11}{row.called}"
        )
    OUT.parent.mkdir(parents=True, exist_ok=True)
    content = {"rows": [asdict(row) for row in rows]}
    OUT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if any(row.failed for row in rows):
        sys.exit(1)


def _python(folder: Path, document: Path, url: str) -> list[Row]:
    """Both Python clients: made, compiled, and asked for a card, a page and a file."""
    python = python_of("clients")
    rows = []
    for name, code, command in (
        (
            "openapi-python-client",
            OPENAPI_PYTHON_CLIENT,
            ["generate", "--path", str(document), "--meta", "none", "--overwrite"],
        ),
        (
            "openapi-generator python",
            OPENAPI_GENERATOR,
            ["generate", "-i", str(document), "-g", "python"],
        ),
    ):
        row, target = Row(name, "Python"), folder / name.replace(" ", "-")
        if name == "openapi-python-client":
            program = python.with_name("openapi-python-client")
            arguments = [*command, "--output-path", str(target / "regulars_client")]
        else:
            program = python.with_name("openapi-generator-cli")
            package = "--additional-properties=packageName=regulars_client"
            arguments = [*command, "-o", str(target), package]
        target.mkdir()
        row.generated = _run([str(program), *arguments], target)
        row.files = len(list(target.rglob("*.py")))
        row.compiled = _run([str(python), "-m", "compileall", "-q", str(target)], target)
        row.called = _run([str(python), "-c", f"URL = {url!r}\n{code}"], target, _is_right)
        rows.append(row)
    return rows


def _others(folder: Path, document: Path) -> list[Row]:
    """The clients of openapi-generator in other languages, compiled where that needs no library."""
    program = python_of("clients").with_name("openapi-generator-cli")
    rows = []
    for name, language, ending in (
        ("typescript-fetch", "TypeScript", "ts"),
        ("java", "Java", "java"),
        ("go", "Go", "go"),
        ("csharp", "C#", "cs"),
        ("php", "PHP", "php"),
    ):
        row, target = Row(f"openapi-generator {name}", language), folder / name
        command = [str(program), "generate", "-i", str(document), "-g", name, "-o", str(target)]
        row.generated = _run(command, folder)
        files = sorted(target.rglob(f"*.{ending}"))
        row.files = len(files)
        if name == "go" and shutil.which("go"):
            row.compiled = _run(["go", "vet", "./..."], target)
        elif name == "php" and shutil.which("php"):
            row.compiled = next(
                (s for f in files if (s := _run(["php", "-l", str(f)], target)) != OK), OK
            )
        elif name == "csharp" and shutil.which("dotnet"):
            row.compiled = _run(["dotnet", "build"], target)
        rows.append(row)
    return rows


def _typescript(folder: Path, document: Path) -> list[Row]:
    """The clients of TypeScript's own generators, checked by its compiler in strict mode."""
    here = folder / "npm"
    here.mkdir()
    shutil.copy(TYPESCRIPT, here)
    rows = [
        Row("openapi-typescript", "TypeScript"),
        Row("@hey-api/openapi-ts", "TypeScript"),
        Row("swagger-typescript-api", "TypeScript"),
    ]
    if not shutil.which("npm") or _run(["npm", "install", "--silent"], here) != OK:
        for row in rows:
            row.generated = NOT_HERE
        return rows
    bin_, source = here / "node_modules" / ".bin", str(document)
    commands = (
        [str(bin_ / "openapi-typescript"), source, "-o", "types/index.ts"],
        [str(bin_ / "openapi-ts"), "-i", source, "-o", "hey", "-c", "@hey-api/client-fetch"],
        [
            str(bin_ / "swagger-typescript-api"),
            "generate",
            "-p",
            source,
            "-o",
            "api",
            "-n",
            "index.ts",
        ],
    )
    check = [str(bin_ / "tsc"), "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022"]
    check += ["--module", "esnext", "--moduleResolution", "bundler", "--types", "node"]
    for row, command, target in zip(rows, commands, ("types", "hey", "api"), strict=True):
        row.generated = _run(command, here)
        row.files = len(list((here / target).rglob("*.ts")))
        row.compiled = _run([*check, f"{target}/index.ts"], here)
    return rows


def _is_right(said: str) -> bool:
    """Whether a client printed a probability, the three of a page, and the first column."""
    risk, customers, column = said.split()
    return 0 < float(risk) < 1 and (customers, column) == ("3", "customer_id")


def _run(command: list[str], here: Path, is_right: Callable[[str], bool] | None = None) -> str:
    """OK, or why not: the last line that the command said."""
    done = subprocess.run(
        command, cwd=here, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    said = (done.stderr or done.stdout).strip().splitlines()
    if done.returncode:
        return said[-1][:200] if said else f"ended with {done.returncode}"
    if is_right is not None and not is_right(done.stdout):
        return f"said {done.stdout[:200]!r}"
    return OK


if __name__ == "__main__":
    main()
