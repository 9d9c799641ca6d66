"""The report of effects, as Markdown: what each action did in each quarter, and what is missing."""

from collections.abc import Iterable
from typing import Any

from actions.effects.assigned import LEFT_OUT
from actions.effects.checks import WARN

NOT_LISTED = "in no plan: the catalogue has no action of this id"
VERDICTS = {
    "better": "shown: better than doing nothing",
    "worse": "shown: worse than doing nothing",
    "not_shown": "no effect shown",
    "running": "running, nothing shown yet",
    "too_few": "not enough data yet",
}


def effects_text(facts: dict[str, Any]) -> str:
    """The whole report. `facts` are those of actions/effects/measuring.py."""
    parts = ["# What actions did"]
    if "as_of_date" in facts:
        parts.append(_introduction(facts))
    if "why_not" in facts:
        parts.append(facts["why_not"])
    parts.extend(
        f"`{name}` is not estimated: its arms are not as chance draws them "
        f"(sizes p = {found['sample_ratio_p']:.2g}, balance p = {found['balance_p']:.2g}). Look at "
        "how contacts are withheld, and at who writes the propensity."
        for name, found in facts.get("not_by_chance", {}).items()
    )
    if facts.get("learned"):
        parts.append(_learned(facts["learned"]))
    if facts.get("periods"):
        parts.append(_periods(facts["periods"]))
    if facts.get("programme"):
        parts.append(_programme(facts["programme"]))
    return "\n\n".join(parts) + "\n"


def _introduction(facts: dict[str, Any]) -> str:
    first, last = facts["window_days"]
    contacts, leaves = facts["contacts"], facts["churn_definition"] == "cancellation"
    stays = (
        f"has a running subscription {last} days after it"
        if leaves
        else f"buys on days {first} to {last - 1} after it"
    )
    lines = [
        f"As of {facts['as_of_date']}, data until {facts['data_until']}. Of {contacts['rows']:,} "
        f"contacts {contacts['by_chance']:,} were made or withheld by chance, and the outcome of "
        f"{contacts['closed']:,} is known: a customer stays who {stays}.",
        *(f"* {count:,} others {LEFT_OUT[name]}." for name, count in contacts["left_out"].items()),
    ]
    if facts["window_days"] != facts["wanted_window_days"]:
        first, last = facts["wanted_window_days"]
        lines.append(
            f"\nToo few contacts have closed over days {first} to {last}, which show better who "
            "was kept: a shorter window is used until they have."
        )
    return "\n".join(lines)


def _learned(learned: dict[str, Any]) -> str:
    sure = f"{learned['confidence']:.0%}"
    rows = [
        (
            f"`{one['action_id']}`",
            f"{one['treated']:,} / {one['withheld']:,}",
            _points(one["effect"]),
            f"{_points(one['low'])} to {_points(one['high'])}",
            _points(one["assumed_low"]),
            one["effect_source"] if one["in_catalogue"] else NOT_LISTED,
        )
        for one in learned["actions"]
    ]
    targeting = learned["targeting"]
    ours = targeting["learners"][learned["learner"]]
    ranked = (
        "Treating those ranked highest gains more than treating at random"
        if targeting["gains"]
        else "No gain from choosing whom to treat is shown"
    )
    return "\n\n".join(
        [
            "## What the plan counts on",
            "Average effect on today's customers, in percentage points of who stays. An action is "
            f"for customers for whom it pays by their lower bound, which holds with {sure}; of "
            "these the plan takes what gains most by the mean. Where an effect is assumed, the "
            "plan takes the catalogue's low.",
            _table(
                ("action", "treated / withheld", "effect", f"bounds ({sure} each)", "low", "used"),
                rows,
            ),
            f"Learner: `{learned['learner']}`. {ranked} (AUTOC {_points(ours['autoc'])}, "
            f"{_points(ours['low'])} to {_points(ours['high'])} points, on customers it has not "
            "seen). This is apart from the average: an action without an average effect may keep "
            "some and drive others away, and one with an effect may have the same on everybody.",
        ]
    )


def _periods(periods: list[dict[str, Any]]) -> str:
    rows = []
    for one in periods:
        closed, stays = one["closed"], one.get("stays") or {}
        spend, earned = one.get("spend") or {}, one.get("return") or {}
        rows.append(
            (
                one["period"],
                f"`{one['action_id']}`",
                f"{closed['treated']:,} / {closed['withheld']:,}",
                _range(stays, _points),
                _range(spend, _money),
                _money(earned["net"]["effect"]) if earned else "–",
                _checks(one),
                VERDICTS[one["verdict"]] + _missing(one),
            )
        )
    names = ("period", "action", "treated / withheld", "stay", "spend", "net", "chance", "verdict")
    return "\n\n".join(
        [
            "## By intended action and quarter",
            "Treated less withheld among those for whom the action was intended, whoever was "
            "really reached (intention to treat), adjusted for what was expected of each customer "
            "before. `stay` in percentage points, `spend` per customer in the window, `net` what "
            "is left of its margin after the cost of the contact. While a quarter runs the "
            "interval holds however often it is looked at. `chance`: how likely arms differ as "
            "much as these, in size and in what was known before, if chance drew them.",
            _table(names, rows),
        ]
    )


def _checks(one: dict[str, Any]) -> str:
    if "checks" not in one:
        return "–"
    sizes, balance = one["checks"]["sample_ratio_p"], one["checks"]["balance_p"]
    doubt = ": look at how arms are drawn" if min(sizes, balance) < WARN else ""
    return f"sizes p = {sizes:.3f}, balance p = {balance:.3f}{doubt}"


def _missing(one: dict[str, Any]) -> str:
    if one["verdict"] == "too_few":
        return f": {one['missing']} more contacts have to close in the smaller arm"
    if one["verdict"] in ("not_shown", "running"):
        smallest = (one.get("stays") or {}).get("smallest_shown", 0.0)
        # Where all stayed or all left, none can be named.
        return f"; an effect of {_points(smallest)} points would be" if smallest > 0 else ""
    return ""


def _programme(found: dict[str, Any]) -> str:
    count = found["customers"]
    lines = [
        "## All actions together",
        f"In the {found['window_days']} days from the first contact that was intended, "
        f"{count['programme']:,} customers of the programme against "
        f"{count['persistent_control']:,} of the persistent control, who are never treated:",
    ]
    told = []
    for name, label, words in (("stays", "stay", _points), ("spend", "spend", _money)):
        if "effect" in found.get(name, {}):
            one = found[name]
            told.append(
                f"* {label}: {words(one['effect'])} ({words(one['low'])} to {words(one['high'])})"
            )
    return "\n\n".join([*lines, "\n".join(told)])


def _range(outcome: dict[str, Any], words: Any) -> str:
    if "adjusted" not in outcome:
        return "–"
    between = outcome["interval"]
    told: str = words(outcome["adjusted"]["effect"])
    return f"{told} ({words(between['low'])} to {words(between['high'])})" if between else told


def _points(share: float) -> str:
    return f"{100 * share:+.2f}"


def _money(amount: float) -> str:
    return f"{amount:+,.2f}"


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(names)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
