"""How old an answer is, whether the reader has it already, and fewer bytes for it."""

import asyncio
import gzip

import pytest
import zstandard
from starlette.responses import StreamingResponse

from serving.web.compressed import Compressed, coding_for

TAGGED = ("/v1/customers/00001", "/v1/at-risk?limit=5", "/v1/releases/current", "/v1/forecast")


@pytest.mark.slow
@pytest.mark.parametrize("target", TAGGED)
def test_who_has_it_already_gets_no_body(service, target):
    first = service.get(target)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for named in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = service.get(target, If_None_Match=named)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == "private, no-cache"
    assert service.get(target, If_None_Match='"other"').body == first.body


def test_another_language_or_coding_or_customer_has_another_tag(service):
    asked = [
        service.get("/v1/customers/00001?language=en"),
        service.get("/v1/customers/00001?language=ru"),
        service.get("/v1/customers/00001?language=ru", Accept_Encoding="gzip"),
        service.get("/v1/customers/00002?language=en"),
    ]
    assert len({answer.headers["etag"] for answer in asked}) == len(asked)
    assert service.get("/v1/customers/00001", Accept_Language="ru").body == asked[1].body


@pytest.mark.slow
def test_a_change_within_a_release_changes_the_tag(live):
    """As an erasure does, or a purchase of today."""
    target = "/v1/customers/00001"
    tag = live.get(target).headers["etag"]
    unchanged = live.get(target, If_None_Match=tag)
    other = live.get(target + "?purchases=true", If_None_Match=tag)
    assert (unchanged.status, other.status) == (304, 200)


@pytest.mark.slow
def test_pages_and_files_are_kept_nowhere(service):
    for target in ("/", "/customers/00001", "/v1/at-risk/export?format=csv"):
        assert service.get(target).headers["cache-control"] == "no-store"


@pytest.mark.slow
@pytest.mark.parametrize("target", [*TAGGED, "/", "/customers/00001", "/v1/at-risk/export"])
def test_each_answer_says_how_old_it_is(service, target):
    headers = service.get(target).headers
    assert headers["regulars-as-of"] == "2024-10-27"
    assert headers["regulars-expires"] == "2024-11-10"
    assert headers["regulars-stale"] == "true"
    assert len(headers["regulars-release"]) == 12


def test_readiness_says_that_a_release_has_expired_and_is_ready_all_the_same(service):
    answer = service.get("/ready")
    assert (answer.status, answer.json()["status"]) == (200, "stale")
    assert answer.json()["expires_at"] == "2024-11-10"


@pytest.mark.parametrize("target", ["/v1/at-risk?limit=5", "/v1/at-risk/export?format=csv", "/"])
def test_large_answers_are_compressed_for_who_accepts_it(service, target):
    plain = service.get(target)
    zipped = service.get(target, Accept_Encoding="gzip, br")
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert len(zipped.body) < len(plain.body) / 2
    assert "content-encoding" not in plain.headers
    assert all("Accept-Encoding" in answer.headers["vary"] for answer in (zipped, plain))


@pytest.mark.parametrize("target", ["/v1/at-risk?limit=5", "/v1/at-risk/export?format=csv", "/"])
def test_zstd_is_taken_where_it_is_accepted(service, target):
    plain = service.get(target)
    zipped = service.get(target, Accept_Encoding="gzip, deflate, br, zstd")
    assert zipped.headers["content-encoding"] == "zstd"
    assert zstandard.ZstdDecompressor().decompressobj().decompress(zipped.body) == plain.body
    assert "Accept-Encoding" in zipped.headers["vary"]


def test_an_empty_first_piece_does_not_spoil_what_is_compressed():
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        await asyncio.Event().wait()

    headers = [(b"accept-encoding", b"zstd")]
    scope = {"type": "http", "headers": headers, "asgi": {"spec_version": "2.4"}}
    asyncio.run(Compressed(StreamingResponse(iter([b"", b"a" * 5000, b""])))(scope, receive, send))
    assert (b"content-encoding", b"zstd") in sent[0]["headers"]
    body = b"".join(message["body"] for message in sent[1:])
    assert zstandard.ZstdDecompressor().decompressobj().decompress(body) == b"a" * 5000


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("br", None),
        ("gzip, br", "gzip"),
        ("GZip;q=0.5, zstd;q=1.0", "zstd"),
        ("gzip, zstd;q=0", "gzip"),
        ("gzip; q=0.000", None),
        ("gzip;q=0.001", "gzip"),
    ],
)
def test_which_coding_a_client_gets(accepted, coding):
    assert coding_for(accepted) == coding


def test_small_answers_are_not(service):
    assert "content-encoding" not in service.get("/health", Accept_Encoding="gzip").headers
