"""Who of the lapsed comes back by himself: ours beside the purchase rhythm and the silence.

    python -m benchmarks.lapsed --dates development

At each date the model has learned from what had closed by then. All dates of a data set are judged
together: log loss and AUC, with the paired 95 % interval of ours less the others, and observed over
expected. Below stand both values of the cards, told over brought less 1, over each date's own value
horizon.
"""

import argparse
from collections.abc import Iterator, Sequence

import pandas as pd

from benchmarks.cases import Case, cases, development, planned
from benchmarks.measuring import ROOT, NotPossibleError
from models.judging.coming_back import RHYTHM, SILENCE, compared, told_of_lapsed
from models.params import ModelParams
from models.training.fitting import coming_back
from models.training.until import Until
from models.words import OURS
from pipelines.params import load_params
from pipelines.reports.card_figures import with_interval

DRAWS = 100
VALUES = {"value_if_returns": True, "value_if_stays_away": False}  # of who came back, or did not


def asked(which: str) -> list[Case]:
    """The cases of development or of the test whose customers can lapse."""
    found = development() if which == "development" else cases()
    return [case for case in found.values() if not case.told_days]


def rows_at(case: Case, date: str) -> pd.DataFrame:
    """The lapsed of one date with what was told of them; empty where there is no model."""
    plan, purchases, known = planned(case, date)
    until, day = Until(pd.DataFrame(), plan, purchases, known_days=known), plan.test[0]
    found = told_of_lapsed(purchases, plan, (coming_back(until, day),), (day,))
    return found.assign(date=date)


def measured(case: Case, params: ModelParams) -> Iterator[str]:
    """The lines of a data set."""
    rows = pd.concat([rows_at(case, date) for date in case.dates], ignore_index=True)
    found = compared(rows, params.model_copy(update={"bootstrap_draws": DRAWS}))
    yield f"\n{case.name}: horizon {case.horizon_days} days; as of {', '.join(case.dates)}"
    if not found:
        yield "too few came back, or too few did not, to learn or to judge"
        return
    yield f"{found['returned']:,} of {found['rows']:,} rows of lapsed customers came back"
    for name in (OURS, RHYTHM, SILENCE):
        told = [
            f"{metric} {with_interval(found['models'][name].get(metric), form)}"
            for metric, form in (
                ("log_loss", ".4f"),
                ("auc", ".3f"),
                ("observed_over_expected", ".2f"),
            )
        ]
        gains = [
            f"ours less it: {metric} {with_interval(gain, '+.4f')}"
            for metric, gain in found["gains"].get(name, {}).items()
        ]
        yield f"{name:8} " + "; ".join([*told, *gains])
    for name, came in VALUES.items():
        if name in rows and "spend" in rows:
            who = rows[(rows["back"] == came) & rows["spend"].notna() & rows[name].notna()]
            told, seen = (float(who[column].sum()) for column in (name, "spend"))
            error = f"{told / seen - 1:+.1%} in total" if seen else "nothing was brought"
            yield f"{name}: {error}, {len(who):,} rows"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures of the chosen dates."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--dates", choices=("development", "test"), default="development")
    chosen = parser.parse_args(arguments)
    params = load_params(ROOT / "params.yaml").model
    for case in asked(chosen.dates):
        try:
            for line in measured(case, params):
                print(line, flush=True)
        except NotPossibleError as error:
            print(f"{case.name} was not run: {error}", flush=True)


if __name__ == "__main__":
    main()
