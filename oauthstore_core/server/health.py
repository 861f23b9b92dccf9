"""Whether this process lives, and whether every store answers it; for who runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..errors import ConfigurationError, StoreError
from ..http import HttpRequest, HttpResponse, json_response
from ..oauth2.errors import RETRY_AFTER
from ..stores import Stores

__all__ = ["ALIVE", "READY", "alive", "ready"]

#: At the root, whatever path the issuer has: a probe asks the process, not through a proxy.
ALIVE: Final = "/health/alive"
READY: Final = "/health/ready"


def alive(_: HttpRequest) -> HttpResponse:
    """Answer 200: the process takes requests. It asks no store, whose outage no restart mends."""
    return json_response(200, {"status": "alive"})


def ready(stores: Stores) -> Callable[[HttpRequest], HttpResponse]:
    """Return what answers 200 where every store in use answers and its schema fits, else 503.

    It names the stores and how each is, and nothing of why: the log and
    ``oauthstore backend ping`` tell that.
    """

    def answer(_: HttpRequest) -> HttpResponse:
        states = {name: _state(backend.ping) for name, backend in sorted(stores.backends.items())}
        if set(states.values()) <= {"ready"}:
            return json_response(200, {"status": "ready", "stores": states})
        body = {"status": "unavailable", "stores": states}
        return json_response(503, body, [("Retry-After", str(RETRY_AFTER))])

    return answer


def _state(ping: Callable[[], None]) -> str:
    try:
        ping()
    except ConfigurationError:
        return "schema does not fit"
    except StoreError:
        return "unavailable"
    return "ready"
