"""What the server logs, for people or, as one JSON object a line, for machines."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from uvicorn.config import LOGGING_CONFIG

from ..redaction import redact

__all__ = ["JsonFormatter", "WithoutQuery", "logging_configuration"]

_ACCESS: Final = "uvicorn.access"
#: Of the access log's arguments; what was asked for is without its query.
_REQUEST: Final = ("client", "method", "path", "http_version", "status")
#: What the trail and the refusals attach to their records: the event as a mapping.
_EVENTS: Final = ("audit", "oauthstore")


class WithoutQuery(logging.Filter):
    """Cuts the query, which can hold a code, off the path in uvicorn's access log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record's arguments: address, method, path, version, status."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                argument.partition("?")[0]
                if isinstance(argument, str) and argument.startswith("/")
                else argument
                for argument in record.args
            )
        return True


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object: time, level, logger, and the event or the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; `time` is in seconds since the epoch."""
        line: dict[str, Any] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        line |= _event(record)
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


def _event(record: logging.LogRecord) -> dict[str, Any]:
    for name in _EVENTS:
        event = getattr(record, name, None)
        if isinstance(event, Mapping):
            # Its own time is that of the server's clock, in whole seconds.
            return {key: value for key, value in event.items() if key != "time"}
    if record.name == _ACCESS and isinstance(record.args, tuple):
        return {"event": "request", **dict(zip(_REQUEST, record.args, strict=False))}
    return {"message": redact(record.getMessage())}


def logging_configuration(log_format: str) -> dict[str, Any]:
    """Return the configuration of `logging` with which uvicorn starts a server."""
    formatters = _formatters(log_format)
    stderr = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
    stdout = {**stderr, "stream": "ext://sys.stdout"}
    loggers = {"uvicorn": "default", "oauthstore": "default", "oauthstore_core": "default"}
    # These two write JSON, a line an event, and nothing stands in front of it.
    loggers |= {"oauthstore.audit": "events", "oauthstore.refusals": "events", _ACCESS: "access"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": formatters,
        "filters": {"without_query": {"()": f"{__name__}.WithoutQuery"}},
        "handlers": {
            "default": {**stderr, "formatter": "default"},
            "events": {**stderr, "formatter": "events"},
            "access": {**stdout, "formatter": "access", "filters": ["without_query"]},
        },
        "loggers": {
            name: {"handlers": [handler], "level": "INFO", "propagate": False}
            for name, handler in loggers.items()
        },
    }


def _formatters(log_format: str) -> dict[str, Any]:
    if log_format == "json":
        json_lines = {"()": f"{__name__}.JsonFormatter"}
        return {"default": json_lines, "events": json_lines, "access": json_lines}
    usual: dict[str, Any] = LOGGING_CONFIG["formatters"]
    return {**usual, "events": {"format": "%(message)s"}}
