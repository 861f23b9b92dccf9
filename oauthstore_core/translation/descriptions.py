"""Error descriptions that Authlib and we put together: which message id they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

__all__ = ["PLACEHOLDER", "TEMPLATES", "find_template"]

#: Every description that has a value in it; a test compares them with the source.
TEMPLATES: Final = (
    # Authlib's
    "Invalid 'typ' header: expected '%(required)s', got '%(typ)s'",
    "Multiple '%(parameter)s' in request.",
    "Redirect URI %(redirect_uri)s is not supported by client.",
    "The client cannot authenticate with method: %(method)s",
    "The client cannot authenticate with methods: %(methods)s",
    "The client is not authorized to use 'grant_type=%(grant_type)s'",
    "The client is not authorized to use 'response_type=%(response_type)s'",
    "grant_type=%(grant_type)s is not supported",
    'missing "%(parameter)s" in parameters',
    "response_type=%(response_type)s is not supported",
    # ours
    "Malformed '%(parameter)s'.",
    "The request body must be %(media_type)s.",
)

#: A placeholder's name, or nothing where a per cent sign is meant.
PLACEHOLDER: Final = re.compile(r"%(?:\((\w+)\)s|%)")


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    return {template: re.compile(_pattern(template)) for template in TEMPLATES}


def _pattern(template: str) -> str:
    # The texts between the placeholders stand at even places, their names at odd ones.
    parts = PLACEHOLDER.split(template)
    return "".join(f"(?P<{p}>.+)" if i % 2 else re.escape(p) for i, p in enumerate(parts))


def find_template(description: str) -> tuple[str, Mapping[str, str]] | None:
    """Return the message id and the values of a description; None: it has no values."""
    for template, pattern in _patterns().items():
        match = pattern.fullmatch(description)
        if match is not None:
            return template, match.groupdict()
    return None
