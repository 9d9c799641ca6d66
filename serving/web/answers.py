"""Answers as JSON, with what says how old they are and whether the reader has them already."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from fastapi import Request
from fastapi.responses import Response

from serving.cards.stored import Card, as_json
from serving.cards.worded import worded
from serving.store.reading import Form, KeptCard
from serving.web.compressed import coding_for
from serving.web.texts import Texts
from serving.wording.languages import Language

# The reader may keep it and has to ask each time whether it still holds; nobody in between may.
PIECE = 32_768
CACHED = "private, no-cache"
VARIES = "Accept-Language, Authorization, Cookie"

# In the form of OpenAPI: what an endpoint that answers by `json_answer` may return too.
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The reader has it already, as `If-None-Match` says; there is no body."}
}


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
    """The answer as JSON, for what is asked by POST: nobody has it already.

    `content`: JSON as bytes, or what makes it.
    """
    body = content if isinstance(content, bytes) else as_json(content)
    return Response(body, media_type="application/json", headers=release_headers(release))


def json_answer(request: Request, release: Dated, content: Any) -> Response:
    """The answer as JSON; 304 where the reader has it already. `content`: as `json_response`.

    The tag is made of the answer and not of the number of the release: what changes within a
    release, such as an erasure, changes it too.
    """
    body = content if isinstance(content, bytes) else as_json(content)
    coding = coding_for(request.headers.get("accept-encoding", "")) or ""
    tag = f'"{hashlib.sha256(coding.encode() + body).hexdigest()[:24]}"'
    headers = {**release_headers(release), "ETag": tag, "Cache-Control": CACHED, "Vary": VARIES}
    if has_already(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def card_text(texts: Texts, language: Language, fields: Sequence[str] = ()) -> Form[bytes]:
    """What makes the JSON of a card, with its sentences."""
    form = ("json", language, tuple(fields))

    def text_of(kept: KeptCard) -> bytes:
        words = kept.found.release.words

        def make(card: Card) -> bytes:
            return as_json(worded(card, words, language, fields))

        return texts.of(kept, form, make)

    return text_of


def with_list(head: bytes, name: str, parts: Sequence[bytes]) -> bytes:
    """JSON with these parts in its empty list of this name, none of which is parsed for it."""
    before, empty, after = head.partition(f'"{name}":[]'.encode())
    return b"".join((before, empty[:-1], b",".join(parts), b"]", after))


def has_already(tags: str, tag: str) -> bool:
    """Whether If-None-Match names the tag, weak or strong, or any tag at all."""
    named = {part.strip().removeprefix("W/") for part in tags.split(",")}
    return tag in named or "*" in named
