"""The server or servers behind a URL, as a client of redis-py."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from redis import ConnectionPool, Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry
from redis.sentinel import Sentinel

from oauthstore_core.errors import ConfigurationError
from oauthstore_core.settings import mask_url

from .options import Options

__all__ = ["SCHEMES", "Client", "check_url", "connect", "is_cluster"]

#: `Redis` or `RedisCluster`; redis-py declares the types of few of their methods.
Client = Any

#: The URL schemes, each with the one that redis-py knows it by.
SCHEMES: Final = {
    "redis": "redis",
    "rediss": "rediss",
    "valkey": "redis",
    "valkeys": "rediss",
    "redis+sentinel": "redis",
    "redis+cluster": "redis",
}
_PORTS: Final = {"redis+sentinel": 26379}
#: Seconds that pass before a call is sent again, at first and at most.
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.5


def check_url(url: str) -> None:
    """Refuse a URL that cannot be meant, without connecting."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ConfigurationError(
            f"The store {mask_url(url)} was to be opened, but oauthstore-redis speaks "
            f"{', '.join(SCHEMES)} only. Use one of these, or another backend."
        )
    try:
        _hosts(parts)
        # Made, not connected: so a name that the driver does not know is found out here.
        _read_query(parts).make_connection()
    except (ValueError, TypeError):
        raise ConfigurationError(
            f"The store {mask_url(url)} was to be opened, but its address or its query cannot be "
            "read. Write host:port, several of them with commas in between, and as the query "
            "what a connection of redis-py takes."
        ) from None
    if parts.scheme == "redis+sentinel" and not parts.path.strip("/"):
        raise ConfigurationError(
            f"The store {mask_url(url)} was to be opened, but it does not name the service that "
            "the sentinels watch. Write redis+sentinel://host:port,host:port/service."
        )


def connect(url: str, options: Options) -> Client:
    """Return a client that tries calls again; each thread uses a connection of its own."""
    parts = urlsplit(url)
    backoff = ExponentialWithJitterBackoff(cap=_LONGEST_PAUSE, base=_FIRST_PAUSE)
    common: dict[str, Any] = {
        "retry": Retry(backoff, options.retries),
        "socket_timeout": options.timeout,
        "socket_connect_timeout": options.timeout,
    }
    asked: dict[str, Any] = {**common, **_query(parts), **_login(parts)}
    if parts.scheme == "redis+cluster":
        node: Any = ClusterNode
        nodes = [node(host, port) for host, port in _hosts(parts)]
        return RedisCluster(startup_nodes=nodes, **asked)
    if parts.scheme == "redis+sentinel":
        service, _, database = parts.path.strip("/").partition("/")
        opener: Any = Sentinel
        sentinel = opener(_hosts(parts), **common)
        return sentinel.master_for(unquote(service), db=int(database or 0), **asked)
    plain = parts._replace(scheme=SCHEMES[parts.scheme])
    return Redis.from_url(urlunsplit(plain), **common)


def is_cluster(client: Client) -> bool:
    """Tell whether the client speaks to a cluster."""
    return isinstance(client, RedisCluster)


def _hosts(parts: SplitResult) -> list[tuple[str, int]]:
    usual = _PORTS.get(parts.scheme, 6379)
    each = (urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(","))
    return [(host.hostname or "localhost", host.port or usual) for host in each]


def _login(parts: SplitResult) -> dict[str, str]:
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    given = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in given.items() if value}


def _query(parts: SplitResult) -> dict[str, Any]:
    """Return what a query gives to each connection."""
    read = _read_query(parts).connection_kwargs
    given = {name: read[name] for name, _ in parse_qsl(parts.query) if name in read}
    return {**given, "ssl": True} if _is_encrypted(parts) else given


def _read_query(parts: SplitResult) -> ConnectionPool:
    """Return a pool that has read the query as redis-py does where a URL names one host."""
    query = parse_qsl(parts.query)
    if "+" in parts.scheme:
        # There is no scheme for an encrypted cluster.
        query = [pair for pair in query if pair[0] != "ssl"]
    scheme = "rediss" if _is_encrypted(parts) else "redis"
    return ConnectionPool.from_url(f"{scheme}://host?{urlencode(query)}")


def _is_encrypted(parts: SplitResult) -> bool:
    asked = "+" in parts.scheme and ("ssl", "true") in parse_qsl(parts.query)
    return asked or SCHEMES[parts.scheme] == "rediss"
