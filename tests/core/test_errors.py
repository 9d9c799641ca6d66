"""A name that is not known is answered in one way everywhere."""

import pickle
import subprocess
from pathlib import Path

import pytest

from core.errors import ArtifactError, ShortHistoryError, TooLittleError, did_you_mean, nearest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("horizon_day", ("horizon_days", "step_days"), "horizon_days"),
        ("date", ("customer_id", "order_date"), "order_date"),
        ("date", ("customer_id", "delivered_at"), None),
        ("customer_id", ("CustomerID", "amount"), "CustomerID"),
        ("CUSTOMER", ("customer",), "customer"),
        ("keep", ("kept", "keep_releases"), "keep_releases"),
        ("anything", (), None),
    ],
)
def test_the_nearest_name_is_found_whatever_its_capitals_and_none_where_none_is_near(
    name, known, meant
):
    assert nearest(name, known) == meant


def test_the_question_stands_behind_a_sentence_or_is_left_out():
    assert did_you_mean("budgets", ["budget"]) == " Did you mean budget?"
    assert did_you_mean("xyzzy", ["budget"]) == ""


def test_an_error_of_another_process_says_and_holds_the_same():
    for kind in (TooLittleError, ShortHistoryError):
        error = pickle.loads(pickle.dumps(kind("Too little.", {"days": (1, 2)})))
        assert type(error) is kind and str(error) == "Too little."
        assert error.distance == {"days": (1, 2)}
    assert str(pickle.loads(pickle.dumps(ArtifactError("Torn.")))) == "Torn."


def test_no_module_looks_for_near_names_or_asks_about_them_in_a_way_of_its_own():
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    files = [name for name in listed if not name.startswith("tests/")]
    helper = ["core/errors.py"]
    asking = [
        name
        for name in files
        for text in (
            "difflib",
            "get_close_matches",
            "id you mean",
            "earest: {",
            "the nearest is {near",
        )
        if text in (ROOT / name).read_text(encoding="utf-8")
    ]
    assert sorted({*asking}) == helper
