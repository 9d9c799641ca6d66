"""Visits many companies one after the other: how each run ended, and failures made small."""

import re
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.zoo.checks import broken
from benchmarks.zoo.company import Company
from benchmarks.zoo.recipe import Recipe, draw
from benchmarks.zoo.shrink import Budget, reduced
from benchmarks.zoo.walk import Walk, company_of, walked

TWICE = 5  # every fifth company is run twice
OURS = re.compile(
    r'File ".*?/((?:sources|features|models|actions|serving|pipelines)/\S+)", line (\d+)'
)


@dataclass(frozen=True)
class Visit:
    """What became of one company. `broken`: sentences by check; `reduced`: the smallest company."""

    seed: int
    recipe: str
    lines: int
    end: str  # models, rule, insufficient_data, or the class of the error
    said: str
    seconds: float
    broken: dict[str, list[str]]
    signature: str = ""
    reduced: str = ""

    def to_json(self) -> dict[str, Any]:
        """The visit as plain data."""
        return asdict(self)


def visit(seed: int, budget: Budget | None = None, known: Collection[str] = ()) -> Visit:
    """Draw the company of a seed, run the pipeline, check it, and reduce it where a check fails.

    A failure that is `known` already is not reduced again.
    """
    started = time.monotonic()
    recipe, twice = draw(seed), seed % TWICE == 0
    company = company_of(recipe)
    with walked(company, recipe.before, twice) as walk:
        found, end, said = broken(walk), end_of(walk), walk.ended.error
        signature = signature_of(walk, found)
        crash, stage = walk.ended.crash, walk.ended.stage
    least = ""
    if found and budget is not None and signature not in known:
        least = _least(recipe, signature, twice, budget, stage if crash else None)
    return Visit(
        seed=seed,
        recipe=recipe.told(),
        lines=company.lines(),
        end=end,
        said=said or (crash.strip().splitlines()[-1] if crash else ""),
        seconds=round(time.monotonic() - started, 1),
        broken=found,
        signature=signature,
        reduced="\n".join(part for part in (crash, least) if part) if found else "",
    )


def end_of(walk: Walk) -> str:
    """How a run ended, in one word."""
    if walk.ended.crash:
        return "traceback"
    if not walk.ended.through:
        return walk.ended.error.split(":")[0]
    statuses = set(walk.cards["status"])
    return next(s for s in ("scored", "rule", "insufficient_data", *statuses) if s in statuses)


def signature_of(walk: Walk, found: dict[str, list[str]]) -> str:
    """What distinguishes faults: the place of a traceback, or the checks that fail."""
    if walk.ended.crash:
        place = OURS.findall(walk.ended.crash)
        kind = walk.ended.crash.strip().splitlines()[-1].split(":")[0]
        return f"{kind} at {place[-1][0]}:{place[-1][1]}" if place else kind
    return " ".join(sorted(found))


def _least(recipe: Recipe, signature: str, twice: bool, budget: Budget, crashed: str | None) -> str:
    """The smallest company that fails in the same way, as text; `crashed` is a stage.

    It is the stage of a traceback, after which nothing has to be run.
    """

    def fails(company: Company, candidate: Recipe) -> bool:
        if crashed:  # no stage after it is of interest
            with walked(company, candidate.before, last=crashed) as walk:
                return bool(walk.ended.crash) and signature_of(walk, {}) == signature
        with walked(company, candidate.before, twice and "twice" in signature) as walk:
            return signature_of(walk, broken(walk)) == signature

    return reduced(recipe, company_of, fails, budget).told()


def table(visits: list[Visit]) -> str:
    """How the runs ended, what they took, and which checks failed where."""
    ends = Counter(one.end for one in visits)
    lines = [f"{len(visits)} companies, {sum(one.seconds for one in visits):,.0f} seconds", ""]
    lines += ["| the road ends with | companies |", "|---|---|"]
    lines += [f"| {end} | {count} |" for end, count in ends.most_common()]
    refused: dict[str, list[Visit]] = {}
    for one in visits:
        if one.said and not one.broken:
            refused.setdefault(re.sub(r"\d[\d,.-]*", "…", one.said)[:90], []).append(one)
    lines += ["", "| refused | companies | seeds | in words |", "|---|---|---|---|"]
    for ones in sorted(refused.values(), key=len, reverse=True):
        words = ones[0].said.partition(": ")[2][:200]
        lines.append(f"| {ones[0].end} | {len(ones)} | {_seeds(ones)} | {words} |")
    failing: dict[str, list[Visit]] = {}
    for one in visits:
        if one.broken:
            failing.setdefault(one.signature, []).append(one)
    lines += ["", "| what does not hold | companies | seeds | first |", "|---|---|---|---|"]
    for signature, ones in sorted(failing.items(), key=lambda pair: -len(pair[1])):
        first = next(iter(ones[0].broken.values()))[0][:160]
        lines.append(f"| {signature} | {len(ones)} | {_seeds(ones)} | {first} |")
    if not failing:
        lines.append("| nothing | 0 | | |")
    return "\n".join(lines)


def _seeds(visits: list[Visit]) -> str:
    return " ".join(str(one.seed) for one in visits[:8])
