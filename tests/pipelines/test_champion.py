"""What is kept of models that scored, and what is known of whose data they learned from."""

from pathlib import Path

import pytest

from core.files import check_manifest, read_json, version, write_json, write_manifest
from models.training.facts import facts
from models.watching.promotion import COMPANY, EVALUATED, FORMER, MODELS
from pipelines import stage
from pipelines.monitor import _learned_from
from pipelines.promote import REPORTS, lay_out
from pipelines.publish import keep_champion
from tests.snapshots import simulate, timeline, trained

pytestmark = pytest.mark.xdist_group("trained")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_what_is_laid_out_says_whose_data_it_learned_from():
    made, plan = trained(), timeline()
    for folder, bundle in ((stage.EVALUATED, made.evaluated), (stage.SERVED, made.served)):
        folder.mkdir(parents=True)
        bundle.churn.save(folder)
        write_manifest(folder, **facts(plan, plan.test[0]))
    write_json(stage.EVALUATION, {})
    stage.MODEL_CARD.write_text("# Model card")
    lay_out(Path("laid"), "files mydata")
    told = check_manifest(Path("laid") / EVALUATED)
    assert (told[COMPANY], told["learned_until"]) == (
        "files mydata",
        check_manifest(stage.EVALUATED)["learned_until"],
    )


def release(trees, whose=None):
    """A release whose models hold `trees`; returns their version."""
    for folder in (MODELS, EVALUATED):
        (stage.RELEASE / folder).mkdir(parents=True, exist_ok=True)
        (stage.RELEASE / folder / "booster_0.txt").write_text(trees)
    manifest = write_manifest(stage.RELEASE / MODELS)
    write_manifest(stage.RELEASE / EVALUATED, **({COMPANY: whose} if whose else {}))
    for report in (stage.EVALUATION, stage.MODEL_CARD, stage.PROMOTION):
        write_json(stage.RELEASE / REPORTS / report.name, {"why": trees})
    return version(manifest)


def former():
    return {
        path.stem: read_json(path)["why"] for path in (stage.PUBLISHED_CHAMPION / FORMER).iterdir()
    }


def test_why_former_champions_took_over_is_kept_by_their_version():
    first = release("first")
    keep_champion()
    assert former() == {}
    second = release("second")
    keep_champion()
    assert former() == {first: "first"}
    release("first")
    keep_champion()
    assert former() == {first: "first", second: "second"}
    assert read_json(stage.PUBLISHED_CHAMPION / REPORTS / stage.PROMOTION.name) == {"why": "first"}


def test_a_champion_of_older_code_learns_whose_data_it_learned_from():
    release("trees")
    keep_champion()
    release("trees", "files mydata")
    keep_champion()
    assert check_manifest(stage.PUBLISHED_CHAMPION / EVALUATED)[COMPANY] == "files mydata"
    assert former() == {}


def test_outcomes_are_new_that_closed_after_the_models_learned():
    rows, plan = simulate(), timeline()
    closed = int(rows["outcome_known"].sum())
    for until, newly in ((plan.data_until, False), (plan.test[0], True), (plan.data_from, True)):
        write_manifest(stage.CHAMPION_MODELS, **facts(plan, until))
        learned, newly_closed = _learned_from(rows, plan)
        assert newly_closed is newly
        assert 0 < len(learned) <= closed
    assert len(learned) == closed  # of a history that is gone: all that have closed stand for it
