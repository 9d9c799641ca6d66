"""Stage `promote`: evaluated models and the champion in; the models that score from now on out.

The champion is what `python -m pipelines.publish` put into `store/champion`. DVC does not watch
that folder: the decision is made once for new models, not again whenever the champion changes. A
persistent output keeps DVC from restoring the decision of an earlier run, which was made against
another champion.
"""

import shutil
from pathlib import Path

from core.digits import as_told
from core.files import check_manifest, read_json, write_json, write_manifest
from features.snapshot import model_features
from models.churn.model import META, ChurnModel
from models.training.ladder import Rung
from models.watching.promotion import COMPANY, EVALUATED, FORMER, MODELS, below_gates, decide
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import read_sample, read_snapshots, read_timeline
from pipelines.reports.promotion_text import with_promotion
from sources.registry import company

# What was trained now, laid out beside the champion, whose place it takes when it wins.
CHALLENGER = stage.ARTIFACTS / ".challenger"
REPORTS = "reports"  # of the models that score: in their folder and in the release


def main() -> None:
    """Decide which models score; put them and their reports where the later stages read."""
    everything = load_params()
    params, whose = everything.model, company(everything.source)
    shutil.rmtree(CHALLENGER, ignore_errors=True)
    lay_out(CHALLENGER, whose)
    snapshots = read_snapshots(read_sample(params))
    champion = stage.PUBLISHED_CHAMPION if stage.PUBLISHED_CHAMPION.exists() else None
    features = model_features(snapshots, params.excluded_attributes)
    rung = Rung.load(stage.SERVED)
    if rung.is_judged:
        timeline = read_timeline()
        decision = decide(snapshots, timeline, CHALLENGER, champion, features, whose, params)
    else:
        decision = below_gates(snapshots, CHALLENGER, champion, features, whose, rung)
    shutil.rmtree(stage.CHAMPION, ignore_errors=True)
    if decision.promoted:
        CHALLENGER.rename(stage.CHAMPION)
    else:
        shutil.rmtree(CHALLENGER)
        # What a release holds of the champion; only this stage needs FORMER.
        shutil.copytree(
            stage.PUBLISHED_CHAMPION, stage.CHAMPION, ignore=shutil.ignore_patterns(FORMER)
        )
    promotion = decision.to_json()
    # The reason why models took over is kept, so that going back to them gives their old release.
    earlier = {
        "same": stage.PUBLISHED_CHAMPION / REPORTS / stage.PROMOTION.name,
        "back": stage.PUBLISHED_CHAMPION / FORMER / f"{decision.challenger}.json",
    }.get(decision.outcome)
    if earlier is not None and earlier.exists():
        promotion = read_json(earlier)
    card = stage.CHAMPION / REPORTS / stage.MODEL_CARD.name
    card.write_text(with_promotion(card.read_text(encoding="utf-8"), promotion), encoding="utf-8")
    write_json(stage.CHAMPION / REPORTS / stage.PROMOTION.name, as_told(promotion))
    write_json(stage.PROMOTION, as_told(promotion))
    who = "the new models take over" if decision.promoted else "the champion stays"
    named = {"rule": "a rule scores", "unjudged": "models that nothing has judged score"}
    stage.say(f"{named.get(decision.outcome, who)}: {decision.why}")


def lay_out(folder: Path, whose: str) -> None:
    """The challenger as a release holds it: models, the evaluated churn model, and reports.

    Models that nothing has judged have no evaluated model, which tells publishing that they are no
    champion. Where folds of customers were judged, the served model takes its place: it has learned
    from everything, so no test date lies after it.
    """
    manifest = check_manifest(stage.EVALUATED)
    shutil.copytree(stage.SERVED, folder / MODELS)
    if Rung.load(stage.SERVED).is_judged:
        (folder / EVALUATED).mkdir()
        by_folds = not (stage.EVALUATED / META).exists()
        ChurnModel.load(stage.SERVED if by_folds else stage.EVALUATED).save(folder / EVALUATED)
        facts = {"learned_until": manifest["learned_until"], COMPANY: whose}
        write_manifest(folder / EVALUATED, **facts)
    (folder / REPORTS).mkdir()
    for report in (stage.EVALUATION, stage.MODEL_CARD):
        shutil.copy(report, folder / REPORTS)


if __name__ == "__main__":
    stage.run(main)
