"""Features whose last digits would be the processor's own are rounded."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BY_THE_PROCESSOR = {"ln", "log", "log2", "log10", "exp", "sin", "cos", "tan", "pow"}


def unsettled(code):
    """Lines with a logarithm or the like that is neither settled nor cast to a decimal."""
    tree = ast.parse(code)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    inside = {
        id(part)
        for call in calls
        if ast.unparse(call.func) == "settled"
        or (
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "cast"
            and "decimal" in ast.unparse(call.args[0])
        )
        for part in ast.walk(call)
    }
    return [
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in BY_THE_PROCESSOR
        and id(call) not in inside
    ]


def test_every_logarithm_and_angle_of_a_feature_is_settled():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for room in ("families", "history")
        for path in sorted((ROOT / "features" / room).glob("*.py"))
        for line in unsettled(path.read_text(encoding="utf-8"))
    ]
    assert found == [], "wrap these in features.history.settled.settled"


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("(a / b).ln()", [1]),
        ("settled((a / b).ln())", []),
        ('(a * a.ln()).cast("decimal(38, 12)").sum()', []),
        ("x = settled(a)\n1.0 + x.sin()", [2]),
    ],
)
def test_an_unsettled_logarithm_is_found(code, lines):
    assert unsettled(code) == lines
