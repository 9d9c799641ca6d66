"""The scope that every route of the application declares; without one it does not start."""

from collections.abc import Iterable, Iterator

from starlette.routing import BaseRoute

from serving.people.access import Needs
from serving.people.scopes import PUBLIC

# Routes that are no functions of ours: public.
OPEN_PATHS = ("/openapi.json", "/static/{path}")


def declared_scopes(routes: Iterable[BaseRoute]) -> dict[tuple[str, str], str | None]:
    """The scope of every (method, path); None where none is declared."""
    found: dict[tuple[str, str], str | None] = {}
    for route in every_route(routes):
        path = str(getattr(route, "path_format", getattr(route, "path", "")))
        scopes = [
            part.dependency.scope
            for part in getattr(route, "dependencies", ())
            if isinstance(part.dependency, Needs)
        ]
        scope = scopes[0] if len(scopes) == 1 else None
        if path in OPEN_PATHS:
            scope = PUBLIC
        for method in sorted(getattr(route, "methods", None) or {"GET"}):
            found[method, path] = scope
    return found


def refuse_undeclared(routes: Iterable[BaseRoute]) -> None:
    """Raises LookupError for a route without a scope: the service does not start with one."""
    undeclared = [" ".join(route) for route, scope in declared_scopes(routes).items() if not scope]
    if undeclared:
        raise LookupError(
            f"No scope is declared for {', '.join(undeclared)}: give each "
            "`dependencies=[needs(…)]` with one of serving/people/scopes.py."
        )


def every_route(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """The routes, those of included routers too."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from every_route(included.routes)
