"""How each guarded route is asked for customers: the tests of access ask all of them."""

import datetime as dt
import io
import json

import pyarrow.parquet as pq

from core.clock import utc_now
from tests.serving.guarded import OWNERS

EVERYBODY = [f"{kind}-of-{owner or 'nobody'}" for owner in OWNERS for kind in ("id-1", "gone")]
ORDER = {"order_id": "1", "event_time": "2024-05-01T10:00:00Z", "amount": 5}
IN_A_MONTH = (utc_now().date() + dt.timedelta(days=30)).isoformat()
OVERRIDE = {"kind": "not_leaving", "reason": "on holiday", "expires_on": IN_A_MONTH}
# Per route what it is asked, as a target or as a target and a body; %s is each customer in turn,
# %r the release. A route that is not here is asked without any.
ASKED = {
    ("GET", "/v1/customers/{customer_id}"): ["/v1/customers/%s?purchases=true"],
    ("GET", "/v1/customers/{customer_id}/explain"): ["/v1/customers/%s/explain"],
    ("GET", "/v1/customers/{customer_id}/timeline"): ["/v1/customers/%s/timeline"],
    ("GET", "/v1/customers/{customer_id}/history"): ["/v1/customers/%s/history"],
    ("GET", "/v1/customers/{customer_id}/overrides"): ["/v1/customers/%s/overrides"],
    ("POST", "/v1/customers/{customer_id}/overrides"): [("/v1/customers/%s/overrides", OVERRIDE)],
    ("POST", "/v1/customers/{customer_id}/overrides/{number}/end"): [
        "/v1/customers/%s/overrides/1/end"
    ],
    ("GET", "/customers/{customer_id}"): ["/customers/%s"],
    ("GET", "/customers/{customer_id}/overrides"): ["/customers/%s/overrides"],
    ("POST", "/customers/{customer_id}/overrides"): ["/customers/%s/overrides"],
    ("POST", "/customers/{customer_id}/overrides/{number}/end"): ["/customers/%s/overrides/1/end"],
    ("GET", "/v1/at-risk"): [
        "/v1/at-risk?limit=1000",
        "/v1/at-risk?limit=2&sort=churn_risk",
        "/v1/at-risk?format=csv",
        "/v1/at-risk?format=excel&language=ru",
        "/v1/at-risk?q=%s",
        "/v1/at-risk?owner=anna",
        "/v1/at-risk?owner=boris",
        "/v1/at-risk?status=already_churned&status=scored&limit=1000",
        "/v1/at-risk?release=%r&fields=name",
    ],
    ("GET", "/v1/at-risk/export"): [
        "/v1/at-risk/export",
        "/v1/at-risk/export?format=excel&language=ru",
        "/v1/at-risk/export?format=ndjson&q=%s",
    ],
    ("GET", "/v1/win-back"): ["/v1/win-back?everybody=true", "/v1/win-back?q=%s&release=%r"],
    ("GET", "/win-back"): ["/win-back?everybody=true", "/win-back?q=%s"],
    ("GET", "/v1/plan:what-if"): [
        "/v1/plan:what-if?budget=2&capacity=1.5",
        "/v1/plan:what-if?release=%r",
    ],
    ("GET", "/v1/plan"): ["/v1/plan?release=%r&language=ru"],
    ("POST", "/v1/plan/approvals"): [("/v1/plan/approvals", {"release_id": "%r"})],
    ("DELETE", "/v1/plan/approvals/{number}"): ["/v1/plan/approvals/1"],
    ("GET", "/v1/releases/{release_id}"): ["/v1/releases/%r"],
    ("GET", "/v1/releases/{release_id}/scores"): [
        "/v1/releases/%r/scores",
        "/v1/releases/%r/scores?format=parquet",
        "/v1/releases/%r/scores?language=ru&fields=name&fields=owner",
    ],
    ("POST", "/v1/scores:lookup"): [
        ("/v1/scores:lookup", {"customer_ids": EVERYBODY}),
        ("/v1/scores:lookup", {"customer_ids": EVERYBODY, "release": "%r"}),
    ],
    ("POST", "/v1/events"): [
        ("/v1/events", {"customers": [{"customer_id": "%s", "orders": [ORDER]}]}),
    ],
    ("GET", "/v1/tasks"): ["/v1/tasks", "/v1/tasks?customer=%s", "/v1/tasks?state=taken"],
    ("GET", "/v1/tasks/changes"): ["/v1/tasks/changes?customer=%s"],
    ("POST", "/v1/tasks"): [
        ("/v1/tasks", {"move": "take", "customer_id": "%s", "version": 0}),
        ("/v1/tasks", [{"move": "note", "customer_id": who, "version": 0} for who in EVERYBODY]),
    ],
    ("DELETE", "/v1/customers/{customer_id}"): ["/v1/customers/nobody-at-all"],
    ("GET", "/v1/customers/{customer_id}/relationship"): ["/v1/customers/%s/relationship"],
    ("POST", "/v1/customers/{customer_id}/relationship"): [
        ("/v1/customers/%s/relationship", {"version": 0, "goal": "g"})
    ],
    ("POST", "/v1/customers/{customer_id}/relationship/steps"): [
        ("/v1/customers/%s/relationship/steps", {"what": "w", "due_on": "2030-01-01"})
    ],
    ("POST", "/v1/customers/{customer_id}/relationship/steps/{number}"): [
        ("/v1/customers/%s/relationship/steps/1", {"move": "done"})
    ],
    ("GET", "/key-customers"): ["/key-customers", "/key-customers?owner=anna"],
    ("GET", "/key-customers/{customer_id}"): ["/key-customers/%s"],
    ("POST", "/key-customers/{customer_id}"): ["/key-customers/%s"],
    ("GET", "/v1/key-customers"): ["/v1/key-customers", "/v1/key-customers?owner=boris"],
    ("DELETE", "/v1/views/{number}"): ["/v1/views/999"],
    ("GET", "/"): ["/", "/?q=%s", "/?owner=anna", "/?owner=boris"],
}


def questions(method, path, release_id):
    """Every (target, body) by which a route is asked; a body is JSON, or None."""
    asked = ASKED.get((method, path))
    assert asked or "{" not in path, f"say in ASKED how {method} {path} asks for a customer"
    both = [(each, None) if isinstance(each, str) else each for each in asked or [path]]
    for who in EVERYBODY:
        for target, body in both:
            text = body and json.dumps(body).replace("%r", release_id)
            yield target.replace("%s", who).replace("%r", release_id), text


def ask(service, method, question, **headers):
    """The answer to one of the questions."""
    target, body = question
    if body is not None:
        headers["Content_Type"] = "application/json"
    return service.get(target, method, body, **headers)


def told_by(answer, question):
    """What an answer tells, without what only repeats the question."""
    target, _ = question
    if answer.headers["content-type"].startswith("application/vnd.apache.parquet"):
        return str(pq.read_table(io.BytesIO(answer.body)).to_pylist())
    told = answer.text.replace(target.partition("q=")[2] or "\0", "")  # in the form
    if answer.status == 404:
        for who in EVERYBODY:
            told = told.replace(who, "") if who in target else told
    for who in EVERYBODY:
        told = told.replace(f'"customer_id":"{who}","status":"not_found"', "")
    return told
