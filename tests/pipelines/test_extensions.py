"""Code of the company's own on the whole road: from params.yaml to the page, and never stale."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from core import own_code
from core.errors import ExtensionError, ParamsError
from core.files import read_json, write_json
from features.families.own_features import own_features
from features.live import LiveFeatures
from pipelines import check_extensions, reading, stage
from pipelines.params import load_params
from pipelines.reports.card_own import own_code_text
from pipelines.reports.summary import churn_lines
from serving.store.database import open_store
from sources.contract import TABLES
from tests.features.test_own_features import EXAMPLE, HEAD
from tests.features.world import arrow, day, timeline_at
from tests.models.test_own_churn import CLASS
from tests.pipelines.roads import through
from tests.serving.conftest import Running
from tests.synthetic import Shop, tables

SHOP = tables(Shop())
LESSONS = """
@feature(base="events", unit="lessons", windows=(30,), when_none=0, label={"ru": "уроков"})
def lessons(events, window):
    \"\"\"Lessons taken in the last {window} days.\"\"\"
    return events.happened.sum(where=(events.kind == "lesson") & within(events.ago, window))
"""


@pytest.fixture(autouse=True)
def nothing_installed():
    yield
    own_code.install(None)


def with_lessons():
    """The shop, whose customers take a lesson a week before each purchase."""
    orders = SHOP["orders"]
    events = pd.DataFrame(
        {
            "customer_id": orders["customer_id"],
            "event_time": pd.to_datetime(orders["event_time"]) - pd.Timedelta(days=7),
            "kind": "Lesson",
            "value": 1.5,
        }
    )
    return SHOP | {"events": events.drop_duplicates(["customer_id", "event_time"])}


def own_folder(folder):
    folder.mkdir()
    shutil.copy(EXAMPLE / "churn.py", folder)
    (folder / "features.py").write_text(HEAD + LESSONS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    code = own_folder(folder / "code")
    ended = through(folder / "run", with_lessons(), {"extensions": {"folder": str(code)}})
    assert ended.through, ended.error + ended.crash
    return ended


@pytest.mark.slow
def test_own_features_kinds_and_model_are_on_the_card_of_the_model_and_in_the_release(road):
    features = read_json(road.release / "reports" / "features.json")["features"]
    told = {one["name"]: one for one in features}
    assert told["own_lessons_30d"]["label"]["ru"] == "уроков"
    assert {"event_lesson_count_30d", "event_lesson_sum_30d"} <= set(told)
    card = (road.folder / "reports" / "model_card.md").read_text("utf-8")
    assert "Lessons taken in the last 30 days." in card
    assert "The company's own model has" in card  # a part of the log odds
    assert "code/churn.py` (Logistic regression on all numbers" in card
    evaluation = read_json(road.release / "reports" / "evaluation.json")
    assert "the churn model is your own: class Churn of" in "\n".join(churn_lines(evaluation))
    manifest = read_json(road.release / "manifest.json")
    assert set(manifest["extensions"]) == {"churn.py", "features.py"}
    assert not [name for name in manifest["files"] if name.endswith(".py")]


@pytest.mark.slow
def test_reasons_tell_kinds_and_own_features_by_their_names_on_the_pages_of_both_languages(road):
    cards = pd.read_parquet(road.release / "cards.parquet")
    reasons = [one for found in cards["reasons"].dropna() for one in found]
    assert {"own", "events"} <= {one["group"] for one in reasons}
    engine = open_store(road.store)
    with Running(engine) as running:
        listed = running.get("/v1/at-risk?limit=500").json()["customers"]
        sentences = {
            reason["sentence"]
            for card in listed
            for reason in running.get(f"/v1/customers/{card['customer_id']}?language=ru").json()[
                "reasons"
            ]
        }
        page = running.get(f"/customers/{listed[0]['customer_id']}?language=ru")
    engine.dispose()
    assert page.status == 200
    assert any(text.startswith("Уроков: ") for text in sentences)
    assert any("«lesson»" in text for text in sentences)


@pytest.mark.slow
def test_live_scoring_with_the_code_that_the_release_names_gives_the_snapshot(road, tmp_path):
    manifest = read_json(road.release / "manifest.json")
    code = road.folder.parent / "code"
    own_code.install(code)
    features = own_features(own_code.same_as(manifest["extensions"]))
    frames = {
        path.stem: pd.read_parquet(path)
        for path in (road.folder / "data" / "tables").glob("*.parquet")
    }
    snapshots = pd.concat(
        pd.read_parquet(path) for path in (road.folder / "data" / "snapshots").glob("*.parquet")
    )
    batch = snapshots[snapshots["split"] == "score"].set_index("customer_id")
    as_of = batch["as_of_date"].iloc[0]
    given = {name: arrow(table) for name, table in frames.items() if name in TABLES}
    live = LiveFeatures(
        {name: own_schema(table) for name, table in given.items()},
        features,
        timeline_at(as_of, active_within_days=60),
    )
    found = live.snapshot(given, day(as_of)).set_index("customer_id")["own_lessons_30d"]
    assert found.sort_index().equals(batch["own_lessons_30d"].sort_index())
    own_code.install(None)
    with pytest.raises(ExtensionError, match=r"churn\.py, features\.py.*are not installed here"):
        own_code.same_as(manifest["extensions"])
    own_code.install(code)
    (code / "features.py").write_text(HEAD + LESSONS + "# changed", encoding="utf-8")
    with pytest.raises(ExtensionError, match=r"features\.py"):
        own_code.same_as(manifest["extensions"])


def own_schema(table):
    import ibis

    return ibis.Schema.from_pyarrow(table.schema)


@pytest.mark.slow
def test_without_reasons_the_card_says_so_and_the_road_goes_through(tmp_path):
    code = tmp_path / "code"
    code.mkdir()
    (code / "churn.py").write_text(CLASS, encoding="utf-8")
    ended = through(tmp_path / "run", SHOP, {"extensions": {"folder": str(code)}})
    assert ended.through, ended.error + ended.crash
    cards = pd.read_parquet(ended.release / "cards.parquet")
    assert not any(len(found) for found in cards["reasons"].dropna())
    card = (ended.folder / "reports" / "model_card.md").read_text("utf-8")
    assert "It has no method `reasons`" in card and "What moves the risk" not in card
    assert pd.read_csv(ended.folder / "plots" / "influence.csv").empty


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with code of its own, named by nothing but `install`."""
    monkeypatch.chdir(tmp_path)
    code = own_folder(tmp_path / "code")
    own_code.install(code)
    write_json(stage.EXTENSIONS, {"files": own_code.fingerprint(code)})
    return code


def test_code_that_has_changed_since_the_run_began_is_refused_by_name(project):
    assert reading.own_code() == project
    (project / "features.py").write_text(HEAD + LESSONS + "# changed", encoding="utf-8")
    with pytest.raises(ExtensionError, match=r"has changed since this run began \(features\.py"):
        reading.own_code()
    (project / "features.py").write_text(HEAD + LESSONS, encoding="utf-8")
    (project / "weights.json").write_text("{}")
    with pytest.raises(ExtensionError, match=r"weights\.json"):
        reading.own_code()
    own_code.install(None)
    with pytest.raises(ExtensionError, match=r"the folder that params\.yaml named"):
        reading.own_code()
    write_json(stage.EXTENSIONS, {"files": {}})
    assert reading.own_code() is None


def test_params_yaml_alone_says_whose_code_may_run(tmp_path):
    text = (Path(__file__).parents[2] / "params.yaml").read_text("utf-8")
    path = tmp_path / "params.yaml"
    for folder in ("null", "my/own code"):
        path.write_text(text.replace("  folder: null", f"  folder: {folder}"), encoding="utf-8")
        load_params(path)
        assert own_code.installed() == (None if folder == "null" else Path(folder))


@pytest.mark.slow
def test_the_check_prints_a_line_for_each_promise_and_counts_those_that_are_broken(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(check_extensions, "spark", lambda: None)
    code = tmp_path / "code"
    code.mkdir()
    broken = '@feature(base="events", unit="days")\n'
    broken += 'def plain(t):\n    """Plain one."""\n    return t.ago'
    (code / "features.py").write_text(HEAD + broken, encoding="utf-8")
    assert check_extensions.main(["--folder", str(code)]) == 1
    printed = capsys.readouterr().out
    assert "own_plain\n  pass  is named and described" in printed
    assert "  FAIL  gives one value a customer: it does not bring a customer" in printed
    assert printed.endswith("1 promise is broken\n")


def test_the_check_without_a_folder_says_which_one_to_try(tmp_path, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    with pytest.raises(ParamsError, match="make check-extensions FOLDER=docs/examples/logistic"):
        check_extensions.main([])
    assert (Path("docs/examples/logistic") / "churn.py").is_file()
    empty = tmp_path / "nothing"
    with pytest.raises(ExtensionError, match="is no folder"):
        check_extensions.main(["--folder", str(empty)])


def test_the_model_card_says_nothing_where_all_code_is_ours():
    assert own_code_text({}) == ""
    only = own_code_text({"model": {}, "features": {"own_x": "What | it is."}})
    assert "| `own_x` | What \\| it is. |" in only and "Churn" not in only
