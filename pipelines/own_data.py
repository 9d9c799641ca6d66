"""Proposes params.yaml for one's own data, and runs: `python -m pipelines.own_data --from PATH`.

It looks at a file or folder, shows what it takes each table and column for and why, asks what it
cannot know, checks the proposal on all rows, writes params.yaml once it is accepted, and runs.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from actions.plan.catalog import SHIPPED, Catalog
from actions.plan.catalog_file import load_catalog
from actions.plan.margin import usable_margin
from core.errors import CatalogError, ParamsError, RegularsError, SourceError
from pipelines import params_file, stage
from pipelines.params import FILE, load_params
from pipelines.proving import proved
from pipelines.reports.proposal_text import asked, evidence, figures, flags, sections
from sources.params import SourceParams
from sources.proposing.finding import tables_below
from sources.proposing.proof import Proof
from sources.proposing.proposal import Proposal, propose
from sources.proposing.questions import NONE, Answers, Question
from sources.proposing.seen import Seen
from sources.written.currencies import may_be

MARGIN = "actions.margin_rate"
AUTO = ("horizon_days", "active_within_days", "value_horizon_days")
YES = ("y", "yes", "да", "д")


def main(arguments: Sequence[str] | None = None) -> None:
    """Look, propose, ask, write and run. Raises RegularsError; params.yaml is then untouched."""
    given = _arguments(arguments)
    path = Path(given.path)
    is_asking = sys.stdin.isatty() and not given.yes
    answers = Answers(_answers(given))
    tables, refused = tables_below(path)
    proposal, proof = _settled(path, tables, answers, is_asking)
    proposal.left_out += refused
    changes = _changes(proposal, answers)
    _print(proposal, proof, changes, answers)
    if given.dry_run:
        print("\nNothing was written (--dry-run).")
        return
    if not given.yes and not (is_asking and _accepted(proposal)):
        print("\nparams.yaml is as it was. To accept the proposal: the same command with --yes.")
        return
    accept(changes)
    if given.run:
        run()


def run() -> None:
    """The main job, as `make run` does it."""
    from pipelines.run import main as make_run  # its imports take seconds

    make_run()


def accept(changes: Mapping[str, Any], file: Path = FILE) -> None:
    """Write the changes into params.yaml, of which the former content is kept beside it.

    Raises ParamsError where the result would not be valid: the file is then untouched.
    """
    text = params_file.changed(file.read_text(encoding="utf-8"), changes)
    trial = file.with_name(file.name + ".trial")
    try:
        trial.write_text(text, encoding="utf-8")
        load_params(trial)
    finally:
        trial.unlink(missing_ok=True)
    before = params_file.replace(file, text)
    print(f"\nWritten to {file}; what it was before is in {before}.")


def _settled(
    path: Path, tables: list[Seen], answers: Answers, is_asking: bool
) -> tuple[Proposal, Proof | None]:
    """The proposal with all its questions answered, by a person or by their defaults."""
    while True:
        proposal, proof, problem = _proposed(path, tables, answers)
        wanting = answers.unanswered() if is_asking else answers.without_default()
        if wanting and is_asking:
            for question in wanting:
                answers.given[question.key] = _asked(question)
        elif wanting:
            raise ParamsError(_needed(wanting))
        elif problem is not None:
            raise problem
        elif proposal is not None:
            answers.refuse_strange()
            return proposal, proof


def _proposed(
    path: Path, tables: list[Seen], answers: Answers
) -> tuple[Proposal | None, Proof | None, RegularsError | None]:
    """A proposal by the answers so far; a problem may be that of an answer still missing."""
    answers.asked.clear()
    try:
        proposal = propose(path, tables, answers)
        if answers.without_default():
            return proposal, None, None
        proof = proved(proposal, answers)
        _, catalog = _catalog(proposal)
        is_asked = proof is not None and (MARGIN in answers.given or _fits(proof, catalog))
        if proof is not None and is_asked and answers.to(_margin()) != NONE:
            # Refused here, and not after minutes of training.
            usable_margin(catalog, 1.0, _currency(proof))
    except (SourceError, CatalogError) as error:
        return None, None, error
    return proposal, proof, None


def _currency(proof: Proof) -> str | None:
    """The currency of the amounts; None where nothing names it or there are none."""
    named = [one.currency for one in proof.measured if one.money is not None and one.currency]
    return named[0] if named else None


def _catalog(proposal: Proposal) -> tuple[str, Catalog]:
    """The file of the catalogue, and what it holds: of those that come with Regulars, what fits.

    One's own file stays, whatever it is made for.
    """
    path = load_params().actions.catalog
    held, churn = load_catalog(path), proposal.task.get("churn", "")
    if path not in SHIPPED.values() or held.misfit(churn) is None:
        return path, held
    return SHIPPED[churn], load_catalog(SHIPPED[churn])


def _fits(proof: Proof, catalog: Catalog) -> bool:
    """Whether the catalogue's costs and the amounts are in one currency, as gains need."""
    currency = _currency(proof)
    return currency is not None and may_be(currency, catalog.currency)


def _margin() -> Question:
    def wrong(text: str) -> str:
        try:
            is_share = 0 < float(text) <= 1
        except ValueError:
            is_share = False
        return "" if is_share or text == NONE else "write a share such as 0.25, or none"

    return Question(
        MARGIN,
        "Which share of revenue is margin (0.25 is a quarter)?",
        "only you know it; without it risks and dates are there, and gains of actions are not",
        NONE,
        accepts=wrong,
    )


def _changes(proposal: Proposal, answers: Answers) -> dict[str, Any]:
    """Every value of params.yaml that differs from what stands there, by dotted key."""
    held = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    wanted: dict[str, Any] = {}
    for name, field in SourceParams.model_fields.items():
        if name == "simulator":
            continue
        default = field.get_default(call_default_factory=True)
        plain = list(default) if isinstance(default, tuple) else default
        value = proposal.source.get(name, plain)
        if name in held["source"] or value != plain:
            wanted[f"source.{name}"] = value
    for name, value in proposal.source.items():
        wanted.setdefault(f"source.{name}", value)
    wanted |= {f"task.{name}": value for name, value in proposal.task.items()}
    wanted |= {f"task.{name}": "auto" for name in AUTO}
    wanted |= {"timeline.score_as_of": "auto", "timeline.test_as_of_dates": []}
    wanted["model.excluded_attributes"] = []
    margin = answers.given.get(MARGIN, NONE)
    wanted["actions.catalog"], _ = _catalog(proposal)
    wanted[MARGIN] = None if margin == NONE else float(margin)
    return {key: value for key, value in wanted.items() if _held(held, key) != (True, value)}


def _held(content: Any, key: str) -> tuple[bool, Any]:
    for part in key.split("."):
        if not isinstance(content, dict) or part not in content:
            return False, None
        content = content[part]
    return True, content


def _print(
    proposal: Proposal, proof: Proof | None, changes: Mapping[str, Any], answers: Answers
) -> None:
    _say("What it is taken for, and why", evidence(proposal))
    if proof:
        _say("What the check of all rows found", figures(proof))
    taken = [q for q in answers.unanswered() if q.default is not None]
    if taken:
        _say(
            "Answered by their default",
            (f"{q.key} = {q.default}: {q.why}" for q in taken),
        )
    _say("What changes in params.yaml", sections(changes))
    _say("Before you act on a plan", _warnings(proposal, proof, answers))


def _warnings(proposal: Proposal, proof: Proof | None, answers: Answers) -> Iterable[str]:
    path, catalog = _catalog(proposal)
    costs, misfit = catalog.currency, catalog.misfit(proposal.task.get("churn", ""))
    if misfit:
        yield misfit
    if path in SHIPPED.values():
        whose = "a company with subscriptions" if catalog.churn == "cancellation" else "a grocery"
        yield (
            f"{path} holds the actions of {whose} with costs in {costs}, and actions.budget is "
            "made for them. Put in your own."
        )
    if proof is None or not any(one.money is not None for one in proof.measured):
        yield "No column holds money: the plan goes by the risk of leaving, without gains."
        return
    currency, by_value = _currency(proof), "the plan goes by value at risk, without gains"
    if currency is None:
        yield (
            "Nothing names the currency of your amounts: until source.currency does, they are not "
            f"weighed against costs, and {by_value}."
        )
    elif not may_be(currency, costs):
        yield (
            f"Your amounts are in {currency}: {by_value}, until {path} has your own costs with "
            f"currency: {currency} at its top, and {MARGIN} your margin."
        )
    elif answers.given.get(MARGIN, NONE) == NONE:
        yield f"{MARGIN} is null, since nobody but you knows it: until you set it, {by_value}."


def _say(title: str, lines: Iterable[str]) -> None:
    print(f"\n{title}")
    for line in lines:
        print(f"  {line}")


def _asked(question: Question) -> str:
    """The answer of a person; an empty line takes the default."""
    print()
    for line in asked(question):
        print(f"  {line}")
    while True:
        try:
            text = input("  > ").strip()
        except EOFError:
            raise ParamsError(
                "The questions were not answered: params.yaml is as it was."
            ) from None
        if not text and question.default is not None:
            return question.default
        try:
            if text:
                return question.read(text)
        except ParamsError as error:
            print(f"  {error}")


def _accepted(proposal: Proposal) -> bool:
    answer = input("\nWrite this into params.yaml and run? [y/N] ").strip().lower()
    return answer in YES


def _needed(questions: list[Question]) -> str:
    lines = [line for question in questions for line in asked(question)]
    return "\n".join(
        [
            "These questions have no honest default:",
            *(f"  {line}" for line in lines),
            "Answer them in the same command (or run it without --yes, and it asks):",
            *flags(questions),
            "params.yaml is as it was.",
        ]
    )


def _answers(given: argparse.Namespace) -> dict[str, str]:
    """The answers of --answers (a YAML file of key: answer) and --answer key=answer."""
    found: dict[str, str] = {}
    if given.answers:
        try:
            content = yaml.safe_load(Path(given.answers).read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise ParamsError(f"{given.answers} could not be read: {error}") from None
        if not isinstance(content, dict):
            raise ParamsError(
                f"{given.answers} holds no answers: write lines such as timezone: UTC."
            )
        found |= {str(key): str(value) for key, value in content.items()}
    for pair in given.answer:
        key, mark, value = pair.partition("=")
        if not mark:
            raise ParamsError(f"--answer {pair}: write it as key=answer.")
        found[key.strip()] = value
    return found


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipelines.own_data", description=__doc__)
    parser.add_argument("--from", dest="path", required=True, help="a file or a folder")
    parser.add_argument("--yes", action="store_true", help="accept it with the defaults")
    parser.add_argument("--answers", help="a YAML file of answers, as key: answer")
    parser.add_argument("--answer", action="append", default=[], metavar="KEY=ANSWER")
    parser.add_argument("--dry-run", action="store_true", help="show it and write nothing")
    parser.add_argument("--no-run", dest="run", action="store_false", help="write, do not run")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    stage.run(main)
