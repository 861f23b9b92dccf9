"""URLs and options: what is taken, what is refused, and how it is told."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest
from pymongo import MongoClient

from oauthstore_core.errors import ConfigurationError
from oauthstore_core.plugins.discovery import load_backend
from oauthstore_mongo import MongoBackend, plugin

URL = "mongodb://127.0.0.1:1/oauth"


@pytest.mark.parametrize("scheme", ["mongodb", "mongodb+srv"])
def test_both_schemes_find_the_backend(scheme: str) -> None:
    assert load_backend(scheme) is plugin


def test_the_plugin_can_be_handed_to_another_process() -> None:
    assert b"oauthstore_mongo" in pickle.dumps(plugin)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"pool": 5}, "does not know (known: access_tokens_per_grant, busy_timeout, client, "),
        ({"access_tokens_per_grant": 0}, "its value is 0. Give 1 or more."),
        ({"access_tokens_per_grant": True}, "its value is True. Give 1 or more."),
        ({"busy_timeout": -1}, "its value is -1. Give a number of seconds."),
        ({"busy_timeout": float("nan")}, "its value is nan. Give a number of seconds."),
        ({"timeout": 0.5}, "its value is 0.5. Give a number of seconds, 1 or more."),
        ({"timeout": "10"}, "its value is '10'. Give a number of seconds, 1 or more."),
        ({"client": "a client"}, "its value is 'str'. Give a pymongo.MongoClient."),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(options: Mapping[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        MongoBackend(URL, options)

    assert "The store was opened with the option" in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "asked", ["w=1", "w=0", "journal=false", "j=false", "readPreference=secondaryPreferred"]
)
def test_a_url_that_asks_for_less_than_is_promised_is_refused(asked: str) -> None:
    with pytest.raises(ConfigurationError, match=f"The store's URL asks for {asked.lower()[:4]}"):
        MongoBackend(f"{URL}?{asked}")


@pytest.mark.parametrize(
    "asked",
    [
        "retryWrites=true&w=majority",
        "journal=true",
        "readPreference=primary",
        "w=MAJORITY&tls=true",
    ],
)
def test_a_url_that_asks_for_what_is_promised_is_taken(asked: str) -> None:
    with closing(MongoBackend(f"{URL}?{asked}")):
        pass


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://",
        "mongodb://host:port/oauth",
        "mongodb://user:pa/ss@host/oauth",
        f"{URL}?authMechanism=MAGIC",
    ],
)
def test_a_url_that_the_driver_does_not_take_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        MongoBackend(url)

    assert "pa/ss" not in str(caught.value)
    assert caught.value.__context__ is None


def test_no_password_is_shown() -> None:
    with closing(MongoBackend("mongodb://user:s3cret%40@127.0.0.1:1/oauth?tls=true")) as store:
        shown = f"{store!r} {store._connections.where} {store._connections.url}"

    assert "s3cret" not in shown
    assert "mongodb://127.0.0.1:1/oauth" in shown


def test_the_urls_own_options_win_over_the_stores() -> None:
    options = {"timeout": 3}
    with closing(MongoBackend(f"{URL}?serverSelectionTimeoutMS=77", options)) as store:
        settings = store._connections._database().client.options

    assert settings.server_selection_timeout == 0.077
    assert settings.pool_options.socket_timeout == 3


def test_reads_are_the_primarys_and_writes_the_majoritys_on_the_disk() -> None:
    with (
        MongoClient(f"{URL}?w=1&readPreference=secondary", connect=False) as client,
        closing(MongoBackend(URL, {"client": client})) as store,
    ):
        database = store._connections._database()

    assert database.read_preference.mode == 0
    assert database.write_concern.document == {"w": "majority", "j": True, "wtimeout": 10_000}


def test_an_applications_client_is_left_open_and_its_database_used() -> None:
    with MongoClient("mongodb://127.0.0.1:1/theirs", connect=False) as client:
        store = MongoBackend("mongodb://", {"client": client})
        assert store._connections._database().name == "theirs"
        store.close()
        assert client.topology_description is not None
