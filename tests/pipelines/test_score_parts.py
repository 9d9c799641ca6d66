"""What stage `score` does for each part of the customers."""

import shutil

import pytest

from core.errors import ArtifactError
from core.files import version, write_manifest
from pipelines import stage
from pipelines.params import FILE
from pipelines.score_parts import models_of
from tests.pipelines.code import ROOT


def test_a_process_loads_no_models_but_those_that_the_stage_began_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / FILE, FILE)
    stage.CHAMPION_MODELS.mkdir(parents=True)
    (stage.CHAMPION_MODELS / "booster.txt").write_text("first")
    seen = version(write_manifest(stage.CHAMPION_MODELS))
    (stage.CHAMPION_MODELS / "booster.txt").write_text("second")
    with pytest.raises(ArtifactError, match=r"booster\.txt was changed"):
        models_of(seen)
    write_manifest(stage.CHAMPION_MODELS)
    with pytest.raises(ArtifactError, match="the models were changed while they were used"):
        models_of(seen)
