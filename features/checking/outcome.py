"""What a check of the company's own code found, one line for each promise that code has to keep."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ibis.common.annotations import SignatureValidationError

from core.errors import RegularsError

T = TypeVar("T")
NO_AGGREGATE = (
    "it does not bring a customer's rows down to one value: end it with an aggregate such as "
    ".sum(), .max() or .count()"
)


@dataclass(frozen=True)
class Outcome:
    """Whether `what` keeps a `promise`; `passed` is None where it was not tried, and `says` why."""

    what: str
    promise: str
    passed: bool | None
    says: str = ""


class OwnCodeFailedError(RegularsError):
    """Code of the company's own raised; the message says what and where."""


def tried(run: Callable[[], T]) -> T:
    """What the company's own code gives; whatever it raises becomes an OwnCodeFailedError."""
    try:
        return run()
    except RegularsError as error:
        raise OwnCodeFailedError(str(error)) from error
    except SignatureValidationError as error:  # Ibis tells of its own classes
        raise OwnCodeFailedError(NO_AGGREGATE) from error
    except Exception as error:  # it may raise anything, and the table says what
        raise OwnCodeFailedError(_in_words(error)) from error


def _in_words(error: Exception) -> str:
    """The error's first line, and the line of code that raised it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''} ({last.filename}:{last.lineno})"
