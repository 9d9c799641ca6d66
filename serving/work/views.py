"""Saved views: a filter of the list under a name, mine or shared with everybody.

What is kept is the query part of an address. It lists whatever its reader may see, and nothing of
whoever saved it. A search by name or id is nobody else's business and is never shared.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urlencode

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Row, delete, insert, or_, select, update
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from serving.cards.query import SEVERAL, AtRiskQuery
from serving.cards.views import NewView, SavedView, in_utc
from serving.people.audit import note
from serving.store.changed import older_release
from serving.store.database import writing
from serving.store.errors import (
    ReleaseNotFoundError,
    UnknownNameError,
    ViewNotFoundError,
    ViewRefusedError,
    ViewTakenError,
)
from serving.store.listing import check_names
from serving.store.page_tables import saved_views
from serving.store.published import Found, find_release
from serving.store.reading import explained
from serving.store.visible import visible_owners

TABLE = saved_views
MOST = 100  # views of one person
# What belongs to one visit of the list, and to no filter.
LEFT_OUT = ("cursor", "limit", "language", "format", "fields", "release")
SHORTEST_ID = 4  # letters of a search that may name somebody
Asked = Mapping[str, list[str]]


def views_of(engine: Engine, who: str) -> list[SavedView]:
    """Mine by name, then those that others share, but for those of owners who are not seen here.

    Raises NoReleaseError before the first release.
    """
    seen = or_(TABLE.c.who == who, TABLE.c.is_shared)
    try:
        with engine.connect() as connection:
            found = find_release(connection)
            rows = connection.execute(select(TABLE).where(seen)).all()
            mine_or_seen = [row for row in rows if row.who == who or _is_seen(connection, row)]
            views = [_told(connection, found, row, who) for row in mine_or_seen]
    except DBAPIError as error:
        raise explained(engine, error) from None
    return sorted(views, key=lambda v: (not v.is_mine, v.name.casefold(), v.name, v.who))


def save_view(engine: Engine, new: NewView, who: str) -> SavedView:
    """Keep a filter under a name.

    Raises ViewRefusedError for a query that the list would refuse, or one too many; ViewTakenError
    where I have one of that name already, unless it is to be replaced.
    """
    query = kept_query(parse_qs(new.query, keep_blank_values=True))
    searches = "q" in parse_qs(query)
    if new.is_shared and searches:
        raise ViewRefusedError("A search by name or id is not shared: it names people.")
    with writing(engine) as connection:
        found = find_release(connection)
        mine = select(TABLE.c.name).where(TABLE.c.who == who)
        names = set(connection.scalars(mine))
        if new.name in names and not new.replace:
            raise ViewTakenError(
                f"You have a view {new.name!r} already: send replace, or take another name."
            )
        if new.name not in names and len(names) >= MOST:
            raise ViewRefusedError(f"This is one too many: {MOST} views are kept of a person.")
        is_it = (TABLE.c.who == who, TABLE.c.name == new.name)
        connection.execute(delete(TABLE).where(*is_it))
        values = {
            "name": new.name,
            "who": who,
            "is_shared": new.is_shared,
            "query": query,
            "saved_at": utc_now(),
        }
        row = connection.execute(insert(TABLE).values(**values).returning(TABLE)).one()
        note(connection, who, "saved a view", f"view {row.number}")
        return _told(connection, found, row, who)


def rename_view(engine: Engine, number: int, name: str, who: str) -> None:
    """Give one of mine another name. Raises ViewNotFoundError and ViewTakenError."""
    with writing(engine) as connection:
        row = _of_number(connection, number)
        if row is None or row.who != who:
            raise _no_view(number)
        is_it = (TABLE.c.who == who, TABLE.c.name == name, TABLE.c.number != number)
        if connection.execute(select(TABLE.c.number).where(*is_it)).first():
            raise ViewTakenError(f"You have a view {name!r} already: take another name.")
        connection.execute(update(TABLE).where(TABLE.c.number == number).values(name=name))
        note(connection, who, "renamed a view", f"view {number}")


def remove_view(engine: Engine, number: int, who: str, is_lead: bool) -> SavedView:
    """Remove one of mine; a lead also one that others share. Raises ViewNotFoundError."""
    with writing(engine) as connection:
        row = _of_number(connection, number)
        if row is None or not (row.who == who or (is_lead and row.is_shared)):
            raise _no_view(number)
        told = _told(connection, find_release(connection), row, who)
        connection.execute(delete(TABLE).where(TABLE.c.number == number))
        note(connection, who, "removed a view", f"view {number}")
        return told


def kept_query(asked: Asked) -> str:
    """The filter and order of an address as text, as it is kept.

    Raises ViewRefusedError, naming the parameter, for what the list would refuse.
    """
    kept = {name: values for name, values in asked.items() if name not in LEFT_OUT}
    for name in AtRiskQuery.model_fields:  # forms send empty ones; of others the name is refused
        values = [value for value in kept.pop(name, []) if value]
        kept |= {name: values} if values else {}
    wrong = _wrong(kept)
    if wrong is not None:
        raise ViewRefusedError(f"The list takes no such filter. {wrong[0]}: {wrong[1]}.")
    return urlencode(sorted(kept.items()), doseq=True)


def forget_searches(connection: Connection, known_as: Iterable[str]) -> int:
    """Remove from all views what names an erased customer; returns how many held it.

    `known_as`: the id, and every name. A search for a part of one counts from SHORTEST_ID letters.
    """
    forms = [text.casefold() for text in known_as if text]
    changed = 0
    for row in connection.execute(select(TABLE)).all():
        asked = parse_qs(row.query)
        sought = "".join(asked.get("q", [])).casefold()
        in_query = sought and any(
            form in sought or (len(sought) >= SHORTEST_ID and sought in form) for form in forms
        )
        in_name = any(form in row.name.casefold() for form in forms)
        if not in_query and not in_name:
            continue
        changed += 1
        its = TABLE.c.number == row.number
        rest = {name: values for name, values in asked.items() if name != "q" or not in_query}
        if in_query and not rest:
            connection.execute(delete(TABLE).where(its))
            continue
        values = {"query": urlencode(sorted(rest.items()), doseq=True)}
        if in_name:
            values["name"] = f"#{row.number}"
        connection.execute(update(TABLE).where(its).values(**values))
    return changed


def _wrong(asked: Asked) -> tuple[str, str] | None:
    """The first parameter that the list refuses, and why; None where it takes all."""
    plain = {
        name: values if name in SEVERAL or len(values) > 1 else values[0]
        for name, values in asked.items()
    }
    try:
        AtRiskQuery.model_validate(plain)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "query"
        if first["type"] == "extra_forbidden":
            return name, "is no filter of the list"
        return name, str(first["msg"]).removeprefix("Value error, ")
    return None


def _problem(connection: Connection, found: Found, text: str) -> str | None:
    """Why the current release does not list a view any more; None where it does."""
    asked = parse_qs(text)
    wrong = _wrong(asked)
    if wrong is not None:
        return f"{wrong[0]}: {wrong[1]}"
    plain = {name: v if name in SEVERAL or len(v) > 1 else v[0] for name, v in asked.items()}
    query = AtRiskQuery.model_validate(plain)
    try:
        check_names(query, found.release)
        if query.changed_since is not None:
            older_release(connection, query.changed_since)
    except (UnknownNameError, ReleaseNotFoundError) as error:
        return str(error)
    return None


def _told(
    connection: Connection, found: Found, row: Row[tuple[object, ...]], who: str
) -> SavedView:
    its = row._mapping
    return SavedView(
        number=its["number"],
        name=its["name"],
        who=its["who"],
        is_mine=its["who"] == who,
        is_shared=its["is_shared"],
        query=its["query"],
        problem=_problem(connection, found, its["query"]),
        saved_at=in_utc(its["saved_at"]),
    )


def _is_seen(connection: Connection, row: Row[tuple[object, ...]]) -> bool:
    owners = visible_owners(connection)
    return owners is None or owners.issuperset(parse_qs(row._mapping["query"]).get("owner", []))


def _of_number(connection: Connection, number: int) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(TABLE).where(TABLE.c.number == number)).first()


def _no_view(number: int) -> ViewNotFoundError:
    """The same words for one that is not there and for one that is somebody else's."""
    return ViewNotFoundError(f"You have no view {number}.")
