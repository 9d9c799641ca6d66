"""Models that are damaged, or fail when they are tried, never answer, and are tried again later."""

import errno
import logging

import pytest
from sqlalchemy import update

from core.errors import ArtifactError
from core.files import hashes
from serving.live import process
from serving.live.process import LiveModels
from serving.store.database import open_store, writing
from serving.store.errors import NoModelsError
from serving.store.live_files import keep_files, live_files
from serving.store.publishing import publish
from serving.store.reading import current
from tests.serving.releases import card_row, write_release


@pytest.fixture
def store(tmp_path):
    """A store whose release has files of models, which no model is made of."""
    engine = open_store(f"sqlite:///{tmp_path}/s.sqlite3")
    publish(write_release(tmp_path / "release", [card_row("a"), card_row("b")]), engine, keep=2)
    for name in ("models/booster.txt", "live/basis.json"):
        (tmp_path / "files" / name).parent.mkdir(parents=True)
        (tmp_path / "files" / name).write_text(name, encoding="utf-8")
    files = hashes(tmp_path / "files")
    manifest = {"release_id": current(engine).release_id, "files": files}
    keep_files(engine, tmp_path / "files", manifest)
    yield engine
    engine.dispose()


class Trial:
    """Fails with an error, and counts how often it is asked."""

    def __init__(self, error):
        self.error, self.times = error, 0

    def __call__(self, folder):
        assert (folder / "models" / "booster.txt").read_text() == "models/booster.txt"
        self.times += 1
        raise self.error


def refusal(models):
    with pytest.raises(NoModelsError) as refused:
        models.scorer()
    return str(refused.value)


def test_a_file_that_was_changed_in_the_store_is_not_even_tried(store):
    with writing(store) as connection:
        connection.execute(update(live_files).values(content=b"models/boostes.txt"))
    trial = Trial(ArtifactError("it was tried"))
    assert "is damaged" in refusal(LiveModels(store, trial))
    assert trial.times == 0


@pytest.mark.slow
def test_models_that_fail_when_they_are_tried_do_not_answer_and_are_not_tried_at_each_request(
    store,
):
    trial = Trial(ArtifactError("the process that tried them was ended by signal 6"))
    models = LiveModels(store, trial)
    for _ in range(3):
        assert "ended by signal 6" in refusal(models)
    assert trial.times == 1


@pytest.mark.slow
def test_what_failed_on_a_full_disk_is_tried_again(store, monkeypatch, caplog):
    monkeypatch.setattr(process, "AGAIN", 0.0)
    trial = Trial(OSError(errno.ENOSPC, "No space left on device"))
    models = LiveModels(store, trial)
    with caplog.at_level(logging.ERROR):
        assert "No space left" in refusal(models)
        assert "No space left" in refusal(models)
    assert trial.times == 2
