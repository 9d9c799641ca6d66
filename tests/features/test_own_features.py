"""Features of the company's own code: read from its folder, checked, and told by their labels."""

import importlib.util
import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from core import own_code
from core.errors import ExtensionError
from features.checking.company import company, frames_of
from features.checking.own_features import (
    AVAILABLE,
    BLIND,
    LIVE,
    ON_SPARK,
    ONE_EACH,
    REPEATS,
    VARIES,
    WRITTEN,
    check_features,
    difference,
)
from features.families.own_features import own_features, wordings
from features.snapshot import dictionary, group_of, model_features, supported
from models.churn.comparisons import Comparisons
from models.churn.explainer import fit_explainer
from models.churn.reason_rows import restored, stored
from models.churn.reasons import Explainer
from serving.wording.sentences import field_label, sentence
from tests.features.world import LONG, on_duckdb

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "logistic"
HEAD = """
import ibis
from features.families.definition import feature
from features.timeline import within
"""
# Broken on purpose: what is wrong with it, and the promise that it breaks.
BROKEN = {
    "two rows for each customer": (
        ONE_EACH,
        '@feature(base="events", unit="days")\n'
        'def twice(events):\n    """Twice."""\n    return events.ago.collect().unnest()',
    ),
    "sees the end of the data": (
        BLIND,
        '@feature(base="events", unit="days")\n'
        'def peeks(events):\n    """Peeks."""\n    return events.data_until.max()',
    ),
    "reads the uncut rows by their name": (
        BLIND,
        '@feature(base="events", unit="times")\ndef peeks(events):\n    """Peeks."""\n'
        '    raw = ibis.table({"happened": "int64"}, name="event_days")\n'
        "    return events.happened.sum() + raw.happened.sum().as_scalar()",
    ),
    "no aggregate": (
        ONE_EACH,
        '@feature(base="events", unit="days")\n'
        'def plain(events):\n    """Plain."""\n    return events.ago',
    ),
    "another value each time": (
        REPEATS,
        '@feature(base="events", unit="times")\n'
        'def chance(events):\n    """Chance."""\n    return ibis.random() * events.happened.sum()',
    ),
    "by the order of the rows": (
        REPEATS,
        '@feature(base="events", unit="days")\n'
        'def first(events):\n    """First."""\n    return events.ago.first()',
    ),
    "divides by nothing": (
        ONE_EACH,
        '@feature(base="events", unit="times")\ndef endless(events):\n    """Endless."""\n'
        '    return events.happened.sum() / (events.happened.sum() * 0).cast("float64")',
    ),
    "text for a number": (
        ONE_EACH,
        '@feature(base="events", unit="times")\n'
        'def words(events):\n    """Words."""\n    return events.kind.max()',
    ),
    "a column that is not there": (
        AVAILABLE,
        '@feature(base="events", unit="times", needs=("valeu",))\n'
        'def lacks(events):\n    """Lacks a column."""\n    return events.valeu.sum()',
    ),
    "hardly a word about it": (
        WRITTEN,
        '@feature(base="events", unit="times")\n'
        'def bare(events):\n    """B."""\n    return events.happened.sum()',
    ),
}


def folder_of(tmp_path, text):
    folder = tmp_path / "own"
    folder.mkdir(exist_ok=True)
    (folder / "features.py").write_text(HEAD + text + "\n", encoding="utf-8")
    return folder


def failed(outcomes):
    return {outcome.promise: outcome.says for outcome in outcomes if outcome.passed is False}


@pytest.mark.slow
@pytest.mark.parametrize("what", BROKEN)
def test_a_feature_that_breaks_a_promise_is_caught_by_it(what, tmp_path):
    promise, text = BROKEN[what]
    found = failed(check_features(own_features(folder_of(tmp_path, text))))
    assert promise in found, found
    assert found[promise]


@pytest.mark.slow
def test_the_example_keeps_every_promise_and_spark_is_said_not_to_be_tried():
    outcomes = list(check_features(own_features(EXAMPLE)))
    assert failed(outcomes) == {}
    tried = {outcome.promise for outcome in outcomes if outcome.passed}
    assert tried >= {WRITTEN, AVAILABLE, ONE_EACH, REPEATS, BLIND, LIVE, VARIES}
    assert {o.passed for o in outcomes if o.promise == ON_SPARK} == {None}


@pytest.mark.slow
def test_on_another_engine_the_last_digits_may_differ_and_no_more(tmp_path):
    text = (
        '@feature(base="events", unit="times")\n'
        'def some(events):\n    """Some events."""\n    return events.happened.sum()'
    )
    features = own_features(folder_of(tmp_path, text))
    same = check_features(features, spark=lambda tables: on_duckdb_tables(tables))
    assert [o.passed for o in same if o.promise == ON_SPARK] == [True]
    table = pd.DataFrame({"customer_id": ["a", "b"], "x": [0.1 + 0.2, None]})
    other = table.assign(x=[0.3, None])
    assert difference(table, other, exact=False) == ""
    assert "differs for 1 of 2 customers, first a" in difference(table, other)
    assert difference(table, table.head(1)) == "2 customers against 1"


def on_duckdb_tables(tables):
    return on_duckdb({name: rows.to_pandas() for name, rows in tables.items()})


@pytest.mark.slow
def test_a_kind_of_the_company_s_own_events_is_among_those_tried(tmp_path):
    text = (
        '@feature(base="events", unit="lessons", when_none=0)\ndef lessons(events):\n'
        '    """Lessons taken."""\n    return events.happened.sum(where=events.kind == "lesson")'
    )
    features = own_features(folder_of(tmp_path, text))
    varies = {
        kinds: next(o.passed for o in check_features(features, kinds) if o.promise == VARIES)
        for kinds in ((), ("lesson",))
    }
    assert varies == {(): None, ("lesson",): True}


def test_a_feature_of_one_s_own_has_a_name_that_ours_never_take_and_a_label_in_each_language():
    gap, *evening = own_features(EXAMPLE)
    assert [f.name for f in evening] == ["own_evening_orders_30d", "own_evening_orders_90d"]
    assert gap.name == "own_longest_gap" and gap.group == "own" and gap.family == "own_features"
    assert gap.label["ru"] == "самый длинный перерыв между покупками"
    # Without a label it is the docstring.
    assert evening[0].label["ru"] == "purchases made in the evening, in the last 30 days"
    assert own_features(None) == ()
    told = dictionary([gap], {})["features"][0]
    assert told["label"] == dict(gap.label) and "Longest time" in told["description"]


def test_models_learn_from_it_and_its_reason_is_worded_by_its_label():
    features = own_features(EXAMPLE)
    names = [f.name for f in features]
    rows = pd.DataFrame({"churned": [0.0, 1.0], **{name: [1.0, 2.0] for name in names}})
    assert model_features(rows) == names
    rows["customer_id"] = ["a", "b"]
    explainer = fit_explainer(rows, names, group_of(names), 5, wordings(features))
    assert explainer.groups["own:own_longest_gap"] == ["own_longest_gap"]
    said = {"value": 2.0, "typical_value": 1.0, "typical_of": "all", "own_usual": None}
    reason = explainer._reason(["own:own_longest_gap"], "own_longest_gap", said, 0.7)
    kept = restored(json.loads(json.dumps(stored(reason))))
    russian = sentence(kept["message_key"], "ru", **kept)
    assert re.sub(r"\s", " ", russian) == (
        "Самый длинный перерыв между покупками: 2 дня; у тех, кто остаётся, обычно 1 день"
    )
    assert sentence("reason.own.down", "en", **kept).startswith("Longest pause between purchases")
    assert field_label("own_longest_gap", "en") == "longest gap"


def test_the_wording_is_saved_with_the_reasons_and_only_where_there_is_any(tmp_path):
    told = wordings(own_features(EXAMPLE))
    plain = Explainer({}, {}, Comparisons({}, {}), 5)
    for explainer in (plain, replace(plain, wording=told)):
        explainer.save(tmp_path)
        assert Explainer.load(tmp_path) == explainer
        content = json.loads((tmp_path / "reasons.json").read_text("utf-8"))
        assert ("wording" in content) == bool(explainer.wording)


def test_a_window_longer_than_the_history_is_absent_by_name():
    features = own_features(EXAMPLE)
    schemas = on_duckdb(frames_of(company(random.Random(1), 5))).schemas
    kept, absent = supported(schemas, 60, (), features)
    assert {"own_longest_gap", "own_evening_orders_30d"} <= {f.name for f in kept}
    assert "own_evening_orders_90d" in absent
    assert supported(schemas, LONG, (), features)[0][-3:] == features


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:", r"features\.py, line 5: SyntaxError"),
        ("import not_there_at_all", r"features\.py, line 5: ModuleNotFoundError"),
        ('@feature(base="event", unit="x")\ndef f(t):\n    """F."""', r"line 5: ValueError: base"),
        ('@feature(base="events", unit="x")\ndef f(t):\n    return 1', "has no docstring"),
        ("x = 1", "defines no feature"),
        ("from features.families.rfm import orders_total", "defines no feature"),
        (
            '@feature(base="events", unit="x", label={"de": "y"})\ndef f(t):\n    """Ff."""',
            "label in de; labels are read in en and ru",
        ),
        (
            '@feature(base="events", unit="x", windows=(30,))\ndef f(t, w):\n    """Ff."""\n'
            '@feature(base="events", unit="x")\ndef f_30d(t):\n    """Ff."""',
            "defines own_f_30d more than once",
        ),
    ],
)
def test_code_that_cannot_be_used_is_refused_with_file_and_line(text, said, tmp_path):
    with pytest.raises(ExtensionError, match=said):
        own_features(folder_of(tmp_path, text))


def test_a_module_imports_its_neighbours_and_leaves_no_byte_code(tmp_path):
    text = "from . import helper\n"
    text += (
        '@feature(base="events", unit="x")\ndef f(t):\n    """Says more."""\n    return helper.X'
    )
    folder = folder_of(tmp_path, text)
    (folder / "helper.py").write_text("X = 1\n")
    assert own_features(folder)[0].name == "own_f"
    assert {path.name for path in folder.rglob("*")} == {"features.py", "helper.py"}


def test_the_fingerprint_is_of_every_file_and_a_changed_one_is_run_anew(tmp_path):
    text = '@feature(base="events", unit="{}")\ndef f(t):\n    """Says more."""\n    return t.ago'
    folder = folder_of(tmp_path, text.format("a"))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_bytes(b"")
    (folder / "weights.json").write_text("{}")
    before = own_code.fingerprint(folder)
    assert set(before) == {"features.py", "weights.json"}
    assert own_features(folder)[0].unit == "a"
    folder_of(tmp_path, text.format("b"))
    assert own_features(folder)[0].unit == "b"
    assert own_code.fingerprint(folder)["features.py"] != before["features.py"]


@pytest.mark.parametrize("made", [False, True])
def test_a_folder_without_code_is_refused_by_name(made, tmp_path):
    folder = tmp_path / "own"
    if made:
        folder.mkdir()
    with pytest.raises(ExtensionError, match=f"{folder}, which (is no folder|holds neither)"):
        own_code.fingerprint(folder)


def test_the_examples_are_code_that_runs_once_what_they_import_is_there():
    for file in (ROOT / "docs" / "examples").rglob("*.py"):
        compile(file.read_text(encoding="utf-8"), str(file), "exec")
    if importlib.util.find_spec("catboost") is None:
        with pytest.raises(ExtensionError, match="No module named 'catboost'"):
            own_code.load_module(ROOT / "docs" / "examples" / "catboost", "churn.py")
