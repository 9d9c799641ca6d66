"""The time plan as data: the horizons, and the as-of dates of every split."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from features.params import Churn
from features.timeline import date_of, day_of

VALUE_HORIZON = "task.value_horizon_days"


@dataclass(frozen=True)
class Choice:
    """A parameter that was `auto`, or had to give way: what it became, and why."""

    key: str
    value: int
    why: str


@dataclass(frozen=True)
class Split:
    """As-of days by split; `unused` lie between two splits, for their outcomes overlap the next."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    unused: tuple[int, ...]


@dataclass(frozen=True)
class Label:
    """The columns of a ready table: the label, its dates and the money at stake, where it has them.

    `has_unknown` says that customers without a label are scored, and nobody else.
    """

    column: str
    as_of: str | None
    value: str | None
    has_unknown: bool


@dataclass(frozen=True)
class Timeline:
    """The chosen horizons (days) and the as-of days (days since 1970-01-01) of each split.

    `value_train` and `value_test` are the dates whose value outcomes close: the value horizon may
    be longer than the horizon, and then has a split of its own. Where `value_horizon_days` is
    longer than any that closes, values are learned over `extrapolated_from` days and extrapolated
    from there; else that is None. `churn` is what leaving means: `lapse`, no purchase within the
    horizon, of those who bought in the last `active_within_days`; `cancellation`, no running
    subscription at its end, of those with one at the as-of date. For a cancellation
    `active_within_days` selects nobody: it is the history before the first date; `label`, what the
    column of a ready table says, which is in `label`. `rung` is the
    split's place on the ladder of features/planning/rungs.py, and `days_to_next_rung` are the days
    of history that would carry a higher one. `is_seasonal` says that nearly all purchases fall into
    one season, and the dates of the past lie at the phase of the score date.
    """

    horizon_days: int
    active_within_days: int
    value_horizon_days: int
    data_from: int
    data_until: int
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    unused: tuple[int, ...]
    score: int
    value_train: tuple[int, ...]
    value_test: tuple[int, ...]
    choices: tuple[Choice, ...]
    churn: Churn = "lapse"
    extrapolated_from: int | None = None
    rung: int = 1
    days_to_next_rung: int | None = None
    is_seasonal: bool = False
    label: Label | None = None

    @property
    def learned_value_days(self) -> int:
        """Days over which values are learned and judged: their outcomes close."""
        return self.extrapolated_from or self.value_horizon_days

    @property
    def windows(self) -> tuple[int, int]:
        """Days of the two outcome windows: of leaving, and of value."""
        return self.horizon_days, self.learned_value_days

    @property
    def history_days(self) -> int:
        """Days of history at the first training date; without one, at the score date."""
        return min((*self.train, self.score)) - self.data_from

    @property
    def told_task(self) -> dict[str, str | int | None]:
        """The question that models answer: they can score a later run with the same question.

        None stands for what a plan without training dates leaves to the models.
        """
        learned: int | None = self.learned_value_days
        value: int | None = self.value_horizon_days
        if not self.train:
            is_chosen = VALUE_HORIZON in {choice.key for choice in self.choices}
            learned, value = None, None if is_chosen else value
        of_a_table = {} if self.label is None else {"label": self.label.column}
        return of_a_table | {
            "churn": self.churn,
            "horizon_days": self.horizon_days,
            "active_within_days": self.active_within_days,
            "value_horizon_days": value,
            "learned_value_days": learned,
        }

    def with_values_of(self, task: Mapping[str, Any]) -> "Timeline":
        """This plan with the value horizons of the `told_task` of models that score by it.

        They differ only where the history is too short to plan any, and models of an earlier run
        go on scoring.
        """
        predicted = task["value_horizon_days"] or self.value_horizon_days
        learned = task.get("learned_value_days") or predicted
        return replace(
            self,
            value_horizon_days=predicted,
            extrapolated_from=learned if learned < predicted else None,
        )

    def split_of(self, as_of: int) -> str:
        """The split that an as-of day belongs to."""
        for name in ("train", "validation", "test", "unused"):
            if as_of in getattr(self, name):
                return name
        return "score"

    def as_of_days(self) -> tuple[int, ...]:
        """Every day that needs a snapshot, in order."""
        return tuple(sorted({*self.train, *self.validation, *self.test, *self.unused, self.score}))

    def before_score(self, days: int) -> int | None:
        """The latest as-of day at least `days` before the score date; None when there is none."""
        return max((day for day in self.as_of_days() if day <= self.score - days), default=None)

    def to_json(self) -> dict[str, Any]:
        """The plan with dates as ISO text: what people and `from_json` read."""
        content = asdict(self)
        if self.label is None:
            del content["label"]
        for name in _DAYS:
            content[name] = date_of(content[name]).isoformat()
        for name in _DAY_LISTS:
            content[name] = [date_of(day).isoformat() for day in content[name]]
        return content

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Timeline":
        """The reverse of `to_json`."""
        fields = dict(content)
        for name in _DAYS:
            fields[name] = day_of(date.fromisoformat(fields[name]))
        for name in _DAY_LISTS:
            fields[name] = tuple(day_of(date.fromisoformat(day)) for day in fields[name])
        fields["choices"] = tuple(Choice(**choice) for choice in fields["choices"])
        if fields.get("label"):
            fields["label"] = Label(**fields["label"])
        return cls(**fields)


_DAYS = ("data_from", "data_until", "score")
_DAY_LISTS = ("train", "validation", "test", "unused", "value_train", "value_test")
