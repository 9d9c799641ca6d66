"""Every error Regulars raises on purpose.

RegularsError
├── ParamsError            params.yaml: an unknown key, a value out of range
├── SourceError            raw data cannot be read: missing, empty, unreadable, delivered twice
│   └── TableError         a table breaks its contract: missing column, too many bad rows
├── TimelineError          no honest split of the data by date exists
│   └── ShortHistoryError  the history is too short for one: a rule scores instead
├── DataGateError          too few customers, events or outcomes for a model
│   ├── OneSidedError      enough customers, but all of them stay or all leave
│   └── TooLittleError     below the data gates: a rule scores instead
├── LeakError              a feature or the model predicts too well to be true
├── ExtensionError         code of the company's own cannot be run, or breaks a promise
├── CatalogError           actions.yaml cannot be used
├── TrialError             arms and outcomes cannot be evaluated: one arm only, nothing measured
├── ArtifactError          a saved model or release is incomplete or was changed
├── SettingsError          a REGULARS_* variable is unknown or out of range
├── StoreError             the store cannot be used: not reachable, of another version, busy
│   ├── NoReleaseError     nothing was published yet
│   └── WriteError         the store takes no writes now: full, read-only, or others write
│       └── ReadOnlyError  this service is set to write nothing
├── QueryError             the store cannot answer what was asked; kinds: serving/store/errors.py
├── AccessError            a caller is not known or may not do this; kinds: serving/people/errors.py
├── AccountError           a key or a user cannot be made, found or changed
├── MailError              a digest could not be sent, or not all of them could be made
├── AuditError             the audit log was changed by something else than the service
└── EnvironmentProblem     the machine: no git repository, a full disk, a missing tool

A message says what is wrong, where, and what to do. The stages print it without a traceback.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

ALIKE = 0.5  # similarity by difflib: "date" may mean order_date, but not delivered_at


class RegularsError(Exception):
    """Base of all expected errors: the message is written for the person who reads it."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Kinds that take more than the message are pickled too: an error of a worker is told here.
        return _as_raised, (type(self), self.args), self.__dict__


def _as_raised(kind: type[RegularsError], said: tuple[Any, ...]) -> RegularsError:
    return kind.__new__(kind, *said)


class ParamsError(RegularsError):
    """params.yaml holds an unknown key or a value out of range."""


class SourceError(RegularsError):
    """Raw data cannot be read."""


class TableError(SourceError):
    """A table breaks the column contract."""


class TimelineError(RegularsError):
    """No split of the data by date keeps training, validation and test apart."""


class ShortHistoryError(TimelineError):
    """The history is too short for a split; `distance` is (have, need) days by `history_days`."""

    def __init__(self, message: str, distance: dict[str, tuple[int, int]]) -> None:
        super().__init__(message)
        self.distance = distance


class DataGateError(RegularsError):
    """Too few customers, events or outcomes to fit or judge a model."""


class OneSidedError(DataGateError):
    """Enough customers, but all of them stay or all of them leave."""


class TooLittleError(DataGateError):
    """Below the data gates; `distance` is (have, need) by customers, leavers and stayers."""

    def __init__(self, message: str, distance: dict[str, tuple[int, int]]) -> None:
        super().__init__(message)
        self.distance = distance


class LeakError(RegularsError):
    """A feature or the model predicts the outcome too well to be true."""


class ExtensionError(RegularsError):
    """Code of the company's own (`extensions.folder`) cannot be run, or breaks a promise."""


class CatalogError(RegularsError):
    """The action catalogue cannot be used."""


class TrialError(RegularsError):
    """Arms and outcomes cannot be evaluated: one arm only, nothing measured."""


class ArtifactError(RegularsError):
    """A saved model or release is incomplete or was changed after it was written."""


class SettingsError(RegularsError):
    """An environment variable REGULARS_* is unknown or out of range."""


class StoreError(RegularsError):
    """The store of published releases cannot be used."""


class NoReleaseError(StoreError):
    """Nothing was published into the store yet."""


class WriteError(StoreError):
    """The store can be read and takes no writes now: it is full, read-only, or others write."""


class ReadOnlyError(WriteError):
    """The service is set to read only: nothing is ever written through it."""


class QueryError(RegularsError):
    """The store works, and cannot answer what was asked of it."""


class AccessError(RegularsError):
    """Whoever asks is not known to the service, or may not do this."""


class AccountError(RegularsError):
    """A key or a user cannot be made, found or changed as asked."""


class MailError(RegularsError):
    """A digest could not be handed to the mail server, or some could not be made."""


class AuditError(RegularsError):
    """The audit log is not the one that was written: an entry was changed, removed or moved."""


class EnvironmentProblem(RegularsError):
    """Something outside the project is missing or full."""


def nearest(name: str, known: Iterable[str], alike: float = ALIKE) -> str | None:
    """The known name that begins with `name`, or is spelt most like it; None if none is close.

    `alike` is the least similarity, 0 to 1. Case is ignored.
    """
    by_lower: dict[str, str] = {}
    for other in known:
        by_lower.setdefault(other.lower(), other)
    cut_off = [other for other in by_lower if len(name) > 2 and other.startswith(name.lower())]
    found = cut_off or get_close_matches(name.lower(), by_lower, 1, cutoff=alike)
    return by_lower[found[0]] if found else None


def suggestion(meant: str | None) -> str:
    """The question "Did you mean …?" with a leading space, to append to a message; "" for None."""
    return f" Did you mean {meant}?" if meant else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The question whether the `nearest` known name was meant, as `suggestion` words it."""
    return suggestion(nearest(name, known))
