"""Answers as JSON, with what says how old they are and whether the reader has them already."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from fastapi import Request
from fastapi.responses import Response

from serving.cards.stored import as_json

SERVING = Path(__file__).parents[1]
# The reader may keep it and has to ask each time whether it still holds; nobody in between may.
PIECE = 32_768
CACHED = "private, no-cache"
VARIES = "Accept-Language, Authorization, Cookie"


class Dated(Protocol):
    """A release, as far as its age goes."""

    @property
    def release_id(self) -> str: ...
    @property
    def as_of_date(self) -> dt.date: ...
    @property
    def expires_at(self) -> dt.date: ...
    @property
    def is_stale(self) -> bool: ...


def release_headers(release: Dated) -> dict[str, str]:
    """Which release an answer was read from, and whether newer figures are due."""
    return {
        "Regulars-Release": release.release_id,
        "Regulars-As-Of": release.as_of_date.isoformat(),
        "Regulars-Expires": release.expires_at.isoformat(),
        "Regulars-Stale": "true" if release.is_stale else "false",
    }


def in_pieces(lines: Iterable[str | bytes]) -> Iterator[bytes]:
    """The lines of a file in pieces of PIECE bytes or a little more: each piece takes a thread."""
    held, size = [], 0
    for line in lines:
        held.append(line.encode() if isinstance(line, str) else line)
        size += len(held[-1])
        if size >= PIECE:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def json_response(release: Dated, content: Any) -> Response:
    """The answer as JSON, for what is asked by POST: nobody has it already."""
    headers = release_headers(release)
    return Response(as_json(content), media_type="application/json", headers=headers)


def json_answer(
    request: Request,
    release: Dated,
    content: Any,
    finish: Callable[[Any], Any] | None = None,
    language: str = "",
) -> Response:
    """The answer as JSON; 304 where the reader has it already.

    `content` is the answer before its sentences are made, as parsed from JSON; `finish` makes them,
    in `language`, for those who do not have it. The tag is made of the content and not of the
    number of the release: what changes within a release, such as an erasure, changes it too.
    """
    text = as_json(content)
    is_zipped = "gzip" in request.headers.get("accept-encoding", "")
    made_of = (wording_version(), language, "gzip" if is_zipped else "")
    tag = f'"{hashlib.blake2b(text, digest_size=12, key="|".join(made_of).encode()).hexdigest()}"'
    headers = {**release_headers(release), "ETag": tag, "Cache-Control": CACHED, "Vary": VARIES}
    if has_already(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    body = text if finish is None else as_json(finish(content))
    return Response(body, media_type="application/json", headers=headers)


def has_already(tags: str, tag: str) -> bool:
    """Whether If-None-Match names the tag, weak or strong, or any tag at all."""
    named = {part.strip().removeprefix("W/") for part in tags.split(",")}
    return tag in named or "*" in named


@cache
def wording_version() -> str:
    """What the words and forms of answers depend on, besides their content: this code."""
    digest = hashlib.blake2b(digest_size=8)
    for room in ("cards", "wording"):
        for file in sorted((SERVING / room).rglob("*")):
            if file.suffix in (".py", ".yaml"):
                digest.update(file.read_bytes())
    return digest.hexdigest()
