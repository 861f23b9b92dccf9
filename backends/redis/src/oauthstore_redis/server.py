"""What the server or servers tell of themselves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis import exceptions

from .connections import Client, is_cluster

__all__ = ["facts", "is_durable"]

_SETTINGS: Final = ("appendfsync", "save")


def facts(client: Client) -> Mapping[str, Any]:
    """Return version, persistence, eviction and clock of each primary that the store uses."""
    if is_cluster(client):
        nodes = [node.redis_connection for node in client.get_primaries()]
        primaries = [_told(node) for node in nodes if node is not None]
    else:
        primaries = [_told(client)]
    first = primaries[0]
    return {
        "server": first["server"],
        "server_version": first["server_version"],
        "mode": first["mode"],
        "primaries": len(primaries),
        "eviction": _together(primaries, "eviction"),
        "maxmemory": _together(primaries, "maxmemory"),
        "persistence": _together(primaries, "persistence"),
        "appendfsync": _together(primaries, "appendfsync"),
        "save": _together(primaries, "save"),
        "replicas": sum(each["replicas"] for each in primaries),
        "clock_skew": max((each["clock_skew"] for each in primaries), key=abs),
    }


def is_durable(client: Client) -> bool:
    """Tell whether what was acknowledged survives the end of the processes.

    Each primary writes an append-only file, and evicts nothing.
    """
    told = facts(client)
    return told["persistence"] == "aof" and told["eviction"] in {"none", "noeviction"}


def _together(primaries: Sequence[Mapping[str, Any]], name: str) -> object:
    """Return what all primaries tell, or all that they do where they differ."""
    told = sorted({str(each[name]) for each in primaries})
    return primaries[0][name] if len(told) == 1 else told


def _told(node: Any) -> dict[str, Any]:  # noqa: ANN401 - a client of one server
    info: Mapping[str, Any] = node.info()
    midway = time.time()
    seconds, microseconds = node.time()
    limit, policy = info.get("maxmemory", 0), info.get("maxmemory_policy", "unknown")
    return {
        "server": info.get("server_name", "redis"),
        "server_version": info.get("valkey_version") or info.get("redis_version"),
        "mode": info.get("redis_mode") or info.get("server_mode"),
        "maxmemory": limit,
        # Without a limit nothing is evicted, whatever the policy.
        "eviction": policy if limit else "none",
        "persistence": _persistence(node, info),
        **{name: _setting(node, name) for name in _SETTINGS},
        "replicas": info.get("connected_slaves", 0),
        "clock_skew": round(seconds + microseconds / 1e6 - midway, 3),
    }


def _persistence(node: Any, info: Mapping[str, Any]) -> str:  # noqa: ANN401 - as above
    if info.get("aof_enabled"):
        return "aof"
    return "rdb" if _setting(node, "save") else "none"


def _setting(node: Any, name: str) -> str | None:  # noqa: ANN401 - as above
    try:
        found: Mapping[str, str | bytes] = node.config_get(name)
    except exceptions.ResponseError:  # services that others run often forbid it
        return None
    value = found.get(name)
    return value.decode() if isinstance(value, bytes) else value
