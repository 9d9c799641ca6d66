"""How old an answer is, whether the reader has it already, and fewer bytes for it."""

import gzip

import pytest

TAGGED = ("/v1/customers/00001", "/v1/at-risk?limit=5", "/v1/releases/current", "/v1/forecast")


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


def test_no_sentence_is_made_for_who_has_it_already(service, monkeypatch):
    target = "/v1/at-risk?limit=5"
    tag = service.get(target).headers["etag"]
    monkeypatch.setattr("serving.api.at_risk.worded", lambda *_: 1 / 0)
    assert service.get(target, If_None_Match=tag).status == 304


def test_a_change_within_a_release_changes_the_tag(live):
    """As an erasure does, or a purchase of today."""
    target = "/v1/customers/00001"
    tag = live.get(target).headers["etag"]
    unchanged = live.get(target, If_None_Match=tag)
    other = live.get(target + "?purchases=true", If_None_Match=tag)
    assert (unchanged.status, other.status) == (304, 200)


def test_pages_and_files_are_kept_nowhere(service):
    for target in ("/", "/customers/00001", "/v1/at-risk/export?format=csv"):
        assert service.get(target).headers["cache-control"] == "no-store"


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


def test_small_answers_are_not(service):
    assert "content-encoding" not in service.get("/health", Accept_Encoding="gzip").headers
