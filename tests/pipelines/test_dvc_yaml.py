"""dvc.yaml says what the code does: DVC reruns a stage only for what is listed there."""

import copy
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from actions.plan.catalog import SHIPPED
from tests.each import check_each
from tests.pipelines.code import EVERYTHING, ROOT, code_of, params_read, paths_touched, resources_of

pytestmark = pytest.mark.xdist_group("dvc_yaml")  # each worker would parse all the code

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
# Listed and not found in the code: source.json stands for the raw data outside the project;
# pictures are found by their ending.
PICTURES = {f"reports/{name}.png" for name in ("calibration", "profit", "influence")}
UNSEEN = {"data/source.json", *PICTURES}
# What publishing wrote: another champion alone reruns nothing.
UNWATCHED = {"store/champion"}
CATALOG = "${actions.catalog}"
SECTIONS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def covered(path, by):
    return any(path == other or path.startswith(f"{other.rstrip('/')}/") for other in by)


def names(entries):
    """Paths of outs, metrics and deps, which stand alone or as {path: settings}."""
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def results(stage):
    return names([*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])])


def script(name):
    return f"pipelines/{name}.py"


def missing_code(name, stage):
    return {file for file in code_of(script(name)) if not covered(file, stage["deps"])}


def missing_params(name, stage):
    keys = params_read(code_of(script(name)))
    wanted = set(SECTIONS) if EVERYTHING in keys else keys
    listed = stage.get("params", [])
    return {key for key in wanted if not any(key == p or key.startswith(f"{p}.") for p in listed)}


def missing_paths(name, stage):
    return {
        path
        for path in paths_touched(script(name))
        if path not in UNWATCHED and not covered(path, [*stage["deps"], *results(stage)])
    }


def missing_resources(name, stage):
    return {file for file in resources_of(script(name)) if not covered(file, stage["deps"])}


def without(stage, part, entry):
    broken = copy.deepcopy(stage)
    broken[part] = [other for other in broken[part] if names([other]) != [entry]]
    return broken


def is_code(path):
    return path.endswith(".py") or (ROOT / path / "__init__.py").is_file()


CODE = [(name, dep) for name, stage in STAGES.items() for dep in stage["deps"] if is_code(dep)]
PARAMS = [
    (name, key)
    for name, stage in STAGES.items()
    for key in stage.get("params", [])
    if key not in UNSEEN
]
PATHS = [
    (name, part, path)
    for name, stage in STAGES.items()
    for part in ("deps", "outs", "metrics")
    for path in names(stage.get(part, []))
    if path.startswith(("data/", "artifacts/", "reports/", "metrics/")) and path not in UNSEEN
]


@pytest.fixture(scope="module", autouse=True)
def parsed():
    """The code of all stages, once."""
    for name in STAGES:
        code_of(script(name))


@pytest.mark.slow
def test_files_that_a_comment_of_dvc_yaml_names_exist():
    comments = re.findall(r"#.*", (ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    named = re.findall(r"[\w/]+/\w+\.\w+", " ".join(comments))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_a_stage_lists_all_the_code_it_imports():
    def complete(name):
        assert missing_code(name, STAGES[name]) == set()

    check_each(STAGES, complete)


@pytest.mark.slow
def test_code_that_is_not_listed_is_noticed_and_nothing_is_listed_in_vain():
    def noticed(name, dep):
        assert missing_code(name, without(STAGES[name], "deps", dep))

    check_each(CODE, noticed)


@pytest.mark.slow
def test_a_stage_lists_the_templates_styles_and_messages_of_its_pages():
    def complete(name):
        assert missing_resources(name, STAGES[name]) == set()

    check_each(STAGES, complete)


def test_a_template_or_style_that_is_not_listed_is_noticed_and_none_is_listed_in_vain():
    def noticed(name, dep):
        assert missing_resources(name, without(STAGES[name], "deps", dep)) == {dep}

    of_ingest = resources_of("pipelines/ingest.py")
    assert {"serving/templates/charts.html", "serving/templates/usability.css"} <= of_ingest
    assert resources_of("pipelines/train.py") == set()
    pages = ("serving/templates/", "serving/static/")
    check_each(
        [
            (name, dep)
            for name, stage in STAGES.items()
            for dep in stage["deps"]
            if dep.startswith(pages)
        ],
        noticed,
    )


def test_a_stage_lists_all_the_parameters_it_reads():
    def complete(name):
        assert missing_params(name, STAGES[name]) == set()

    check_each(STAGES, complete)


def test_a_parameter_that_is_not_listed_is_noticed_and_none_is_listed_in_vain():
    def noticed(name, key):
        assert missing_params(name, without(STAGES[name], "params", key))

    check_each(PARAMS, noticed)


def test_every_path_a_stage_touches_is_a_dep_or_an_out():
    def listed(name):
        assert missing_paths(name, STAGES[name]) == set()

    check_each(STAGES, listed)


def test_a_path_that_is_not_listed_is_noticed():
    def noticed(name, part, path):
        touched = [other for other in paths_touched(script(name)) if covered(other, [path])]
        assert touched, f"{name} lists {path} and never uses it"
        assert missing_paths(name, without(STAGES[name], part, path))

    check_each(PATHS, noticed)


def test_a_module_taken_from_a_package_is_followed():
    code = code_of("pipelines/snapshot.py")
    assert "features/families/rhythm.py" in code  # `from features import breadth, btyd, …, rhythm`
    assert "features/__init__.py" not in code  # a docstring and nothing else
    assert not any(file.startswith("serving/") for file in code)


def test_every_stage_is_one_file_of_its_own_name():
    for name, stage in STAGES.items():
        assert stage["cmd"] == f"python -m pipelines.{name}"
        assert (ROOT / script(name)).is_file()


def test_a_dep_is_tracked_by_git_or_made_by_an_earlier_stage():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    tracked = set(listed.stdout.splitlines())
    folders = {str(folder) for file in tracked for folder in Path(file).parents}
    made: list[str] = []
    for name, stage in STAGES.items():
        for dep in stage["deps"]:
            dep = SECTIONS["actions"]["catalog"] if dep == CATALOG else dep
            assert dep in tracked or dep in folders or covered(dep, made), f"{name}: {dep}"
        made += results(stage)


def test_an_edit_of_the_catalogue_is_noticed_whichever_file_params_yaml_names():
    """DVC reads ${…} from params.yaml; a name that stood here would be that of one file only."""
    readers = {name for name, stage in STAGES.items() if CATALOG in stage["deps"]}
    assert readers == {"evaluate", "effects", "plan", "release"}
    assert "actions.catalog" in (ROOT / script("evaluate")).read_text(encoding="utf-8")
    named = [dep for stage in STAGES.values() for dep in stage["deps"] if dep in SHIPPED.values()]
    assert named == []


def test_no_path_is_made_twice():
    made = [path for stage in STAGES.values() for path in results(stage)]
    assert len(made) == len(set(made))


@pytest.mark.parametrize(
    ("stage", "out"), [("track", "data/track.json"), ("promote", "reports/promotion.json")]
)
def test_what_depends_on_a_store_is_never_restored_from_a_cache(stage, out):
    # DVC's run cache restores outs without running their stage, unless one of them persists.
    assert {out: {"persist": True}} in STAGES[stage]["outs"]


def test_source_always_runs_and_alone_does():
    assert [name for name, stage in STAGES.items() if stage.get("always_changed")] == ["source"]


def test_the_old_release_is_not_deleted_before_the_new_one_is_whole():
    (out,) = STAGES["release"]["outs"]
    assert out["data/release"]["persist"] is True


def test_figures_and_curves_are_kept_in_git_and_not_in_the_cache():
    evaluate = STAGES["evaluate"]
    kept = [
        entry for entry in evaluate["outs"] if names([entry])[0].startswith(("metrics", "plots"))
    ]
    kept += evaluate["metrics"]
    assert [list(entry.values()) for entry in kept] == [[{"cache": False}]] * len(kept)
    assert set(names(kept)) == {
        "plots",
        "metrics/churn.json",
        "metrics/next_purchase.json",
        "metrics/headline.json",
    }


def test_dvc_compares_the_headline_figures_alone():
    compared = [path for stage in STAGES.values() for path in names(stage.get("metrics", []))]
    assert compared == ["metrics/headline.json"]
