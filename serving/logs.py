"""The log: text for a terminal or JSON for machines, and nothing that a client can fill."""

import datetime as dt
import json
import logging
import time
from collections import Counter
from collections.abc import Callable

from serving.web.observed import access, request_id

SAME = 5  # times a minute that one message is written
MINUTE = 60.0


class Quiet(logging.Filter):
    """Lets SAME records of one message through in a minute; the next minute says how many came."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.clock, self._minute = clock, 0
        self._seen, self._before = Counter[str](), Counter[str]()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record; its first one of a minute tells of those left out before."""
        minute = int(self.clock() // MINUTE)
        if minute != self._minute:
            self._minute, self._before, self._seen = minute, self._seen, Counter()
        message = str(record.msg)  # the words without their values
        self._seen[message] += 1
        left_out = self._before.pop(message, 0) - SAME
        if left_out > 0:
            record.msg = f"{record.getMessage()} ({left_out} more of these before)"
            record.args = None
        return self._seen[message] <= SAME


class JsonLines(logging.Formatter):
    """One JSON object a record, with the id of the request in which it was written."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            **getattr(record, "told", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in line.items() if value is not None})


def set_up_logs(as_json: bool) -> None:
    """Make what clients can cause quiet; as JSON, write a line for each request too."""
    for name in ("uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        if not any(isinstance(kept, Quiet) for kept in logger.filters):
            logger.addFilter(Quiet())
    # What it says of a collector that is away; its records come from many loggers below.
    telemetry = logging.getLogger("opentelemetry")
    if not telemetry.handlers:
        telemetry.addHandler(logging.StreamHandler())
        telemetry.handlers[0].addFilter(Quiet())
        telemetry.propagate = False
    if as_json:
        telemetry.handlers[0].setFormatter(JsonLines())
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        for logger in (logging.getLogger("uvicorn"), logging.getLogger("asyncio"), access):
            logger.handlers = [handler]
            logger.propagate = False
        access.setLevel(logging.INFO)
