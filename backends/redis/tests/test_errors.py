"""Nothing of the driver's gets out: every exception class of redis-py becomes ours."""

from __future__ import annotations

import pytest
from redis import exceptions
from redis.exceptions import RedisError

from oauthstore_core.errors import StoreError, StoreTimeoutError, StoreUnavailableError
from oauthstore_core.testing.driver_errors import SECRET, driver_errors, mistranslated
from oauthstore_core.testing.samples import client, credential
from oauthstore_redis import RedisBackend
from oauthstore_redis.errors import DRIVER_ERRORS, translated

NOW = 1_700_000_000
#: The packages whose classes the driver and its connections raise.
RAISING = ("builtins", "redis", "socket", "ssl")


def test_every_exception_of_the_driver_becomes_ours() -> None:
    own = [
        kind
        for kind in vars(exceptions).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    derived = driver_errors([*own, RedisError, OSError, UnicodeError])
    # What else of the process derives from OSError, such as urllib's, no connection raises.
    classes = [kind for kind in derived if kind.__module__.partition(".")[0] in RAISING]

    assert len(classes) > 40
    assert [kind for kind in own if not issubclass(kind, DRIVER_ERRORS)] == []
    assert mistranslated(classes, lambda error: translated(error, "the store"), made) == []


def made(kind: type[BaseException]) -> BaseException:
    """Return an error that quotes what was sent, unless it comes from the connection."""
    error = kind.__new__(kind)
    of_connection = issubclass(kind, (exceptions.ConnectionError, OSError))
    error.args = ("refused",) if of_connection else (SECRET,)
    return error


def test_why_a_connection_fails_is_told() -> None:
    store = RedisBackend("redis://127.0.0.1:1", {"retries": 0})

    with pytest.raises(StoreUnavailableError, match="Connection refused"):
        store.ping()
    store.close()


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (exceptions.TimeoutError(), StoreTimeoutError),
        (TimeoutError(), StoreTimeoutError),
        (exceptions.ConnectionError(), StoreUnavailableError),
        (exceptions.BusyLoadingError(), StoreUnavailableError),
        (exceptions.OutOfMemoryError(), StoreUnavailableError),
        (exceptions.ReadOnlyError(), StoreUnavailableError),
        (exceptions.ClusterDownError("CLUSTERDOWN"), StoreUnavailableError),
        (exceptions.ResponseError(SECRET), StoreUnavailableError),
        (exceptions.DataError(SECRET), StoreError),
        (UnicodeEncodeError("utf-8", SECRET, 0, 1, "no"), StoreError),
    ],
)
def test_the_kind_of_an_error_is_told_and_none_of_its_words(
    raised: BaseException, kind: type[StoreError]
) -> None:
    found = translated(raised, "the store redis://host")

    assert type(found) is kind
    assert "redis://host" in str(found)
    assert SECRET not in str(found)


def test_a_value_that_is_no_text_is_refused_not_thrown(store: RedisBackend) -> None:
    for wrong in ("\ud800", "a\udfffb"):
        with pytest.raises(StoreError) as caught:
            store.clients.save_client(client(client_id=wrong))
        assert caught.value.__cause__ is caught.value.__context__ is None
        with pytest.raises(StoreError):
            store.credentials.save_credential(credential(NOW, client_id=wrong), NOW)
        with pytest.raises(StoreError):
            store.tokens.revoke_grant(wrong, NOW, NOW + 9)
