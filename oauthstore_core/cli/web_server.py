"""The web server around the application: uvicorn, its limits and its logs."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import Any, Final

import uvicorn

from ..settings import ServerSettings
from .failures import RefusedFailure
from .listening import Address
from .logs import logging_configuration
from .workers import start_workers

__all__ = ["raise_file_limit", "run_uvicorn", "run_workers", "uvicorn_options"]

#: Seconds that requests at work are given when the server is stopped.
_PATIENCE: Final = 10
#: Seconds in which a worker must answer its supervisor, which it does only once it is there: on a
#: slow machine that takes longer than uvicorn's five.
_WORKER_PATIENCE: Final = 30
#: What uvicorn exits with where it could not start.
_NOT_STARTED: Final = 3
#: As many connections as one process has a use for.
_FILES: Final = 1 << 16


def run_uvicorn(application: Any, **options: Any) -> None:  # noqa: ANN401 - of any framework
    """Serve an application in this process until a signal says otherwise, which is no failure."""
    _end_by_sigterm()
    try:
        uvicorn.run(application, **options)
    except SystemExit as end:
        if end.code != _NOT_STARTED:
            raise
        raise RefusedFailure(
            "The server was to start, but the web server ended at once. Its log above says why."
        ) from end


def run_workers(factory: str, workers: int, **options: Any) -> None:
    """Serve what a factory, ``module:name``, makes in each of several processes, likewise."""
    _end_by_sigterm()
    reason = start_workers(factory, workers, **options)
    if reason is not None:
        raise RefusedFailure(
            f"{workers} workers were to serve, but no process came to it: {reason}. "
            "The log above says why. Mend that, and start the server again."
        )


def _end_by_sigterm() -> None:
    # uvicorn raises the signal again when it is through; else that would be how the process ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def uvicorn_options(address: Address, server: ServerSettings) -> dict[str, Any]:
    """Return what uvicorn is started with."""
    return {
        "host": address.host,
        "port": address.port,
        "http": _protocol(),
        # Nobody speaks WebSocket here; uvicorn would look for a library that does.
        "ws": "none",
        "access_log": server.access_log,
        "log_config": logging_configuration(server.log_format),
        "log_level": "info" if server.access_log else "warning",
        "server_header": False,
        # What a proxy says of the client is believed of those proxies that are named, only.
        "proxy_headers": bool(server.trusted_proxies),
        "forwarded_allow_ips": list(server.trusted_proxies),
        "timeout_graceful_shutdown": _PATIENCE,
        "timeout_worker_healthcheck": _WORKER_PATIENCE,
    }


def _protocol() -> Any:  # noqa: ANN401 - a name of uvicorn's, or a class
    try:
        from .connection import Connection  # noqa: PLC0415 - httptools is for CPython
    except ModuleNotFoundError:
        # h11, which has limits of its own for what it reads.
        return "h11"
    return Connection


def raise_file_limit() -> None:
    """Let this process and its workers have as many connections as the machine allows."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ModuleNotFoundError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
