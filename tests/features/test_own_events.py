"""Events of the company's own kinds: which give features, under which names, told to whom."""

import numpy as np
import pandas as pd
import pytest

from features.families import own_events
from features.families.own_events import (
    KNOWN,
    MAX_KINDS,
    MIN_CUSTOMERS,
    OwnKind,
    event_features,
    own_kinds,
    parse,
)
from features.snapshot import group_of, model_features, supported
from models.churn.explainer import fit_explainer
from pipelines.reports.summary import data_lines
from serving.wording.languages import LANGUAGES
from serving.wording.sentences import field_label, sentence
from tests.each import check_each
from tests.features.usable import START, Seen, checked, found_in, orders, records
from tests.features.world import LONG, frame, on_duckdb

# The last ends as another feature of another kind would.
ODD = (
    'Просмотр, "акции" [код]',
    "a.b",
    "tier:{level}",
    "<script>",
    "../x/'y",
    "two\nlines",
    "x_count_30d",
    "x_mean",
)


def events(kinds, value=None):
    """One row a customer and kind: `kinds` says how many customers have each."""
    rows = [
        {"customer_id": f"c{number}", "event_time": START, "kind": kind, "value": value}
        for kind, customers in kinds.items()
        for number in range(customers)
    ]
    return frame("events", rows, ["customer_id", "event_time", "kind", "value"])


def kinds_of(kinds, value=None):
    return own_kinds(on_duckdb({"events": events(kinds, value)}))


def test_kinds_that_families_know_are_none_of_the_company_s_own():
    assert kinds_of(dict.fromkeys(KNOWN, 20)) == ()
    assert own_kinds(on_duckdb({"orders": orders()})) == ()


def test_the_most_frequent_kinds_give_features_and_what_is_rare_or_beyond_does_not():
    many = {f"kind {number:02d}": 60 - number for number in range(MAX_KINDS + 2)}
    found = {kind.kind: kind.why_not for kind in kinds_of(many | {"rare": MIN_CUSTOMERS - 1})}
    assert [kind for kind, why in found.items() if why is None] == [*many][:MAX_KINDS]
    assert {kind for kind, why in found.items() if why == "beyond_limit"} == {*[*many][MAX_KINDS:]}
    assert found["rare"] == "rare"


def test_only_a_kind_with_values_has_features_of_values():
    (without,), (having,) = kinds_of({"login": 10}), kinds_of({"login": 10}, 2.5)
    plain, valued = ([f.name for f in event_features([kind])] for kind in (without, having))
    assert plain == [
        "event_login_count_7d",
        "event_login_count_30d",
        "event_login_count_90d",
        "event_login_days_since",
        "event_login_change_30d",
    ]
    assert [name.removeprefix("event_login_") for name in valued[len(plain) :]] == [
        "sum_30d",
        "sum_90d",
        "mean_30d",
        "mean_90d",
        "rise_30d",
    ]


def test_any_name_of_a_kind_is_read_back_from_the_name_of_its_feature():
    def read(kind):
        for feature in event_features([OwnKind(kind, 10, 10, has_value=True)]):
            named = parse(feature.name)
            assert named is not None and named.kind == kind
            assert named.unit == feature.unit
            assert kind in feature.description

    check_each(ODD, read)
    assert parse("orders_30d") is None and parse("event_days") is None


def test_a_feature_is_worded_with_the_kind_s_own_name_in_both_languages():
    values = {"feature": "event_недельное_использование_mean_30d", "value": 3.5}
    assert field_label(values["feature"], "en") == (
        "mean of “недельное использование” in the last 30\xa0days".replace("\xa0", " ")
    )
    russian = sentence("reason.events.up", "ru", **values)
    assert russian.replace("\xa0", " ") == (
        "Среднее «недельное использование» за последние 30 дней: 3,5"
    )

    def labelled(name):
        for language in LANGUAGES:
            assert "«x»" in field_label(name, language) or "“x”" in field_label(name, language)
            text = sentence("reason.events.up", language, feature=name, value=0.3)
            assert text.count(": ") == 1

    names = [f.name for f in event_features([OwnKind("x", 10, 10, has_value=True)])]
    assert {parse(name).statistic for name in names} == {*own_events.STATISTICS}
    check_each(names, labelled)


def test_models_learn_from_them_and_each_kind_is_a_reason_of_its_own():
    names = ["event_a_count_7d", "event_a_days_since", "event_b_count_7d"]
    rows = pd.DataFrame(
        {"churned": [0.0, 1.0], **{name: [1.0, 2.0] for name in ("orders_30d", *names)}}
    )
    assert model_features(rows) == ["orders_30d", *names]
    groups = group_of(model_features(rows))
    assert {groups[name] for name in names} == {"events"}
    rows["customer_id"] = ["a", "b"]
    explainer = fit_explainer(rows, ["orders_30d", *names], groups, 5)
    assert explainer.groups == {
        "frequency": ["orders_30d"],
        "events:a": names[:2],
        "events:b": names[2:],
    }
    assert explainer.shown["events:a"] == names[:2]


def test_a_feature_whose_window_is_longer_than_the_history_is_absent_by_name():
    own = event_features([OwnKind("login", 10, 10, has_value=False)])
    schemas = on_duckdb({"orders": orders(), "events": events({"login": 10})}).schemas
    kept, absent = supported(schemas, 59, (), own)
    names = {feature.name for feature in kept}
    assert {"event_login_count_30d", "event_login_days_since"} <= names
    assert {"event_login_count_90d", "event_login_change_30d"} <= set(absent)
    assert supported(schemas, LONG, (), own)[1].keys().isdisjoint(f.name for f in own)


@pytest.fixture(scope="module")
def report():
    many = {f"kind_{number:02d}": 30 for number in range(MAX_KINDS + 1)}
    rows = events(many | {"seldom": 3, "visit": 30})
    # Spread, so that no feed looks dead.
    rows["event_time"] = START + pd.to_timedelta(np.arange(len(rows)) % 300, "D")
    return found_in(checked(orders=orders(), events=rows))


@pytest.mark.slow
def test_the_usability_report_tells_which_kinds_are_used_in_both_languages(report):
    found = Seen(records(report["findings"]))
    used = found.of("own_kinds")
    assert used["severity"] == "advice" and used["rows"] == MAX_KINDS * 30
    assert "kind_00 (30 rows of 30 customers)" in used["meaning"]
    assert "and 15 more" in used["meaning"]
    not_used = {f["severity"]: f for f in found.findings if f["check"] == "own_kinds_not_used"}
    assert "seldom (3 rows of 3 customers)" in not_used["advice"]["meaning"]
    assert "kind_20 (30 rows" in not_used["warning"]["meaning"]


def test_the_summary_tells_them_too(report):
    manifest = {"source": {"description": "files"}}
    plain = report | {"findings": []}
    lines = [line.strip() for line in data_lines(plain, manifest)]
    (used,) = (line for line in lines if line.startswith("events of your own kinds that give"))
    assert "kind_00 (30)" in used and used.endswith("and 10 more")
    (unused,) = (line for line in lines if line.startswith("events of your own kinds that are not"))
    assert unused.endswith("kind_20 (30), seldom (3)")
    nothing = data_lines(plain | {"own_kinds": []}, manifest)
    assert not [line for line in nothing if "of your own" in line]
