"""What the access log may say of a request: not its query, which can hold a code."""

from __future__ import annotations

import logging

__all__ = ["WithoutQuery"]


class WithoutQuery(logging.Filter):
    """Cuts the query off the path in uvicorn's access log."""

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
