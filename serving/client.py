"""A small client of the API for Python: `Regulars(url, key).card("1959")`.

One file of the standard library, so that it may be copied into a CRM's own code. What is refused
for a while (429, 503) and connections that break are tried again, after the time that Retry-After
asks for; every other problem is raised as a Problem. Answers are the JSON of the API: /docs shows
their fields. A client may be used by one thread at a time.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

LONGEST_WAIT = 120.0  # seconds: whoever is asked to wait longer raises instead
MOST_IDS = 10_000  # ids that one look-up takes
PAGE = 1_000
RETRIED = (429, 503)
Json = dict[str, Any]


# What a contact says of the chances by which it was made: copied from the card.
CHANCES = (
    "arm",
    "propensity",
    "action_propensity",
    "contact_propensity",
    "persistent_control",
    "is_exploration",
)


def contact_of(card: Mapping[str, Any], contact_id: str, event_time: str) -> Json:
    """The outcome to `record` for the action of a card: carried out, or withheld where it says so.

    Tell both, with their arm and chances: an action's effect is the difference between the two.
    `event_time` is when it was done, or would have been, with its offset from UTC.
    """
    told = {name: card[name] for name in CHANCES if card.get(name) is not None}
    action = card["intended_action"]
    return {
        "kind": "contact",
        "customer_id": card["customer_id"],
        "contact_id": contact_id,
        "event_time": event_time,
        "action_id": action["action_id"],
        "channel": action["channel"],
        **told,
    }


class Problem(Exception):  # noqa: N818
    """An answer that is a problem document: `name`, as `customer-not-found`, `status`, `detail`."""

    def __init__(self, status: int, content: Mapping[str, Any]) -> None:
        self.status, self.content = status, dict(content)
        self.name = str(content.get("type", "")).removeprefix("urn:regulars:problem:")
        self.detail = str(content.get("detail", ""))
        super().__init__(f"{status} {self.name}: {self.detail}")


class Regulars:
    """The service at an address; `key` as `python -m serving.cli keys create` prints it."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        key: str | None = None,
        language: str = "en",
        tries: int = 5,
        timeout: float = 30.0,
    ) -> None:
        self._url, self._tries, self._timeout = urlsplit(url), tries, timeout
        self._headers = {"Accept-Language": language, "Accept": "application/json"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._connection: HTTPConnection | None = None
        self.wait: Callable[[float], None] = time.sleep

    def card(self, customer_id: str, release: str | None = None, purchases: bool = False) -> Json:
        """One customer's score card. Raises Problem `customer-not-found`."""
        return self._get(f"/v1/customers/{_in_path(customer_id)}", _given(release, purchases))

    def explain(self, customer_id: str, release: str | None = None) -> Json:
        """The reasons of a customer's risk by direction, the action and why, also as sentences."""
        return self._get(f"/v1/customers/{_in_path(customer_id)}/explain", _given(release))

    def look_up(
        self,
        customer_ids: Iterable[str],
        fields: Sequence[str] = (),
        release: str | None = None,
    ) -> dict[str, Json | None]:
        """Cards by id, None for those who have none; all of one release, however many ids."""
        ids = list(dict.fromkeys(customer_ids))
        asked: Json = {"fields": list(fields)} if fields else {}
        found: dict[str, Json | None] = {}
        for start in range(0, len(ids), MOST_IDS):
            body = {**asked, "customer_ids": ids[start : start + MOST_IDS], "release": release}
            answer = self._json("POST", "/v1/scores:lookup", body)
            release = answer["release_id"]  # a newer one may be published between two calls
            found |= {row["customer_id"]: row["card"] for row in answer["customers"]}
        return found

    def at_risk(self, **filters: Any) -> Iterator[Json]:
        """Cards in the order of the list, page by page; all pages come from one release."""
        target = "/v1/at-risk" + _query({"limit": PAGE, **filters})
        while target:
            page = self._get(target)
            yield from page["customers"]
            target = page["next"] or ""

    def current_release(self) -> Json:
        """What is published: `release_id`, dates, and how good the model was."""
        return self._get("/v1/releases/current")

    def releases(self) -> list[Json]:
        """The releases that are kept, the newest first."""
        found: list[Json] = self._get("/v1/releases")["releases"]
        return found

    def overview(self, release: str | None = None) -> Json:
        """The company over time, cohorts, the RFM grid, value at risk by segment and owner."""
        return self._get("/v1/overview", {"release": release})

    def model(self, release: str | None = None) -> Json:
        """Findings on the data, the grade and its rule, last training and scoring, the card."""
        return self._get("/v1/model", {"release": release})

    def what_if(
        self,
        budget: float | None = None,
        capacity: float | None = None,
        release: str | None = None,
    ) -> Json:
        """The plan for another budget, or for channels with `capacity` times as many contacts.

        Raises Problem `no-plan` where nothing tells gains.
        """
        asked = {"budget": budget, "capacity": capacity, "release": release}
        return self._get("/v1/plan:what-if", asked)

    def scores(self, release: str, fields: Sequence[str] = ()) -> Iterator[Json]:
        """Everybody's card of a release, those who have gone too, one by one as they arrive.

        Raises HTTPException where the download breaks off: what came before is not everybody.
        """
        target = f"/v1/releases/{_in_path(release)}/scores" + _query({"fields": list(fields)})
        answer = self._answered("GET", target, None)
        for line in answer:
            yield json.loads(line)

    def nightly(self, imported: str | None, **filters: Any) -> tuple[str, Iterator[Json]] | None:
        """The cards of a new release, to replace those of the one that was imported last.

        None where `imported` is still the current release. Returns the id to remember once all
        cards are stored, and the cards: those who are scored. Whoever is not among them has gone,
        objects to profiling or was erased, and the score that is stored of them is to be cleared.
        """
        release = str(self.current_release()["release_id"])
        if release == imported:
            return None
        return release, self.at_risk(release=release, **filters)

    def record(self, outcomes: Sequence[Json], idempotency_key: str) -> Json:
        """Tell what was done and what came of it; the same key again tells it only once."""
        key = {"Idempotency-Key": idempotency_key}
        return self._json("POST", "/v1/outcomes", list(outcomes), key)

    def record_events(self, customers: Sequence[Json], idempotency_key: str) -> Json:
        """Tell what customers did, as it happens: `[{"customer_id": …, "orders": [{…}]}]`."""
        key = {"Idempotency-Key": idempotency_key}
        return self._json("POST", "/v1/events", {"customers": list(customers)}, key)

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Json:
        return self._json("GET", path + _query(parameters or {}))

    def _json(
        self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Json:
        found: Json = json.loads(self._answered(method, target, body, headers).read())
        return found

    def _answered(
        self, method: str, target: str, body: Any, headers: Mapping[str, str] | None = None
    ) -> HTTPResponse:
        """The answer to a request, tried again where that may help. Raises Problem."""
        for tries_left in reversed(range(self._tries)):
            try:
                answer = self._sent(method, target, body, headers or {})
            except (OSError, HTTPException):
                # Everything here may be sent twice: reads, and writes with an idempotency key.
                self.close()
                if not tries_left:
                    raise
                self.wait(1.0)
                continue
            if answer.status < 400:
                return answer
            problem = Problem(answer.status, _content(answer.read()))
            seconds = _seconds(answer.headers.get("Retry-After"))
            if answer.status not in RETRIED or not tries_left or seconds > LONGEST_WAIT:
                raise problem
            self.wait(seconds)
        raise ValueError("tries must be 1 or more")

    def _sent(
        self, method: str, target: str, body: Any, headers: Mapping[str, str]
    ) -> HTTPResponse:
        if self._connection is None:
            kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
            self._connection = kind(self._url.netloc, timeout=self._timeout)
        sent = {**self._headers, **headers}
        if body is not None:
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        self._connection.request(method, self._url.path.rstrip("/") + target, body, sent)
        return self._connection.getresponse()


def _in_path(customer_id: str) -> str:
    """An id as part of a path; dots, which are resolved on the way, get a = in front."""
    return ("=" if customer_id in (".", "..") else "") + quote(customer_id, safe="")


def _given(release: str | None, purchases: bool = False) -> Json:
    return {"release": release, "purchases": purchases or None}


def _query(parameters: Mapping[str, Any]) -> str:
    """The query part of an address; None is left out, flags are true or false."""
    spelt = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in parameters.items()
        if value is not None and value != []
    }
    return "?" + urlencode(spelt, doseq=True) if spelt else ""


def _content(body: bytes) -> Json:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"detail": body[:200].decode(errors="replace")}


def _seconds(retry_after: str | None) -> float:
    """How long to wait; a second where the answer does not say it in seconds."""
    return float(retry_after) if retry_after is not None and retry_after.isdigit() else 1.0
