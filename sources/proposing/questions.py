"""Questions that only a person can answer, each with a default where one is honest, and answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import ParamsError, did_you_mean

NONE = "none"


@dataclass(frozen=True)
class Option:
    """One answer: `value` is what is typed, `says` what it means."""

    value: str
    says: str = ""


def _nothing(_: str) -> str:
    """Nothing is wrong with any answer."""
    return ""


@dataclass(frozen=True)
class Question:
    """What is asked under a key such as `orders.event_time`, and what happens without an answer.

    `why` is the reason for the default, or why there is no honest one. Besides the options a
    text is an answer if `accepts`, which says what is wrong with one, is given and says nothing.
    """

    key: str
    asks: str
    why: str
    default: str | None = None
    options: tuple[Option, ...] = ()
    accepts: Callable[[str], str] = _nothing

    def read(self, answer: str) -> str:
        """An answer as its value; a number chooses among the options.

        Raises ParamsError for what is no answer.
        """
        text = answer.strip()
        values = [option.value for option in self.options]
        if text in values:
            return text
        by_lower = {value.lower(): value for value in values}
        if text.lower() in by_lower:
            return by_lower[text.lower()]
        if text.isdigit() and 1 <= int(text) <= len(values):
            return values[int(text) - 1]
        wrong = self.accepts(text)
        if self.accepts is _nothing:
            wrong = f"the answers are: {', '.join(values)}" if values else ""
        if wrong:
            raise ParamsError(f"{text!r} is no answer to {self.key}: {wrong}.")
        return text


class Answers:
    """Answers given so far, and the questions that were put while a proposal was made."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self.given = dict(given or {})
        self.asked: dict[str, Question] = {}

    def to(self, question: Question) -> str | None:
        """The answer given, else the default; None where there is neither.

        Raises ParamsError for an answer that is none.
        """
        self.asked[question.key] = question
        if question.key in self.given:
            return question.read(self.given[question.key])
        return question.default

    def unanswered(self) -> list[Question]:
        """The questions put to which no answer was given, whether or not there is a default."""
        return [q for key, q in self.asked.items() if key not in self.given]

    def without_default(self) -> list[Question]:
        """Those of them that nothing can be done without."""
        return [q for q in self.unanswered() if q.default is None]

    def refuse_strange(self) -> None:
        """Raises ParamsError for an answer to a question that was not put."""
        for key in self.given:
            if key not in self.asked:
                raise ParamsError(
                    f"{key} was not asked.{did_you_mean(key, self.asked)} Asked were: "
                    f"{', '.join(self.asked) or 'no questions'}."
                )
