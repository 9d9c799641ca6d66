"""Writes that a page of another site makes somebody's browser send."""

from starlette.datastructures import Headers

from serving.people.errors import ForeignPageError


def refuse_foreign_page(headers: Headers) -> None:
    """Raises ForeignPageError where a browser says that another site's page sends this."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        is_foreign = site not in ("same-origin", "none")
    else:
        is_foreign = origin is not None and origin.partition("://")[2] != headers.get("host")
    if is_foreign:
        raise ForeignPageError("A page of another site may not change anything here.")
