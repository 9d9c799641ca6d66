"""The plan as a page: totals, what limits and gates cost, who gets what, what it can show."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from actions.plan.holdout import PERSISTENT
from actions.plan.withheld import GIVEN
from pipelines.reports.markdown_table import markdown_table
from serving.cards.action_words import action_name, actions_of
from serving.wording.languages import Language
from serving.wording.sentences import field_label, label, sentence
from sources.meanings.vocabulary import DO_NOTHING

SEGMENTS = ("rfm_segment", "risk_band")  # the first that the cards have
SOURCES = ("assumed", "estimated")  # of effects: never added up
Never = Literal["anything", "actions", "programme"]
PROGRAMME: Never = "programme"


def never_shown(summary: Mapping[str, Any]) -> Never | None:
    """What no number of plans with these shares shows, since nothing is withheld to compare with.

    `summary` is that of a plan; None where each action and the programme are compared.
    """
    arms = summary.get("arms", {})
    by_lot = arms.get("holdout_share_by") != GIVEN or summary["holdout_share"] > 0
    for_good = arms.get("persistent_control") != 0  # a plan of older code does not say
    if by_lot:
        return None if for_good else PROGRAMME
    return "actions" if for_good else "anything"


def plan_report(plan: pd.DataFrame, summary: dict[str, Any], language: Language) -> str:
    """The report as Markdown. `plan` is what was `decided` of everybody, with its `summary`."""
    writer = _Writer(plan, summary, language)
    parts = (writer.totals(), writer.gates(), writer.segments(), writer.arms(), writer.missing())
    return "\n\n".join(text for part in parts for text in part) + "\n"


class _Writer:
    """Sections in one language; each yields paragraphs and tables."""

    def __init__(self, plan: pd.DataFrame, summary: dict[str, Any], language: Language) -> None:
        self.plan, self.summary, self.language = plan, summary, language
        self.actions = actions_of(summary)
        self.chosen = plan[plan["intended_action"] != DO_NOTHING]

    def totals(self) -> Iterator[str]:
        """What is planned, by action, and what the limits do."""
        summary = self.summary
        as_of = self.plan["as_of_date"].iloc[0].date() if len(self.plan) else None
        yield "# " + self._say("title", as_of_date=as_of)
        yield self._say("intro", customers=len(self.plan), chosen=len(self.chosen))
        if summary["objected"]:
            yield self._say("objected", customers=summary["objected"])
        if self.plan.empty:
            return
        if summary["no_gains"]:
            why = sentence(f"why.{summary['no_gains']}", self.language)
            yield f"{why}. " + sentence(f"ranked.{summary['ranked_by']}", self.language)
        if unpaid := summary["unpaid"]["customers"]:
            yield sentence("page.planned_unpaid", self.language, unpaid=unpaid)
        yield "## " + self._say("totals")
        yield self._by_action()
        planned = float(self.chosen["expected_cost"].sum())
        yield self._say("budget", **{**summary["budget"], "intended": planned})
        for source in self._sources():
            its = self.chosen[self.chosen["effect_source"] == source]
            gain = its["expected_gain"]
            carried_out = float(gain[~its["withheld"]].sum())
            yield self._say(f"gain.{source}", carried_out=carried_out, planned=float(gain.sum()))
        if summary["marginal_return"] is not None:
            is_bound = summary["marginal_return"] > 0
            yield self._say(
                "last_money" if is_bound else "enough_money", gain=summary["marginal_return"]
            )
        limits = {self._name("channel", n): one for n, one in summary["capacities"].items()}
        if summary["owner_capacity"]:
            limits[self._say("busiest_owner")] = summary["owner_capacity"]
        if limits:
            rows = [
                [name, self._number(one["intended"]), self._number(one["limit"])]
                for name, one in limits.items()
            ]
            yield self._table(("channel", "contacts", "capacity"), rows)

    def gates(self) -> Iterator[str]:
        """How often each gate stopped an action, and what it costs."""
        stopped, costs = self.summary["blocked"], self.summary["gate_costs"]
        if not stopped:
            return
        yield "## " + self._say("gates")
        if costs:
            yield self._say("gates_note")
        rows = [
            [
                self._name("blocked", gate),
                self._number(count),
                self._amount(costs.get(gate)) if costs else "–",
            ]
            for gate, count in sorted(stopped.items(), key=lambda one: -costs.get(one[0], 0.0))
        ]
        yield self._table(("gate", "stopped", "gate_cost"), rows)

    def segments(self) -> Iterator[str]:
        """How many of each segment are offered what."""
        by = next((name for name in SEGMENTS if name in self.plan), None)
        if by is None or self.chosen.empty:
            return
        yield "## " + self._say("segments")
        groups = self.plan.groupby([by, "intended_action"], observed=True)
        table = groups.size().unstack(fill_value=0)
        rows = [
            [self._name(by, str(name)), *(self._number(count) for count in counts)]
            for name, counts in zip(table.index, table.to_numpy(), strict=True)
        ]
        names = [self._action(str(name)) for name in table.columns]
        head = [field_label(by, self.language), *names]
        yield markdown_table(head, rows)

    def arms(self) -> Iterator[str]:
        """Who is withheld by what, who explores, and which effects will be shown by when."""
        arms = self.summary["arms"]
        if self.plan.empty or self.summary["unpaid"]["customers"]:
            return  # nobody is contacted, and no arm was drawn
        yield "## " + self._say("arms")
        never = never_shown(self.summary)
        if never in (None, PROGRAMME):
            share = f"holdout_share.{arms['holdout_share_by']}"
            yield sentence(share, self.language, share=self.summary["holdout_share"])
        if never:
            yield self._say(f"never_shown.{never}")
        permanent = int(self.plan["persistent_control"].sum())
        held = arms["withheld_by"].get(PERSISTENT, 0)
        if permanent:
            yield self._say("permanent", customers=permanent, withheld=held)
        if arms["explored"]:
            yield self._say("explored", customers=arms["explored"])
        shows = arms["can_show"]
        if shows is None or not shows["customers_per_plan"]:
            return
        yield self._say("shown", **{name: shows[name] for name in ("base_rate", "explained")})
        if never not in (None, PROGRAMME):
            yield self._say("if_withheld", share=shows["share"])
        rows = [
            [
                self._say("day", date=one["date"]),
                self._number(one["plans"]),
                self._number(one["customers"]),
                self._effect(one["smallest_effect"]),
            ]
            for one in shows["by_date"]
        ]
        yield self._table(("by_date", "plans", "compared", "smallest_effect"), rows)
        yield self._say("what_shown", confidence=shows["confidence"], power=shows["power"])
        if permanent and shows["programme"] is not None:
            yield self._say("programme", effect=shows["programme"])

    def missing(self) -> Iterator[str]:
        """Which tables are missing, and what that costs."""
        keys = self.summary["missing_tables"].values()
        if keys:
            yield "## " + self._say("missing")
            yield "\n".join(f"* {sentence(key, self.language)}" for key in keys)

    def _by_action(self) -> str:
        columns = ["action", "customers", "carried_out", "withheld", "cost"]
        sources = self._sources()
        columns += [f"gain_{source}" for source in sources]
        rows = []
        for name, one in self.plan.groupby("intended_action", observed=True):
            held = int(one["withheld"].sum())
            counts = [self._number(n) for n in (len(one), len(one) - held, held)]
            if name == DO_NOTHING:
                counts[1] = "–"
            cells = [self._action(str(name)), *counts, self._amount(one["expected_cost"].sum())]
            for source in sources:
                gains = one.loc[one["effect_source"] == source, "expected_gain"]
                cells.append(self._amount(float(gains.sum())) if len(gains) else "–")
            rows.append(cells)
        return self._table(columns, rows)

    def _sources(self) -> list[str]:
        """Where the effects of planned actions come from; none where no gains are known."""
        if "expected_gain" not in self.chosen:
            return []
        return [name for name in SOURCES if (self.chosen["effect_source"] == name).any()]

    def _say(self, key: str, **values: Any) -> str:
        return sentence(f"plan_report.{key}", self.language, **self._money(**values))

    def _money(self, **values: Any) -> dict[str, Any]:
        currency = self.summary["currency"]
        return values if currency is None else {"currency": currency, **values}

    def _action(self, name: str) -> str:
        return action_name(name, self.actions, self.language)

    def _name(self, family: str, code: str) -> str:
        return label(f"{family}.{code}", self.language)

    def _number(self, value: int) -> str:
        return self._say("count", n=int(value))

    def _amount(self, value: float | None) -> str:
        return "–" if value is None else self._say("amount", value=float(value))

    def _effect(self, value: float | None) -> str:
        return self._say("nothing") if value is None else self._say("effect", effect=value)

    def _table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        return markdown_table([self._say(f"column.{name}") for name in columns], rows)
