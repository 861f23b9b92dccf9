"""Keeping handles out of logs, also those that a client sends where they do not belong.

A client may send its refresh token as `client_id` or `redirect_uri`, and what
a log says of a refused request would quote it. Whatever could be a handle is
replaced by its fingerprint. So it is with what a store's error says.
"""

from __future__ import annotations

import logging
import re

from .digests import digest, fingerprint

__all__ = ["Redaction", "redact"]

#: What a handle of ours looks like, and anything that is as long without a break.
_HANDLE = re.compile(r"(?:rt_[A-Za-z0-9_-]{22}\.)?[A-Za-z0-9_-]{43,}")
#: The user and password of a URL, such as a database's.
_USERINFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def redact(text: str) -> str:
    """Return the text with a fingerprint for all that could be a handle, and no URL's password."""
    text = _USERINFO.sub("***", text)
    return _HANDLE.sub(lambda found: f"<{fingerprint(digest(found[0]))}>", text)


class Redaction(logging.Filter):
    """Redacts the message of every record that passes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Fix the message, without its arguments."""
        record.msg, record.args = redact(record.getMessage()), None
        return True
