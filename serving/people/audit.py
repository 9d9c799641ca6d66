"""The audit log: who did what to which object, in a chain that shows whatever is done to it.

An entry's hash covers the hash of the entry before it, so that one that was changed, removed or
moved no longer fits; the end of the log is noted apart. Whoever can write the store can also write
the whole log anew: note its last line elsewhere (`audit verify` prints it), and compare with it.
"""

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert, select

from core.clock import utc_now
from core.errors import AuditError
from serving.store.own_secrets import CUSTOMERS, hashed_id, made_secret
from serving.store.people_tables import audit_end, audit_log

COMMAND = "command"  # whoever may run commands on the machine of the service
START = "0" * 64  # what the first entry follows


@dataclass(frozen=True)
class End:
    """The last entry of the log: its number (0: there is none) and its hash."""

    number: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.number}:{self.sha256}"


def note(connection: Connection, who: str, what: str, about: str | None = None) -> int:
    """Append an entry, within a transaction of `writing`; returns its number."""
    row = connection.execute(select(audit_end.c.number, audit_end.c.sha256)).first()
    last = End(0, START) if row is None else End(row.number, row.sha256)
    number, at = last.number + 1, utc_now().isoformat(timespec="seconds")
    sha256 = _hash(last.sha256, number, at, who, what, about)
    entry = {"number": number, "at": at, "who": who, "what": what, "about": about}
    connection.execute(insert(audit_log).values(**entry, sha256=sha256))
    connection.execute(delete(audit_end))
    connection.execute(insert(audit_end).values(id=1, number=number, sha256=sha256))
    return number


def customer(connection: Connection, customer_id: str) -> str:
    """How an entry names a customer: by a keyed hash, which an erasure need not touch."""
    return f"customer {hashed_id(made_secret(connection, CUSTOMERS), customer_id)}"


def verify(engine: Engine, noted: str | None = None) -> End:
    """The end of a log that is whole.

    `noted` is an end that was printed before: the log still has to hold that entry. Raises
    AuditError that names the first entry that was changed, removed or moved.
    """
    with engine.connect() as connection:
        found = End(0, START)
        for row in connection.execute(select(audit_log).order_by(audit_log.c.number)):
            if row.number != found.number + 1:
                raise AuditError(
                    f"The audit log has no entry {found.number + 1}: it was removed. Restore the "
                    "store from a backup, or find out who removed it."
                )
            sha256 = _hash(found.sha256, row.number, row.at, row.who, row.what, row.about)
            if sha256 != row.sha256:
                raise AuditError(
                    f"Entry {row.number} of the audit log does not follow from the one before it: "
                    "it was changed, or stands where another one was."
                )
            found = End(row.number, sha256)
            if noted is not None and noted.partition(":")[0] == str(row.number):
                _compare(noted, found)
        end = connection.execute(select(audit_end)).first()
    if end is not None and (end.number, end.sha256) != (found.number, found.sha256):
        raise AuditError(
            f"The audit log ends at entry {found.number}, and {end.number} were written: the last "
            "ones were removed."
        )
    if end is None and found.number:
        raise AuditError("The note of where the audit log ends was removed.")
    if noted is not None and not (noted.partition(":")[0].isdigit() and _is_within(noted, found)):
        raise AuditError(f"The audit log ends at entry {found.number}: {noted} is not in it.")
    return found


def _compare(noted: str, found: End) -> None:
    if noted != str(found):
        raise AuditError(
            f"Entry {found.number} of the audit log is not the one that was noted: the log was "
            "written anew."
        )


def _is_within(noted: str, end: End) -> bool:
    return 0 < int(noted.partition(":")[0]) <= end.number


def _hash(before: str, *parts: object) -> str:
    return hashlib.sha256(json.dumps([before, *parts]).encode()).hexdigest()
