"""What a run leaves in MLflow, and that it can be used without a single pickle."""

import importlib
import json
import sys
import warnings

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("end_to_end")]

SHOW = """
import json, os
import pandas as pd
from pipelines.tracking import store as tracking
tracking.open_tracking_store()
import mlflow
client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name("regulars")
runs = [run for run in client.search_runs([experiment.experiment_id])]
(parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
children = [run for run in runs if run.data.tags["kind"] == "model"]
snapshots = pd.read_parquet("data/snapshots")
rows = snapshots[snapshots["split"] == "score"].reset_index(drop=True)
answers = {}
for part, name in tracking.REGISTERED.items():
    model = mlflow.pyfunc.load_model(f"models:/{name}/1")
    wanted = [column.name for column in model.metadata.get_input_schema().inputs]
    answers[part] = model.predict(rows[wanted])
cards = pd.read_parquet("data/release/cards.parquet").set_index("customer_id")
churn = answers["churn"].set_index("customer_id")["churn_risk"]
when = answers["next_purchase"].set_index("customer_id")["purchase_probability_14d"]
def apart(one, name):
    return float((one - cards.loc[one.index, name]).abs().max())
def files(path=None):
    for item in client.list_artifacts(parent.info.run_id, path):
        yield from files(item.path) if item.is_dir else [item.path]
logged = [path for _, _, names in os.walk("mlruns") for path in names]
print(json.dumps({
    "pickle": os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"],
    "status": parent.info.status,
    "tags": parent.data.tags,
    "params": parent.data.params,
    "metrics": parent.data.metrics,
    "name": parent.info.run_name,
    "about": experiment.tags["mlflow.note.content"],
    "data": [(one.dataset.name, one.dataset.digest) for one in parent.inputs.dataset_inputs],
    "steps": len(client.get_metric_history(parent.info.run_id, "gains_curve")),
    "children": {run.data.tags["model"]: run.data.metrics for run in children},
    "child_params": {run.data.tags["model"]: run.data.params for run in children},
    "child_names": sorted(run.info.run_name for run in children),
    "parents": sorted({run.data.tags["mlflow.parentRunId"] for run in children}),
    "run_id": parent.info.run_id,
    "files": sorted(files()),
    "suffixes": sorted({os.path.splitext(name)[1] for name in logged}),
    "rows": [len(churn), len(when)],
    "apart": [apart(churn, "churn_risk"), apart(when, "purchase_probability_14d")],
}))
"""


@pytest.fixture(scope="module")
def logged(first_run):
    project, _ = first_run
    done = project.python("-c", SHOW)
    assert done.code == 0, done.text
    return json.loads(done.text.splitlines()[-1])


@pytest.fixture(scope="module")
def code():
    """The two modules that know MLflow, which warns about itself while it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            importlib.import_module(f"pipelines.{name}") for name in ("track", "tracking.store")
        ]


def test_one_run_has_a_child_for_each_model_it_was_compared_with(logged, finished):
    assert logged["status"] == "FINISHED"
    assert logged["parents"] == [logged["run_id"]]
    metrics = json.loads((finished.folder / "metrics" / "churn.json").read_text())
    models = {name: figures for name, figures in metrics.items() if "auc" in figures}
    assert set(logged["children"]) == set(models)
    for name, figures in models.items():
        assert logged["children"][name] == figures
        assert logged["child_params"][name], name
    headline = json.loads((finished.folder / "metrics" / "headline.json").read_text())
    told = {name: value for name, value in headline.items() if not isinstance(value, str)}
    assert told.items() <= logged["metrics"].items()
    assert logged["metrics"]["auc"] == models["ours"]["auc"]
    assert logged["child_params"]["bg_nbd"].keys() == {"r", "alpha", "a", "b"}


def test_a_run_says_which_parameters_data_and_code_it_was(logged, finished):
    tags, manifest = logged["tags"], finished.manifest()
    assert logged["params"]["task.horizon_days"] == "30"
    assert logged["params"]["model.churn.num_leaves"] == "8"
    chosen = json.loads((finished.folder / "data" / "timeline.json").read_text())
    assert logged["params"]["task.value_horizon_days"] == str(chosen["value_horizon_days"])
    rounds = json.loads((finished.folder / "artifacts" / "served" / "churn.json").read_text())
    assert logged["params"]["model.churn.rounds"] == str(rounds["rounds"])
    assert tags["release_id"] == manifest["release_id"]
    assert tags["model_version"] == manifest["model_version"]
    assert tags["snapshots_sha256"] == manifest["snapshots_sha256"]
    assert tags["source_sha256.orders.csv"] == manifest["source"]["files"]["orders.csv"]
    assert len(tags["git_commit"].split("-")[0]) == 12
    track = json.loads((finished.folder / "data" / "track.json").read_text())
    assert track == {"content_key": tags["content_key"]}


def test_a_run_has_a_name_a_description_and_the_data_it_learned_from(logged, finished):
    manifest = finished.manifest()
    area = f"{logged['metrics']['auc']:.3f}".removeprefix("0")
    assert logged["name"] == f"AUC {area} · 30 days · {manifest['as_of_date']}"
    note = logged["tags"]["mlflow.note.content"]
    assert manifest["release_id"] in note and "RFM logistic" in note and "grade" in note
    assert "what it was" in logged["about"]
    assert logged["data"] == [["files mydata", manifest["snapshots_sha256"][:16]]]
    assert logged["steps"] == 101
    assert any(name.startswith("BG/NBD · AUC ") for name in logged["child_names"])


def test_model_card_reports_and_curves_are_kept_with_the_run(logged):
    wanted = {
        "reports/model_card.md",
        "reports/evaluation.json",
        "reports/calibration.png",
        "metrics/churn.json",
        "evaluated/search.json",
        "plots/roc.csv",
        "data/timeline.json",
    }
    assert wanted <= set(logged["files"])


def test_the_registered_models_answer_as_the_release_without_a_pickle(logged, finished):
    assert logged["pickle"] == "false"
    scored = json.loads((finished.release / "plan.json").read_text())["customers"]
    assert logged["rows"] == [scored, scored]
    assert max(logged["apart"]) < 1e-12
    assert not {".pkl", ".joblib", ".cloudpickle", ".pickle"} & set(logged["suffixes"])


def test_a_content_key_changes_with_every_part_and_with_their_order(code, tmp_path):
    content_key = code[0].content_key
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("2")
    key = content_key([one, two], ["text"])
    assert key == content_key([one, two], ["text"])
    others = [content_key([two, one], ["text"]), content_key([one], ["text"])]
    others += [content_key([one, two], ["texts"]), content_key([one, two], ["te", "xt"])]
    two.write_text("3")
    others.append(content_key([one, two], ["text"]))
    assert len({key, *others}) == 6


def test_nested_figures_are_logged_under_dotted_names(code):
    flat, numbers = code[1].flat, code[1].numbers
    content = {"a": {"b": 1, "c": {"d": 0.5, "e": "word"}}, "f": True, "g": {}, "h": None}
    assert dict(flat(content)) == {
        "a.b": 1,
        "a.c.d": 0.5,
        "a.c.e": "word",
        "f": True,
        "g": {},
        "h": None,
    }
    assert dict(numbers(content)) == {"a.b": 1.0, "a.c.d": 0.5}


def test_files_and_columns_may_be_called_what_mlflow_does_not_take(code):
    named = code[1].named
    pairs = [
        ("source_sha256.заказы (1).csv", "a"),
        ("source_sha256.заказы [1].csv", "b"),
        ("source.columns.orders.a/b", "c"),
        ("x" * 300, "d"),
        ("..", "e"),
        ("task.horizon_days", 30),
    ]
    found, validation = named(pairs), sys.modules["mlflow.utils.validation"]
    assert list(found.values()) == [value for _, value in pairs]
    assert found["task.horizon_days"] == 30
    for name, value in found.items():
        validation._validate_param_name(name)
        validation._validate_tag(name, str(value))
