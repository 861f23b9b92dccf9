"""What Authlib's validator does, and ours must not; and what we override of it.

Each test shows the hazard on Authlib; the name in its docstring is the test of
ours. Where one fails after an upgrade, Authlib has closed it too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from authlib.oauth2.rfc6749 import TokenValidator
from authlib.oauth2.rfc7662 import IntrospectTokenValidator

from .endpoint import ACTIVE

PARAMETERS: list[tuple[Callable[..., Any], str]] = [
    (IntrospectTokenValidator.__init__, "self, realm=None, **extra_attributes"),
    (IntrospectTokenValidator.introspect_token, "self, token_string"),
    (IntrospectTokenValidator.authenticate_token, "self, token_string"),
    (IntrospectTokenValidator.validate_token, "self, token, scopes, request"),
    (TokenValidator.scope_insufficient, "token_scopes, required_scopes"),
]


class Stock(IntrospectTokenValidator):
    """Authlib's, as its documentation completes it; the answer is at hand."""

    def __init__(self, changes: Mapping[str, Any]) -> None:
        super().__init__()
        self._answer = {**ACTIVE, **changes}

    def introspect_token(self, token_string: str) -> dict[str, Any]:
        return self._answer


def accepts(changes: Mapping[str, Any]) -> bool:
    validator = Stock(changes)
    validator.validate_token(validator.authenticate_token("token"), ["profile"], None)
    return True


@pytest.mark.parametrize(
    ("function", "parameters"), PARAMETERS, ids=[f.__qualname__ for f, _ in PARAMETERS]
)
def test_what_we_override_takes_what_it_took(function: Callable[..., Any], parameters: str) -> None:
    assert str(inspect.signature(function)) == f"({parameters})"


def test_an_active_that_is_only_truthy_is_accepted() -> None:
    """Ours: test_an_answer_without_a_boolean_active_is_none."""
    assert accepts({"active": "false"})


def test_a_refresh_token_is_accepted() -> None:
    """Ours: test_a_token_that_is_no_valid_access_token_is_refused."""
    assert accepts({"token_type": "refresh_token"})


def test_a_token_that_has_expired_is_accepted_from_a_kept_answer() -> None:
    """Ours: test_a_kept_answer_does_not_outlive_its_token."""
    assert accepts({"exp": 1})


def test_a_token_for_another_resource_is_accepted() -> None:
    """Ours: test_a_token_for_another_resource_is_refused_before_its_scope_is_looked_at."""
    assert accepts({"aud": "https://elsewhere.example"})
