"""Customers' ids in a path: any text, also what clients take for the way to another folder."""

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

ANYTHING = "anything"
DOTS = (".", "..")  # browsers and most clients resolve these, even as %2E, before they ask
MARKED_DOTS = re.compile(rb"(?<=/)=(\.\.?)(?=/|$)")


class EndsAsWritten(APIRoute):
    """A route whose end is a word after an id, and never a part of an id: %2Fexplain is one.

    Paths are matched after they were decoded, where the two look the same.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As every route, where the path was sent with this end.

        Another method is refused here: elsewhere the end would be a part of the id, and DELETE
        would erase that customer.
        """
        end = self.path.rpartition("}")[2].encode()
        if not (scope.get("raw_path") or b"").endswith(end):
            return Match.NONE, {}
        match, its = super().matches(scope)
        return (Match.NONE if match == Match.NONE else Match.FULL), its


class GoesOn(EndsAsWritten):
    """One of several routes of the same path, but for the last: other methods are for those."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As `EndsAsWritten`, for its own methods."""
        if scope.get("method") not in (self.methods or ()):
            return Match.NONE, {}
        return super().matches(scope)


def methods_at(routes: Iterable[BaseRoute], scope: Scope) -> list[str]:
    """The methods that the address of a request takes, in the order of the alphabet."""
    found: set[str] = set()
    for route in routes:
        methods: set[str] = getattr(route, "methods", None) or set()
        goes_on = isinstance(route, GoesOn)
        asked = {**scope, "method": min(methods)} if goes_on else scope
        if route.matches(asked)[0] != Match.NONE:
            found |= methods
            if isinstance(route, EndsAsWritten) and not goes_on:
                break
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def id_in_path(customer_id: str) -> str:
    """The id as part of a path. Dots get a = in front, which in an id itself is always %3D."""
    return ("=" if customer_id in DOTS else "") + quote(customer_id, safe="")


def without_mark(scope: Scope) -> Scope:
    """The request with the id `..` where its path says `=..`, as `id_in_path` writes it."""
    sent = scope.get("raw_path") or b""
    if not MARKED_DOTS.search(sent):
        return scope
    return {**scope, "path": unquote(MARKED_DOTS.sub(rb"\1", sent).decode("ascii"))}


class Anything(Convertor[str]):
    """The whole rest of the path, line breaks included: companies choose their ids as they like.

    Starlette's `path` stops before a line break at the end, and would find another customer.
    """

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor(ANYTHING, Anything())
