"""Answers in the responses of a web framework, whose pages of ours want neutral ones."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .http import HttpResponse

__all__ = ["NativeAnswers"]


class NativeAnswers:
    """What servers share that answer in their framework's own responses.

    A server's `handle_response` ends with `as_wanted`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._neutral: ContextVar[bool] = ContextVar("oauthstore_neutral", default=False)

    def to_native(self, response: HttpResponse) -> Any:  # noqa: ANN401 - each framework has its own
        """Return the framework's response."""
        raise NotImplementedError

    def as_wanted(self, response: HttpResponse) -> Any:  # noqa: ANN401 - the same
        """Return the framework's response, and within `neutral` this one."""
        return response if self._neutral.get() else self.to_native(response)

    @contextmanager
    def neutral(self) -> Generator[None]:
        """Within this block, answers are `HttpResponse`, as pages of every edge want them."""
        token = self._neutral.set(True)
        try:
            yield
        finally:
            self._neutral.reset(token)
