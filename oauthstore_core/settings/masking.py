"""What may be shown of a setting that holds a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["MASK", "mask_options", "mask_url"]

MASK: Final = "***"

#: Greedy up to the last `@`: a password with an unquoted `/` or `@` stays hidden too.
_PASSWORD = re.compile(r"(?P<before>://[^:/@]*:).*(?=@)", re.DOTALL)
_SECRET_NAME = re.compile(r"pass|pwd|secret|token|credential|auth|key", re.IGNORECASE)
_QUERY_VALUE = re.compile(r"(?P<name>[^?&=;]+)=(?P<value>[^&;]*)")


def mask_url(url: str) -> str:
    """Return the URL without its password and without query values that look like secrets."""
    address, mark, query = _PASSWORD.sub(rf"\g<before>{MASK}", url).partition("?")
    return address + mark + _QUERY_VALUE.sub(_mask_value, query)


def _mask_value(pair: re.Match[str]) -> str:
    value = MASK if _SECRET_NAME.search(pair["name"]) else pair["value"]
    return f"{pair['name']}={value}"


def mask_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options, with the values of those whose names sound secret masked."""
    return {name: _mask_option(name, value) for name, value in options.items()}


def _mask_option(name: str, value: object) -> object:
    if _SECRET_NAME.search(name):
        return MASK
    if isinstance(value, Mapping):
        return mask_options(value)
    return mask_url(value) if isinstance(value, str) else value
