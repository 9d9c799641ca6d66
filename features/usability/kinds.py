"""Findings on events of the company's own kinds: which give features, and which do not."""

from collections.abc import Sequence

from features.families.own_events import MAX_KINDS, MIN_CUSTOMERS, OwnKind
from features.usability.finding import Finding
from sources.notes import Said

MAX_NAMED = 5  # kinds that a finding names


def kind_findings(kinds: Sequence[OwnKind]) -> list[Finding]:
    """One finding for the kinds with features of their own, and one for each reason against it."""
    by_reason = {
        why: [kind for kind in kinds if kind.why_not == why]
        for why in (None, "rare", "beyond_limit")
    }
    return [_finding(why, found) for why, found in by_reason.items() if found]


def _finding(why_not: str | None, kinds: Sequence[OwnKind]) -> Finding:
    rows, named = sum(kind.rows for kind in kinds), _listed(kinds)
    more = len(kinds) - MAX_NAMED if len(kinds) > MAX_NAMED else None
    parts = [
        Said("own_kind", kind=kind.kind, rows=kind.rows, customers=kind.customers)
        for kind in kinds[:MAX_NAMED]
    ]
    if why_not is None:
        return Finding(
            "own_kinds",
            "advice",
            "events",
            "kind",
            rows,
            f"kinds of your own give features under their own names (how often, how long ago, "
            f"trend, values): {named}",
            "nothing is needed; a kind that means a known one is mapped with source.derive",
            said=Said("own_kinds", kinds=parts, more=more),
        )
    if why_not == "rare":
        return Finding(
            "own_kinds_not_used",
            "advice",
            "events",
            "kind",
            rows,
            f"kinds of your own that fewer than {MIN_CUSTOMERS} customers have, kept and not "
            f"used: {named}",
            "bring more of them, or give kinds that mean the same one name with source.derive",
            said=Said("own_kinds.rare", least=MIN_CUSTOMERS, kinds=parts, more=more),
        )
    return Finding(
        "own_kinds_not_used",
        "warning",
        "events",
        "kind",
        rows,
        f"kinds of your own beyond the {MAX_KINDS} most frequent ones, kept and not used: {named}",
        "give kinds that mean the same one name with source.derive, or leave out with "
        "source.filter what says nothing about customers",
        said=Said("own_kinds.beyond_limit", most=MAX_KINDS, kinds=parts, more=more),
    )


def _listed(kinds: Sequence[OwnKind]) -> str:
    named = ", ".join(
        f"{kind.kind} ({kind.rows:,} rows of {kind.customers:,} customers)"
        for kind in kinds[:MAX_NAMED]
    )
    more = len(kinds) - MAX_NAMED
    return named + (f" and {more:,} more" if more > 0 else "")
