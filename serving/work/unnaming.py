"""Free text that people wrote about others: an erased customer is taken out of it."""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from sqlalchemy import Connection, Table, and_, or_, select, update

from serving.store.page_tables import FREE_TEXT, tasks
from serving.store.tables import metadata

REMOVED = "[…]"  # says in every language that something stood here
Unnamed = Callable[[str], str]


def unname(connection: Connection, known_as: Iterable[str]) -> int:
    """Take an erased customer out of all free text; returns how many rows held the customer.

    `known_as`: the id, and every name; each counts as a whole word, in capitals or not, also where
    it stands in an address. An id that is a plain number takes the same number out of sentences
    that mean something else by it: no rule can tell the two apart.
    """
    found = _finder(known_as)
    return sum(_in_table(connection, table, found) for table in metadata.sorted_tables)


def _finder(known_as: Iterable[str]) -> Unnamed:
    names = [text for text in known_as if text.strip()]
    forms = {f for text in names for f in (text, quote(text, safe=""), quote_plus(text))}
    # The longest first: a name may hold the id.
    listed = (r"\s+".join(map(re.escape, form.split())) for form in forms)
    either = "|".join(sorted(listed, key=lambda one: (-len(one), one)))
    whole_word = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
    return lambda text: whole_word.sub(REMOVED, text)


def _in_table(connection: Connection, table: Table, unnamed: Unnamed) -> int:
    texts = [column for column in table.c if column.info.get(FREE_TEXT)]
    if not texts:
        return 0
    key = list(table.primary_key)
    written = or_(*(column.is_not(None) for column in texts))
    changed = 0
    for row in connection.execute(select(*key, *texts).where(written)).all():
        before = {column.name: row._mapping[column] for column in texts}
        after = {name: _reworded(value, unnamed) for name, value in before.items()}
        if after != before:
            its = and_(*(column == row._mapping[column] for column in key))
            connection.execute(update(table).where(its).values(**after))
            changed += 1
    return changed


def _reworded(value: Any, unnamed: Unnamed) -> Any:
    """A text without the customer; of a task as the log keeps it, its own free texts."""
    if isinstance(value, dict):
        free = {column.name for column in tasks.c if column.info.get(FREE_TEXT)}
        return {n: _reworded(v, unnamed) if n in free else v for n, v in value.items()}
    return unnamed(value) if isinstance(value, str) else value
