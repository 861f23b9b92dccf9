"""What is compared with what: all sides of a set are held against its first one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .servers import ASGI_SERVERS, OIDC_PROVIDER, WSGI_SERVERS, Side

__all__ = ["SETS", "Set", "sets_of"]

#: Authlib's own switch, without which it refuses http; ours needs none on loopback.
_INSECURE: Final = {"AUTHLIB_INSECURE_TRANSPORT": "1"}
_PROTOCOL: Final = ("issue", "introspect")
_LEVELS: Final = ("FULL", "NORMAL")


@dataclass(frozen=True, slots=True)
class Set:
    """Sides that take turns in the same run."""

    title: str
    sides: Sequence[Side]
    flows: Sequence[str] = _PROTOCOL
    #: SQLite's `synchronous`; it means nothing to a side in memory.
    synchronous: str = "FULL"


def _wsgi(server: str, name: str, factory: str, environment: Mapping[str, str]) -> Side:
    module, _, function = factory.partition(":")
    whole = f"benchmarks.{module}:{function or 'create_app'}"
    return Side(name, whole, WSGI_SERVERS[server], environment)


def _handwritten(server: str) -> Side:
    return _wsgi(server, "by hand", "handwritten", _INSECURE)


def _standalone(server: str, name: str, factory: str = "create_application") -> Side:
    return Side(name, f"benchmarks.ours_standalone:{factory}", ASGI_SERVERS[server])


def _flask() -> list[Set]:
    return [
        Set(
            f"Flask under {server}, synchronous={level}",
            [
                _handwritten(server),
                _wsgi(server, "ours", "ours_flask", {}),
                _wsgi(server, "ours, with hooks", "ours_with_hooks", {}),
            ],
            (*_PROTOCOL, "bearer"),
            level,
        )
        for server in WSGI_SERVERS
        for level in _LEVELS
    ]


def _django() -> list[Set]:
    return [
        Set(
            f"Django under gunicorn, synchronous={level}",
            [
                _wsgi("gunicorn", "by hand", "handwritten_django", _INSECURE),
                _wsgi("gunicorn", "django-oauth-toolkit", "django_toolkit", {}),
                _wsgi("gunicorn", "ours", "ours_django", {}),
                _wsgi("gunicorn", "ours, on the ORM", "ours_django:create_on_orm", {}),
            ],
            (*_PROTOCOL, "bearer"),
            level,
        )
        for level in _LEVELS
    ]


def _oauth1() -> list[Set]:
    return [
        Set(
            f"OAuth 1 on Flask under {server}, synchronous={level}",
            [
                _wsgi(server, "by hand", "handwritten_oauth1", _INSECURE),
                _wsgi(server, "ours", "ours_flask_oauth1", {}),
            ],
            ("signed",),
            level,
        )
        for server in WSGI_SERVERS
        for level in _LEVELS
    ]


def _standalone_sets() -> list[Set]:
    threads = "granian, 16 threads"
    return [
        Set(
            f"Standalone (uvicorn) against WSGI ({threads}), synchronous={level}",
            [
                _handwritten(threads),
                _wsgi(threads, "django-oauth-toolkit", "django_toolkit", {}),
                _standalone("uvicorn", "ours"),
            ],
            synchronous=level,
        )
        for level in _LEVELS
    ]


def _memory() -> list[Set]:
    node = Side("oidc-provider", environment={"NODE_ENV": "production"}, folder=OIDC_PROVIDER)
    return [Set("In memory", [node, _standalone("uvicorn", "ours", "create_in_memory")])]


def _asgi() -> list[Set]:
    return [
        Set(
            f"The standalone server under ASGI servers, {where}",
            [_standalone(server, server, factory) for server in ASGI_SERVERS],
        )
        for where, factory in (
            ("in memory", "create_in_memory"),
            ("synchronous=FULL", "create_application"),
        )
    ]


#: By the name that the command line takes.
SETS: Final[Mapping[str, Callable[[], list[Set]]]] = {
    "flask": _flask,
    "django": _django,
    "oauth1": _oauth1,
    "standalone": _standalone_sets,
    "memory": _memory,
    "asgi": _asgi,
}


def sets_of(names: Sequence[str], filtered: str) -> list[Set]:
    """Return the sets of these names in whose title `filtered` stands."""
    return [one for name in names for one in SETS[name]() if filtered in one.title]
