import ast
import json
import shutil
from pathlib import Path

import pytest

from core.errors import ArtifactError
from core.files import check_manifest, hashes, read_json, write_json, write_manifest
from tests.snapshots import trained

pytestmark = pytest.mark.xdist_group("trained")

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("sources", "features", "models", "actions", "serving", "pipelines")
UNSAFE = {"pickle", "cPickle", "_pickle", "joblib", "cloudpickle", "dill", "shelve", "marshal"}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Everything that stage `train` writes, with its manifest."""
    folder = tmp_path_factory.mktemp("models")
    everything = trained()
    everything.served.save(folder)
    everything.explainer.save(folder)
    everything.baselines.save(folder)
    everything.past.save(folder / "past")
    write_manifest(folder, note="a fact")
    return folder


@pytest.fixture
def folder(written, tmp_path):
    return Path(shutil.copytree(written, tmp_path / "models"))


@pytest.mark.slow
def test_a_whole_folder_is_accepted_and_its_facts_are_returned(folder):
    manifest = check_manifest(folder)
    assert manifest["note"] == "a fact"
    assert manifest["files"] == hashes(folder)
    assert "past/churn.json" in manifest["files"]


def test_a_damaged_file_is_refused_by_name_before_anything_is_loaded(folder):
    booster = folder / "past" / "booster_0.txt"
    booster.write_bytes(booster.read_bytes()[:-200])  # loading it would abort the process
    with pytest.raises(ArtifactError, match=r"past/booster_0\.txt was changed.*Nothing was loaded"):
        check_manifest(folder)


def test_one_changed_byte_is_enough(folder):
    content = (folder / "churn.json").read_text()
    (folder / "churn.json").write_text(content.replace("1", "2", 1))
    with pytest.raises(ArtifactError, match=r"churn\.json was changed"):
        check_manifest(folder)


def test_a_missing_and_an_unexpected_file_are_both_named(folder):
    (folder / "value.json").unlink()
    (folder / "extra.json").write_text("{}")
    with pytest.raises(
        ArtifactError, match=r"value\.json is missing; extra\.json is not in the manifest"
    ):
        check_manifest(folder)


def test_a_manifest_itself_is_sealed_and_one_of_older_code_is_believed(folder):
    path = folder / "manifest.json"
    manifest = write_manifest(folder, as_of_date="2018-01-02", cards=3)
    assert check_manifest(folder) == manifest
    changed = path.read_text().replace("2018-01-02", "2018-01-03")
    for text in (changed, changed.replace('"files"', '"filez"'), "[]"):
        path.write_text(text)
        with pytest.raises(ArtifactError, match=r"manifest\.json was changed"):
            check_manifest(folder)
    assert write_manifest(folder, **manifest | {"files": {}}) == manifest  # written anew
    older = {name: value for name, value in manifest.items() if name != "sha256"}
    write_json(path, older)
    assert check_manifest(folder) == older


@pytest.mark.parametrize("content", [None, '{"files": {', "[1,"])
def test_a_manifest_that_is_gone_or_cut_short_says_how_to_write_it_again(folder, content):
    path = folder / "manifest.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(ArtifactError, match=r"manifest\.json .*run `dvc repro`"):
        check_manifest(folder)


def test_json_is_written_the_same_way_every_time_and_never_holds_nan(tmp_path):
    write_json(tmp_path / "one" / "a.json", {"b": 1, "a": [0.1, None, "ü"]})
    write_json(tmp_path / "one" / "b.json", {"a": [0.1, None, "ü"], "b": 1})
    first, second = ((tmp_path / "one" / name).read_bytes() for name in ("a.json", "b.json"))
    assert first == second
    assert first.endswith(b"}\n")
    assert read_json(tmp_path / "one" / "a.json") == {"a": [0.1, None, "ü"], "b": 1}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "nan.json", {"a": float("nan")})


def test_models_are_text_and_json_only(written):
    suffixes = {path.suffix for path in written.rglob("*") if path.is_file()}
    assert suffixes == {".txt", ".json"}
    for path in written.rglob("*.txt"):
        assert path.read_text(encoding="utf-8").startswith("tree\n")
    for path in written.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_of_ours_imports_or_reads_a_pickle(package):
    found = []
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path.name}: {n}" for n in names if n.split(".")[0] in UNSAFE]
            if isinstance(node, ast.Attribute) and node.attr in {"read_pickle", "to_pickle"}:
                found.append(f"{path.name}: {node.attr}")
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                found.append(f"{path.name}: allow_pickle")
    assert found == []
