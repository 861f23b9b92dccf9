"""Whether a cache in the memory of one process will do: only where no other process answers."""

from __future__ import annotations

import logging
import multiprocessing
import sys
from typing import Any

from django.conf import settings

from ...errors import CapabilityError
from .configuration import PROVIDER

__all__ = ["refuse_several"]

log = logging.getLogger("oauthstore")


def refuse_several(native: Any, alias: str, *, single_process: bool) -> None:
    """Raise `CapabilityError` where other processes may answer beside the one that answers this.

    `single_process`: what the project says where nobody else knows.
    """
    if _may_be_several(native, single_process=single_process):
        problem = (
            f"Temporary credentials and nonces were to be kept in the cache {alias!r}, which is in "
            "the memory of each process, but several may answer: a nonce could be used once in "
            f"each. Name a cache on Redis, Valkey or Memcached in CACHES. Or run one process, and "
            f'where its server does not tell, as with ASGI, set "single_process" in `{PROVIDER}`.'
        )
        # Where DEBUG is off, Django itself mails what is raised, and logs it nowhere.
        log.error(problem)
        raise CapabilityError(problem)


def _is_a_test_s(native: Any, meta: dict[str, Any]) -> bool:
    """Tell whether Django's test client has made a request, or its factory: they claim several.

    By what no middleware of a deployment sets: the body, or, as ASGI's is soon
    replaced by what was read of it, Django's own preparation for tests.
    """
    if not hasattr(native, "scope"):
        return _is_made_up(meta.get("wsgi.input"))
    limited = getattr(getattr(native, "_stream", None), "_read", None)
    return _is_made_up(getattr(limited, "__self__", None)) or _is_prepared_for_tests()


def _is_made_up(body: object) -> bool:
    # Only tests have the module.
    tools = sys.modules.get("django.test.client")
    return tools is not None and isinstance(body, tools.FakePayload)


def _is_prepared_for_tests() -> bool:
    """Tell whether Django's `setup_test_environment` was called, as test runners do."""
    tools = sys.modules.get("django.test.utils")
    return tools is not None and hasattr(tools._TestState, "saved_data")  # noqa: SLF001 - it has no other name


def _may_be_several(native: Any, *, single_process: bool) -> bool:
    meta: dict[str, Any] = getattr(native, "META", {})
    if _is_a_test_s(native, meta):
        return False
    # ASGI has no word for it, and Django says there what it says of no server.
    told = None if hasattr(native, "scope") else meta.get("wsgi.multiprocess")
    if told or single_process or settings.DEBUG:
        return bool(told)
    # A server that starts its workers by `multiprocessing` need not know of them.
    return told is None or multiprocessing.parent_process() is not None
