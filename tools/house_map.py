"""The map in docs/house.md: every package, room and module with the first line of its docstring.

Rooms and modules are in the order of the import contracts in pyproject.toml, lowest first; those
without a contract come after, by name.
"""

import ast
import re
import tokenize
import tomllib
from pathlib import Path

HOUSE = Path("docs/house.md")
MARK = "<!-- From here on written by `make docs`: change docstrings or pyproject.toml instead. -->"
PYPROJECT = Path("pyproject.toml")
NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING)


def house_page(root: Path, text: str) -> str:
    """The page `text`, with everything below the mark generated from the tree at `root`."""
    if MARK not in text:
        raise SystemExit(
            f"{HOUSE} has lost the line below which its map is written. Put it back:\n{MARK}"
        )
    orders = layer_orders(tomllib.loads((root / PYPROJECT).read_text(encoding="utf-8")))
    packages = [name for tier in orders[""] for name in tier]
    lines = ["", "", f"`{'` < `'.join(packages)}`"]
    for package in packages:
        lines += ["", f"## {package}/", "", first_line(root / package / "__init__.py")]
        if package in orders:
            lines += ["", f"Order: {_tiers(orders[package])}"]
        lines += ["", "| where | what it holds |", "|---|---|"]
        lines += _rows(root, package, orders)
    return text[: text.index(MARK)] + MARK + "\n".join(lines) + "\n"


def layer_orders(pyproject: dict) -> dict[str, list[list[str]]]:
    """The tiers of each folder that has a contract, lowest first.

    Folders are dotted names, "" for the packages; names of one tier are on one line of the contract
    (`a | b` or `a : b`).
    """
    orders = {}
    for contract in pyproject["tool"]["importlinter"]["contracts"]:
        if contract["type"] != "layers":
            continue
        tiers = [
            [name.strip(" ()") for name in re.split(r"[|:]", layer)]
            for layer in reversed(contract["layers"])
        ]
        parents = {name.rpartition(".")[0] for tier in tiers for name in tier}
        if len(parents) > 1:
            raise SystemExit(
                f"The import contract {contract['name']!r} in {PYPROJECT} orders several folders "
                f"at once ({', '.join(sorted(parents))}). Write one contract for each folder."
            )
        names = [[name.rpartition(".")[2] for name in tier] for tier in tiers]
        for container in contract.get("containers", [parents.pop()]):
            orders[container] = names
    return orders


def first_line(file: Path) -> str:
    """The first line of a module's docstring, as a cell of a table takes it; empty without one."""
    with tokenize.open(file) as source:
        code = (t for t in tokenize.generate_tokens(source.readline) if t.type not in NO_CODE)
        first = next(code)
    docstring = ast.literal_eval(first.string) if first.type == tokenize.STRING else ""
    return docstring.partition("\n")[0].replace("|", "\\|")


def _rows(root: Path, folder: str, orders: dict[str, list[list[str]]]) -> list[str]:
    """One row for each module of a folder, given as a dotted name, and for those of its rooms."""
    path = root.joinpath(*folder.split("."))
    ranks = {name: rank for rank, tier in enumerate(orders.get(folder, [])) for name in tier}
    held = [entry for entry in path.iterdir() if entry.suffix == ".py" or any(entry.rglob("*.py"))]
    package = root / folder.partition(".")[0]
    rows = []
    for entry in sorted(held, key=lambda entry: (ranks.get(entry.stem, len(ranks)), entry.stem)):
        inside_package = entry.relative_to(package).as_posix()
        if entry.is_dir():
            name = f"{folder}.{entry.name}"
            if (entry / "__init__.py").exists():
                order = (
                    f" Order: {_tiers(orders[name])}".replace("|", "\\|") if name in orders else ""
                )
                line = f"**{first_line(entry / '__init__.py')}**{order}"
                rows.append(f"| **`{inside_package}/`** | {line} |")
            rows += _rows(root, name, orders)
        elif entry.name != "__init__.py":
            rows.append(f"| `{inside_package}` | {first_line(entry)} |")
    return rows


def _tiers(tiers: list[list[str]]) -> str:
    return " < ".join(" | ".join(f"`{name}`" for name in tier) for tier in tiers)
