"""What the server logs, for people and for machines; never a query, a handle or a password."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from typing import Any

import pytest

from oauthstore_core.cli.logs import JsonFormatter, logging_configuration

ARGUMENTS = ("192.0.2.7:1", "GET", "/demo/callback?code=secret", "1.1", 200)
ACCESS = '%s - "%s %s HTTP/%s" %d'


def record(name: str, message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.INFO, "x", 1, message, arguments, None)
    made.__dict__.update(extra)
    return made


def line(made: logging.LogRecord) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(JsonFormatter().format(made))
    return decoded


def test_a_line_is_an_object_with_time_level_and_logger() -> None:
    told = line(record("oauthstore", "a store failed: %s", "gone\nnext"))

    assert told["level"] == "info"
    assert told["logger"] == "oauthstore"
    assert told["message"] == "a store failed: gone\nnext"
    assert told["time"] > 1_700_000_000


def test_a_request_is_told_in_parts() -> None:
    told = line(record("uvicorn.access", ACCESS, *ARGUMENTS))

    assert (told["event"], told["client"], told["status"]) == ("request", "192.0.2.7:1", 200)


@pytest.mark.parametrize("attribute", ["audit", "oauthstore"])
def test_an_event_is_told_by_its_own_words_and_at_the_line_s_time(attribute: str) -> None:
    event = {"event": "token_issued", "time": 1, "client_id": "c"}

    told = line(record("oauthstore.audit", json.dumps(event), **{attribute: event}))

    assert (told["event"], told["client_id"]) == ("token_issued", "c")
    assert told["time"] > 1
    assert "message" not in told


def test_an_exception_stands_in_the_same_line() -> None:
    made = record("oauthstore", "failed")
    error = ValueError("rt_" + "f" * 22 + "." + "s" * 43)
    made.exc_info = (ValueError, error, None)

    told = line(made)

    assert "ValueError" in told["exception"]
    assert "s" * 43 not in told["exception"]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_format_lets_a_query_through(log_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = {name: io.StringIO() for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(f"sys.{name}", stream)
    configuration = logging_configuration(log_format)
    names = configuration["loggers"]
    before = {name: [*logging.getLogger(name).handlers] for name in names}
    try:
        logging.config.dictConfig(configuration)
        logging.getLogger("uvicorn.access").info(ACCESS, *ARGUMENTS)
        logging.getLogger("oauthstore").warning("one line")
    finally:
        for name, handlers in before.items():
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = handlers, True
            logger.setLevel(logging.NOTSET)

    assert "/demo/callback" in streams["stdout"].getvalue()
    assert "secret" not in streams["stdout"].getvalue()
    lines = [*streams["stdout"].getvalue().splitlines(), *streams["stderr"].getvalue().splitlines()]
    assert len(lines) == 2
    assert all(text.startswith("{") is (log_format == "json") for text in lines)
