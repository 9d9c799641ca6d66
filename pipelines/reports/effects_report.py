"""The report of effects as a page: what each action did in each quarter, and what is missing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from actions.effects.average import CONFIDENCE
from actions.effects.checks import WARN
from actions.effects.report import NOT_BY_CHANCE, REFUSED
from models.leaving import CANCELLATION
from pipelines.reports.markdown_table import markdown_table
from serving.cards.action_words import Actions, action_name
from serving.wording.languages import Language
from serving.wording.sentences import sentence

SMALLEST_P = 0.001  # a smaller p-value is only said to be below it


def effects_report(
    facts: Mapping[str, Any], actions: Actions, currency: str | None, language: Language
) -> str:
    """The report as Markdown. `facts` are those of actions/effects/measuring.py.

    `actions` are those of the catalogue, `currency` is that of the data.
    """
    writer = _Writer(facts, actions, currency, language)
    parts = (writer.beginning(), writer.learned(), writer.periods(), writer.programme())
    return "\n\n".join(text for part in parts for text in part) + "\n"


class _Writer:
    """Sections in one language; each yields paragraphs and tables."""

    def __init__(
        self,
        facts: Mapping[str, Any],
        actions: Actions,
        currency: str | None,
        language: Language,
    ) -> None:
        self.facts, self.actions, self.language = facts, actions, language
        self.currency = {} if currency is None else {"currency": currency}

    def beginning(self) -> Iterator[str]:
        """Which contacts show what actions did, and why nothing is estimated where it is not."""
        facts = self.facts
        yield "# " + self._say("title", as_of_date=facts.get("as_of_date"))
        if "contacts" in facts:
            yield from self._contacts()
        if "why_not" in facts:
            why = facts["why_not"]
            yield sentence(why["message_key"], self.language, **why["values"])
        for name, found in facts.get("not_by_chance", {}).items():
            yield self._say("not_by_chance", action=self._action(name), **self._chances(found))

    def _contacts(self) -> Iterator[str]:
        facts = self.facts
        contacts, (first, last) = facts["contacts"], facts["window_days"]
        leaves = facts["churn_definition"] == CANCELLATION
        told = [self._say("log", data_until=facts["data_until"], **contacts)]
        if contacts["by_chance"]:
            told.append(self._say("contacts", **contacts))
            told.append(
                self._say("stays.subscription", days=last)
                if leaves
                else self._say("stays.purchase", first=first, last=last - 1)
            )
        yield " ".join(told)
        if contacts["left_out"]:
            yield self._say("others_left_out" if contacts["by_chance"] else "all_left_out")
            yield "\n".join(
                f"* {self._say(f'left_out.{name}', contacts=count)}"
                for name, count in contacts["left_out"].items()
            )
        if facts["window_days"] != facts["wanted_window_days"]:
            first, last = facts["wanted_window_days"]
            yield self._say("shorter_window", first=first, last=last - 1)

    def learned(self) -> Iterator[str]:
        """The effects that the plan counts on, and whether choosing customers gains anything."""
        learned = self.facts.get("learned")
        if not learned:
            return
        yield "## " + self._say("learned")
        yield self._say("learned_note", confidence=learned["confidence"], alone=CONFIDENCE)
        rows = [
            [
                self._action(one["action_id"]),
                self._counts(one),
                self._say("points", effect=one["effect"], low=one["low"], high=one["high"]),
                self._alone(one["contacts_alone"]),
                self._say("points", effect=one["assumed_low"]),
                sentence(f"effect_source.{one['effect_source']}", self.language)
                if one["in_catalogue"]
                else self._say("not_listed"),
            ]
            for one in learned["actions"]
        ]
        yield self._table(("action", "compared", "effect", "alone", "assumed_low", "used"), rows)
        targeting = learned["targeting"]
        gains = self._say("targeting.gains" if targeting["gains"] else "targeting.not_shown")
        yield f"{gains} {self._say('targeting.apart')}"
        ranked = targeting["learners"][learned["learner"]]
        yield self._say("for_the_data_scientist", learner=learned["learner"], **ranked)

    def periods(self) -> Iterator[str]:
        """What each action did in each quarter, whether chance drew its arms, and the verdict."""
        if not self.facts.get("periods"):
            return
        yield "## " + self._say("periods")
        yield self._say("periods_note", confidence=CONFIDENCE)
        yield self._say("periods_columns")
        yield self._say("chance_note", doubtful=WARN, refused=REFUSED)
        columns = ("quarter", "action", "known", "stay", "spend", "net", "chance", "verdict")
        yield self._table(columns, [self._period(one) for one in self.facts["periods"]])

    def _period(self, one: Mapping[str, Any]) -> list[str]:
        year, quarter = one["period"].split("Q")
        net = (one.get("return") or {}).get("net")
        is_told = one["verdict"] != NOT_BY_CHANCE
        stays = one.get("stays", {})
        smallest = stays.get("smallest_shown", 0.0)
        return [
            self._say("quarter", quarter=quarter, year=year),
            self._action(one["action_id"]),
            self._counts(one["closed"]),
            self._difference("points", stays) if is_told else "–",
            self._difference("money", one.get("spend")) if is_told else "–",
            self._say("money", effect=net["effect"]) if net and is_told else "–",
            self._drawn(one.get("checks"), is_told),
            self._say(
                f"verdict.{one['verdict']}",
                missing=one.get("missing"),
                # Where all stayed or all left, none can be named.
                smallest=smallest if smallest > 0 else None,
            ),
        ]

    def programme(self) -> Iterator[str]:
        """What all actions do together."""
        found = self.facts.get("programme")
        if not found:
            return
        yield "## " + self._say("programme")
        yield self._say("programme_note", days=found["window_days"], **found["customers"])
        yield "\n".join(
            f"* {self._say(f'together.{name}', difference=self._say(form, **found[name]))}"
            for name, form in (("stays", "points"), ("spend", "money"))
            if name in found
        )

    def _alone(self, found: Mapping[str, Any] | None) -> str:
        """What contacts show by themselves, where they are enough."""
        if found is None:
            return "–"
        return self._say("points", **{name: found[name] for name in ("effect", "low", "high")})

    def _difference(self, form: str, outcome: Mapping[str, Any] | None) -> str:
        """The adjusted difference and its interval, where there is one."""
        if not outcome:
            return "–"
        interval = outcome["interval"] or {}
        return self._say(form, effect=outcome["adjusted"]["effect"], **interval)

    def _drawn(self, checks: Mapping[str, float] | None, is_told: bool) -> str:
        """How often chance makes such arms; who has to look, where the verdict does not say so."""
        if checks is None:
            return "–"
        doubtful = is_told and min(checks.values()) < WARN
        return self._say("drawn.doubtful" if doubtful else "drawn.usual", **self._chances(checks))

    def _chances(self, checks: Mapping[str, float]) -> dict[str, str]:
        return {
            name: self._say("chance", share=p)
            if p >= SMALLEST_P
            else self._say("small_chance", share=SMALLEST_P)
            for name, p in (("sizes", checks["sample_ratio_p"]), ("known", checks["balance_p"]))
        }

    def _counts(self, count: Mapping[str, Any]) -> str:
        return self._say("counts", treated=count["treated"], withheld=count["withheld"])

    def _action(self, name: str) -> str:
        """The catalogue's name; of an action that it no longer has, the id in the contacts."""
        if name in self.actions:
            return action_name(name, self.actions, self.language)
        return f"`{name}`"

    def _say(self, key: str, **values: Any) -> str:
        return sentence(f"effects_report.{key}", self.language, **self.currency, **values)

    def _table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        return markdown_table([self._say(f"column.{name}") for name in columns], rows)
