"""Models out of the store take over only where they are whole and answer as they did."""

import shutil

import pytest

from core.errors import ArtifactError
from core.files import hashes, read_json, sha256_of, write_json, write_manifest
from serving.live.basis import FOLDER
from serving.live.process import LiveModels, try_models
from serving.store.errors import NoModelsError
from serving.store.live_files import live_files
from serving.store.publishing import publish
from tests.serving.releases import card_row, write_release

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("other_runs")]


@pytest.fixture(scope="module")
def release(first_run):
    return first_run[0].release


def damaged(folder, release, damage):
    """A fake release, later than the real one, with these models after `damage`."""
    made = write_release(folder, [card_row("1")])
    for part in ("models", FOLDER):
        shutil.copytree(release / part, made / part)
    damage(made)
    manifest = read_json(made / "manifest.json")
    write_manifest(made, **manifest | {"files": hashes(made)})
    return made


def truncate(folder):
    """As a disk that was full leaves a file; the manifests are those of the short file.

    Most cuts end the process that reads the file, some raise an error of LightGBM in it.
    """
    trees = folder / "models" / "booster_0.txt"
    trees.write_bytes(trees.read_bytes()[: trees.stat().st_size // 2])
    manifest = read_json(folder / "models" / "manifest.json")
    manifest["files"]["booster_0.txt"] = sha256_of(trees)
    write_manifest(folder / "models", **manifest)


def other_numbers(folder):
    golden = read_json(folder / FOLDER / "golden.json")
    golden["churn_risk"][3] += 0.01
    write_json(folder / FOLDER / "golden.json", golden)


def other_code(folder):
    basis = read_json(folder / FOLDER / "basis.json")
    basis["features"]["orders_9999d"] = "orders"
    write_json(folder / FOLDER / "basis.json", basis)


@pytest.mark.parametrize(
    ("damage", "why"),
    [(truncate, "LightGBM"), (other_numbers, "another churn_risk"), (other_code, "orders_9999d")],
)
def test_bad_models_are_refused_with_the_reason_and_the_old_ones_answer(
    store, release, tmp_path, damage, why
):
    models = LiveModels(store)
    before = models.scorer()
    publish(damaged(tmp_path / "bad", release, damage), store, keep=5)
    assert models.scorer() is before  # while the new ones are tried
    models.settled()
    assert models.scorer() is before
    with pytest.raises(NoModelsError, match=why):  # a service that has no old ones
        LiveModels(store).scorer()


def test_a_file_that_changed_in_the_store_is_not_even_tried(store, release):
    with store.begin() as connection:
        connection.execute(live_files.update().values(content=b"something else"))

    def tried(_folder):
        pytest.fail("damaged models were loaded")

    with pytest.raises(NoModelsError, match="is damaged"):
        LiveModels(store, tried).scorer()


def test_models_that_fit_are_swapped_in_while_the_old_ones_answer(store, release, tmp_path):
    models = LiveModels(store)
    before = models.scorer()
    publish(damaged(tmp_path / "next", release, lambda folder: None), store, keep=5)
    assert models.scorer() is before
    models.settled()
    after = models.scorer()
    assert after is not before
    assert after.release_id != before.release_id
    store.dispose()
    with pytest.raises(ArtifactError):
        try_models(tmp_path / "nowhere")
