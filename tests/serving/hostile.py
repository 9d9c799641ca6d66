"""Bodies that no client means: what a service must refuse, and never fall over."""

import gzip
import json

from serving.api.document import operations
from tools.bruno import document

VALID = {"customer_ids": ["00001"]}
LARGE = 10_000_000


def text(value):
    return json.dumps(value).encode()


# Where a value may stand: each of VALUES is tried in each of these places.
PLACES = (
    b"%s",
    b'{"customer_ids": %s}',
    b'{"customer_ids": [%s]}',
    b'{"customer_ids": ["00001"], "release": %s}',
    b'{"customer_ids": ["00001"], "fields": [%s]}',
    b'[{"kind": "contact", "customer_id": %s}]',
    b'[{"kind": "purchase_elsewhere", "customer_id": "00001", "amount": %s}]',
)
VALUES = (
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-1e999",
    b"1" * 5_000,
    b'"\\ud800"',
    b'"\\udfff\\ud800"',
    b'"\xff\xfe"',
    b'"\xed\xa0\x80"',
    b'"a\x00b"',
    b'"\\u0000"',
    b"{}",
    b'{"$ref": "#"}',
)
WHOLE = {
    "nothing": b"",
    "a space": b" ",
    "nul": b"\x00" * 50,
    "a byte order mark": b"\xef\xbb\xbf" + text(VALID),
    "utf-16": json.dumps(VALID).encode("utf-16"),
    "deep lists": b"[" * 200_000,
    "deep lists that end": b"[" * 5_000 + b"]" * 5_000,
    "deep objects": b'{"a":' * 100_000,
    "deep within": b'{"customer_ids": ' + b"[" * 100_000,
    "cut off": text(VALID)[:-1],
    "two": text(VALID) * 2,
    "many keys": text({str(n): n for n in range(50_000)}),
    "one key twice": b'{"customer_ids": ["a"], "customer_ids": 5}',
    "ten million bytes": b'{"customer_ids": ["' + b"x" * LARGE + b'"]}',
    "ten million spaces": b" " * LARGE,
    "a long number": b'{"customer_ids": [' + b"9" * 1_000_000 + b"]}",
    "gzip": gzip.compress(text(VALID)),
    "a form": b"customer_ids=00001",
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
}
BODIES = [
    *(
        (f"{place.decode()[:40]} {value[:20]!r}", place % value)
        for place in PLACES
        for value in VALUES
    ),
    *WHOLE.items(),
]
# Every address that takes a body, about a customer there is.
TARGETS = sorted(
    path.replace("{customer_id}", "00001").replace("{number}", "1")
    for (method, path), operation in operations(document())
    if method == "post" and "requestBody" in operation
)
KEY = {"Content_Type": "application/json", "Idempotency_Key": "hostile"}


def statuses(service):
    """The status of every body at every address that takes one."""
    for target in TARGETS:
        for name, body in BODIES:
            yield target, name, service.get(target, "POST", body, **KEY).status
