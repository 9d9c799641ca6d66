"""What the code of a stage imports, reads and touches, found without running it."""

import ast
import re
from functools import cache
from pathlib import Path

import pipelines.stage

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "sources", "features", "models", "actions", "serving", "pipelines")
EVERYTHING = "*"  # the whole of params.yaml
FOLDERS = {"DATA", "ARTIFACTS", "REPORTS", "METRICS"}  # hold the outs of several stages


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


@cache
def nodes(file: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(file)))


@cache
def code_of(file: str) -> frozenset[str]:
    """The file and every file of ours that importing it imports, transitively."""
    found, waiting = set(), [file]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _imported(name) + _named(name)
    return frozenset(name for name in found if not _only_a_docstring(name))


@cache
def resources_of(file: str) -> frozenset[str]:
    """Files that are no code and decide what the stage says: templates, style, messages."""
    found: set[str] = set()
    for code in code_of(file):
        for node in ast.walk(tree(code)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {f"serving/static/{node.value}"} & STYLES
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "get_template":
                found |= _template(ast.literal_eval(node.args[0]))
        if code == "serving/wording/writing.py":
            found |= set(_files("serving/wording/messages", "*.yaml"))
    return frozenset(found)


def _template(name: str) -> set[str]:
    """The template and those that it imports, extends or includes."""
    file = ROOT / "serving/templates" / name
    others = re.findall(
        r'{% (?:import|extends|include) "([^"]+)"', file.read_text(encoding="utf-8")
    )
    own = {file.relative_to(ROOT).as_posix()}
    return own.union(*(_template(other) for other in others))


def _files(folder: str, pattern: str) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in (ROOT / folder).glob(pattern)]


STYLES = frozenset(_files("serving/static", "*.css"))


@cache
def _imported(file: str) -> list[str]:
    files: list[str] = []
    for node in nodes(file):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from features import rfm` imports a module, `from features.rfm import orders` a name.
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            files += _files_of(name)
    return files


@cache
def _named(file: str) -> list[str]:
    """Files of ours that a string names, as f"pipelines/tracking/logged_{name}.py" does."""
    found: list[str] = []
    for node in nodes(file):
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "*" for p in node.values]
            pattern = "".join(map(str, parts))
            if pattern.startswith(tuple(f"{package}/" for package in PACKAGES)):
                found += [path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern)]
    return found


def _files_of(module: str) -> list[str]:
    """The module's file, and the __init__.py of every package around it."""
    parts = module.split(".")
    if parts[0] not in PACKAGES:
        return []
    around = ["/".join([*parts[:end], "__init__.py"]) for end in range(1, len(parts) + 1)]
    candidates = [*around, "/".join(parts) + ".py"]
    return [file for file in candidates if (ROOT / file).is_file()]


@cache
def _only_a_docstring(file: str) -> bool:
    body = tree(file).body
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)


@cache
def params_read(files: frozenset[str]) -> set[str]:
    """Dotted keys of params.yaml that these files read, as far as attributes follow load_params().

    EVERYTHING where the parameters are used whole.
    """
    return {key for file in files for key in _params_read(file)}


@cache
def _params_read(file: str) -> frozenset[str]:
    if not any(_is_name(node, "load_params") for node in nodes(file)):
        return frozenset()
    parent = {child: node for node in nodes(file) for child in ast.iter_child_nodes(node)}
    found = set()
    whole = set()  # names that hold all parameters
    for node in nodes(file):
        if not (isinstance(node, ast.Call) and _is_name(node.func, "load_params")):
            continue
        chain, top = _attributes(node, parent)
        holder = parent[top]
        if chain:
            found.add(_key(chain))
        elif isinstance(holder, ast.Assign) and isinstance(holder.targets[0], ast.Name):
            whole.add(holder.targets[0].id)
        elif not isinstance(holder, ast.Expr):
            found.add(EVERYTHING)
    for node in nodes(file):
        if isinstance(node, ast.Name) and node.id in whole and isinstance(node.ctx, ast.Load):
            chain, _ = _attributes(node, parent)
            found.add(_key(chain) if chain else EVERYTHING)
    return frozenset(found)


def _key(chain: list[str]) -> str:
    return EVERYTHING if chain[0] == "model_dump" else ".".join(chain)


def _attributes(node: ast.AST, parent: dict) -> tuple[list[str], ast.AST]:
    """`x.a.b` for x: the names a, b, and the outermost node; a method call ends the chain."""
    chain: list[str] = []
    while isinstance(parent[node], ast.Attribute):
        node = parent[node]
        chain.append(node.attr)
    return chain, node


@cache
def paths_touched(file: str) -> set[str]:
    """Paths of pipelines.stage that the file uses, or that functions it takes from others use."""
    module = tree(file)
    touched, joined = _constants(module), _joined(module)
    for node in module.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipelines."):
            name = (node.module or "").replace(".", "/") + ".py"
            if name.endswith("_parts.py"):  # what the stage does for each part of the customers
                joined = joined | paths_touched(name)
            other = tree(name)
            wanted = {alias.name for alias in node.names}
            for part in other.body:
                if isinstance(part, ast.FunctionDef) and part.name in wanted:
                    touched |= _constants(part)
    values = {name: getattr(pipelines.stage, name) for name in touched - FOLDERS}
    return joined | {value.as_posix() for value in values.values() if isinstance(value, Path)}


def _joined(module: ast.Module) -> set[str]:
    """Paths as `stage.DATA / "track.json"`, which have no name; hidden ones are left out."""
    return {
        (getattr(pipelines.stage, node.left.attr) / str(node.right.value)).as_posix()
        for node in ast.walk(module)
        if isinstance(node, ast.BinOp)
        and isinstance(node.left, ast.Attribute)
        and node.left.attr in FOLDERS
        and isinstance(node.right, ast.Constant)
        and not str(node.right.value).startswith(".")
    }


def _constants(node: ast.AST) -> set[str]:
    """Names used as `stage.NAME`, and those inside functions used as `stage.name()`."""
    used = {
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and _is_name(part.value, "stage")
    }
    for part in tree("pipelines/stage.py").body:
        if isinstance(part, ast.FunctionDef) and part.name in used:
            inner = {name.id for name in ast.walk(part) if isinstance(name, ast.Name)}
            used |= {name for name in inner if name.isupper() and name != "FULL"}
    return used


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
