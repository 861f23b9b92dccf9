"""A watch over the whole run: what is issued in a test is in no log and in no database after it.

A pytest plugin. Every value of 256 bits that the process draws from the system's
generator is remembered; after each test the log records at DEBUG, and the SQLite
files below its `tmp_path`, must contain none of them.
"""

from __future__ import annotations

import logging
import re
import secrets
import traceback
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest

#: Of 256 bits in base64url; of what is longer, its beginning.
_LENGTH = 43
_HANDLE = re.compile(rf"[A-Za-z0-9_-]{{{_LENGTH},}}")
_LOGGERS = ("authlib", "oauthstore", "oauthstore_core", "sqlalchemy.engine", "alembic", "uvicorn")
_BYTES = 32


class Watch(logging.Handler):
    """Remembers what is issued, and finds it again."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.issued: set[str] = set()
        self.logged: list[str] = []

    def draw(self, nbytes: int | None = None) -> str:
        """Return what `secrets.token_urlsafe` returns, and remember it."""
        value = _token_urlsafe(nbytes)
        if nbytes is not None and nbytes >= _BYTES:
            self.issued.add(value[:_LENGTH])
        return value

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record whose text has what may be a handle."""
        text = record.getMessage()
        if record.exc_info:
            # With the causes, as a formatter would print them.
            text += "".join(traceback.format_exception(*record.exc_info))
        if _HANDLE.search(text):
            self.logged.append(text)

    def found_in(self, texts: Iterable[str]) -> list[str]:
        """Return the texts that contain something issued, shortened."""
        return [text[:200] for text in texts if self._is_found_in(text)]

    def _is_found_in(self, text: str) -> bool:
        runs = _HANDLE.findall(text)
        parts = (run[at : at + _LENGTH] for run in runs for at in range(len(run) - _LENGTH + 1))
        return any(part in self.issued for part in parts)


_token_urlsafe = secrets.token_urlsafe
_watch = Watch()


def pytest_configure() -> None:
    secrets.token_urlsafe = _watch.draw
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.addHandler(_watch)
        logger.setLevel(logging.DEBUG)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    directory = getattr(item, "funcargs", {}).get("tmp_path")
    yield
    logged = _watch.found_in(_watch.logged)
    _watch.logged.clear()
    assert not logged, f"A log record holds what was issued: {logged}"
    if isinstance(directory, Path):
        files = [path for path in directory.rglob("*.db*") if path.is_file()]
        stored = [p.name for p in files if _watch.found_in([p.read_bytes().decode("latin-1")])]
        assert not stored, f"A database holds what was issued: {stored}"
