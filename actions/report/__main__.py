"""What a randomised test showed: `python -m actions.report FILE --treatment COL --outcome COL`.

    python -m actions.report test.csv --treatment group --outcome spend --customer id \\
        --covariates spend_before,city,age

FILE holds a row for each customer (CSV, Parquet, Excel; book.xlsx#Sheet1). --covariates are columns
that were known before the arms were drawn. docs/actions.md tells what the report holds.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from actions.report.judging import judge
from actions.report.preparing import prepare
from actions.report.reading import Asked, read
from actions.report.telling import as_json, as_text
from actions.report.texts import LANGUAGES
from actions.report.wording import Words
from core.errors import RegularsError, TrialError
from core.params import TOO_LARGE

LARGEST_SEED = 2**31 - 1  # that the models take


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; an expected error is printed as its message, and the answer is then 1."""
    given = _parser().parse_args(arguments)
    try:
        report = report_of(_asked(given), given.language)
    except RegularsError as error:
        print(error, file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        print(*as_text(report, Words(given.language)), sep="\n")
    return 0


def report_of(asked: Asked, language: str = "en") -> dict[str, Any]:
    """The report of a file. Raises SourceError and TrialError for what cannot be reported on."""
    prepared = prepare(read(asked), asked)
    judged = judge(prepared, asked)
    outcome = prepared.trial.outcome
    words = Words(language, is_rate=bool(((outcome == 0) | (outcome == 1)).all()))
    return as_json(judged, asked, words)


def _asked(given: argparse.Namespace) -> Asked:
    if not 0 <= given.cost < TOO_LARGE:
        raise TrialError(
            f"--cost {given.cost}: name what it costs to treat one customer, 0 or more, in units "
            "of the outcome."
        )
    if not 0 <= given.seed <= LARGEST_SEED:
        raise TrialError(f"--seed {given.seed}: name a whole number from 0 to {LARGEST_SEED}.")
    return Asked(
        given.file,
        given.treatment,
        given.outcome,
        given.customer,
        tuple(name.strip() for name in (given.covariates or "").split(",") if name.strip()),
        given.assigned_at,
        given.measured_at,
        given.control,
        _shares(given.shares),
        given.success,
        given.numbers,
        given.cost,
        given.seed,
    )


def _shares(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        shares = tuple(float(part) for part in text.replace(":", ",").split(","))
    except ValueError:
        shares = ()
    if len(shares) < 2 or not all(0 < share < float("inf") for share in shares):
        raise TrialError(
            f"--shares {text}: name the planned share of each arm, the control first and the "
            "others in the order of their names, such as --shares 0.3,0.7."
        )
    return shares


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m actions.report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--treatment", required=True, metavar="COL", help="the arm of each row")
    parser.add_argument("--outcome", required=True, metavar="COL", help="what came of it")
    parser.add_argument(
        "--customer", metavar="COL", help="whose row it is, where some have several"
    )
    parser.add_argument("--covariates", metavar="A,B,…", help="columns known before the assignment")
    parser.add_argument("--assigned-at", metavar="COL", help="when the arm was drawn")
    parser.add_argument("--measured-at", metavar="COL", help="when the covariates were measured")
    parser.add_argument("--control", metavar="NAME", help="the control (default: sorts first)")
    parser.add_argument("--shares", metavar="A,B", help="planned shares of the arms, control first")
    parser.add_argument(
        "--success", metavar="WORD", help="the word of the outcome that counts as 1"
    )
    parser.add_argument(
        "--numbers", metavar="EXAMPLE", help='a number as the file has it: "1.234,5"'
    )
    parser.add_argument("--cost", type=float, default=0.0, help="of treating one, in outcome units")
    parser.add_argument("--seed", type=int, default=0, help="of folds and permutations (default 0)")
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
