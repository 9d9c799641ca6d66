"""The summary of a release, for a terminal: `python -m pipelines.summary [--language ru]`."""

import argparse

import pandas as pd

from core.errors import EnvironmentProblem
from core.files import MANIFEST, read_json
from pipelines import stage
from pipelines.reports.promotion_text import promotion_text
from pipelines.reports.summary import (
    choice_lines,
    churn_lines,
    data_lines,
    next_lines,
    plan_lines,
    rule_lines,
    worklist_lines,
)
from pipelines.reports.unjudged import ladder_text
from serving.cards.action_words import actions_of
from serving.wording.languages import LANGUAGES, Language


def main() -> None:
    """Print the summary of the current release."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    print_summary(language=parser.parse_args().language)


def print_summary(seconds: float | None = None, language: Language = "en") -> None:
    """Print what was chosen, how good it is, who is at risk and what to type next."""
    if not stage.RELEASE.exists():
        raise EnvironmentProblem("There is no release yet: run `make run`.")
    manifest = read_json(stage.RELEASE / MANIFEST)
    evaluation = read_json(stage.RELEASE / "reports" / "evaluation.json")
    usability = read_json(stage.RELEASE / "reports" / "data_usability.json")
    plan = read_json(stage.RELEASE / "plan.json")
    cards = pd.read_parquet(stage.RELEASE / "cards.parquet")
    took = "" if seconds is None else f", {seconds:.0f} s"
    print(f"\nRelease {manifest['release_id']}, as of {manifest['as_of_date']}{took}\n")
    print(*data_lines(usability, manifest), sep="\n")
    print("\nChosen")
    print(*choice_lines(evaluation["timeline"]), sep="\n")
    if manifest.get("ladder"):  # a release of older code has none
        is_own = bool(evaluation.get("own_code", {}).get("model"))
        of_table = bool(evaluation["timeline"].get("label"))
        print(f"  {ladder_text(manifest['ladder'], is_own, of_table)}")
    if manifest.get("gate"):
        print(*rule_lines(cards, manifest, language), sep="\n")
    elif "churn" not in evaluation:
        print(*worklist_lines(cards, manifest, language, actions_of(plan)), sep="\n")
        print(*plan_lines(plan, cards, language), sep="\n")
    else:
        print(*churn_lines(evaluation), sep="\n")
        if "promotion" in manifest:  # a release of older code has none
            print(f"  champion: {promotion_text(manifest['promotion'])}")
        if lines := next_lines(evaluation):
            print(*lines, sep="\n")
        print(*worklist_lines(cards, manifest, language, actions_of(plan)), sep="\n")
        print(*plan_lines(plan, cards, language), sep="\n")
    plots = (
        "          dvc plots show      ROC, precision-recall, calibration, gains (in .venv/bin)\n"
    )
    if "churn" not in evaluation:
        plots = ""  # models that were not judged have no plots
    print(
        "\nReports   reports/model_card.md, reports/data_usability.html, reports/features.json\n"
        "Next      make serve          API and page on http://127.0.0.1:8000\n"
        "          make ui             runs, figures and registered models in MLflow\n"
        f"{plots}          docs/your-data.md   the same with your own purchases"
    )


if __name__ == "__main__":
    stage.run(main)
