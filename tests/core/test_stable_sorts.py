"""Equal values keep their order: NumPy's quick sorts leave it to the processor's vector unit."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "sources", "features", "models", "actions", "serving", "pipelines")
SORTS = ("argsort", "sort_values")


def unstable_sorts(code):
    """Lines that sort by one key and do not say kind="stable"; by several keys pandas is stable."""
    found = []
    for call in ast.walk(ast.parse(code)):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        keys = named.get("by", call.args[0] if call.args else None)
        several = any(isinstance(what, ast.List) for what in (keys, named.get("ascending")))
        is_stable = ast.unparse(named.get("kind", ast.Constant(None))) == "'stable'"
        if call.func.attr in SORTS and not is_stable and not several:
            found.append(call.lineno)
    return found


@pytest.mark.slow
def test_every_sort_by_one_key_is_stable():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for line in unstable_sorts(path.read_text(encoding="utf-8"))
    ]
    assert found == [], 'pass kind="stable" to these'


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("np.argsort(-p)", [1]),
        ('np.argsort(-p, kind="stable")', []),
        ('cards.sort_values("risk_rank")', [1]),
        ('cards.sort_values(["risk_rank", "customer_id"])', []),
        ('x = 1\nmoney.sort_values(ascending=False, kind="quicksort")', [2]),
    ],
)
def test_an_unstable_sort_is_found(code, lines):
    assert unstable_sorts(code) == lines
