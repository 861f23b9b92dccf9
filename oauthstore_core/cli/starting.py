"""Whether a server may start as it is configured; every problem at once."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from ..errors import CapabilityError, OAuthStoreError
from ..oauth2.server import AuthorizationServer
from ..server.application import STANDALONE_ROLES, judge_standalone, open_server
from ..settings import Settings
from ..stores import Stores, check_capabilities, open_stores
from .failures import RefusedFailure, warn
from .listening import Address, judge_exposure

__all__ = ["capability_problems", "open_checked", "warn_of_proxies"]


def open_checked(settings: Settings, address: Address) -> AuthorizationServer:
    """Return the server on its open stores; `RefusedFailure` lists all that keeps it from that."""
    problems = judge_standalone(settings)
    with _collected(problems):
        judge_exposure(settings, address)
    with _collected(problems):
        address.refuse_if_taken()
    with _collected(problems), open_stores(settings, required_roles=STANDALONE_ROLES) as stores:
        problems += capability_problems(settings, stores)
    if problems:
        raise RefusedFailure("\n".join(problems))
    return open_server(settings)


def capability_problems(settings: Settings, stores: Stores) -> list[str]:
    """Return what the settings need of the open stores and these do not promise."""
    try:
        check_capabilities(settings, stores, workers=settings.server.workers)
    except CapabilityError as error:
        return str(error).splitlines()
    return []


@contextmanager
def _collected(problems: list[str]) -> Generator[None, None, None]:
    try:
        yield
    except RefusedFailure as failure:
        problems.append(failure.message)
    except OAuthStoreError as error:
        problems.append(str(error))


def warn_of_proxies(settings: Settings) -> None:
    """Warn where a proxy is certainly there, but none is named."""
    if settings.server.trusted_proxies:
        return
    if os.environ.get("FORWARDED_ALLOW_IPS"):
        warn(
            "FORWARDED_ALLOW_IPS is set, and ignored: it is uvicorn's. Name the proxies in the "
            "setting `server.trusted_proxies`."
        )
    elif (settings.issuer or "").startswith("https:"):
        warn(
            "The issuer is https, so there is a proxy in front, but `server.trusted_proxies` names "
            "none: nobody's X-Forwarded-For is believed, and attempts to sign in are counted by "
            "name only, or all by the proxy's address. Name it there."
        )
