"""What an authorization server inside of an application does where nothing is set."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from oauthstore_core.backends import BackendPlugin, Capabilities
from oauthstore_core.errors import SchemaError, SettingsError
from oauthstore_core.integrations.embedding import load_settings, open_embedded, with_issuer
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend
from oauthstore_core.settings import Settings

KEYS = ["k" * 40]
ROLES = ("clients", "tokens", "credentials", "nonces", "accounts")


class Remote(MemoryBackend):
    """A store whose schema is another's affair, and is not there yet."""

    def __init__(self, url: str, options: object) -> None:
        super().__init__()
        self._migrated = False

    def migrate(self) -> None:
        self._migrated = True

    def ping(self) -> None:
        if not self._migrated:
            raise SchemaError("The schema is missing. Run `oauthstore migrate`.")


@pytest.fixture
def remote() -> register_backend:
    return register_backend(BackendPlugin("remote", ROLES, Capabilities(), Remote))


def test_arguments_are_stronger_than_the_environment_and_that_than_a_file(tmp_path: Path) -> None:
    file = tmp_path / "oauthstore.toml"
    file.write_text('[oauthstore]\nreuse_grace = 1\nclock_skew = 1\nissuer = "https://a.example"')
    environ = {"OAUTHSTORE_REUSE_GRACE": "2", "OAUTHSTORE_CLOCK_SKEW": "2"}

    settings = load_settings({"reuse_grace": 3}, config_file=file, environ=environ)

    assert (settings.reuse_grace, settings.clock_skew) == (3, 2)
    assert settings.issuer == "https://a.example"


def test_an_argument_that_is_none_counts_as_not_given() -> None:
    settings = load_settings({"store": None, "issuer": None}, environ={})

    assert settings.names_no_store
    assert settings.issuer is None


def test_with_everything_in_memory_secret_keys_are_made_anew_each_time() -> None:
    first, second = load_settings({}, environ={}), load_settings({}, environ={})

    assert len(first.secret_keys[0]) >= 32
    assert first.secret_keys != second.secret_keys


def test_a_key_that_is_given_is_kept_also_in_memory() -> None:
    assert load_settings({"secret_keys": KEYS}, environ={}).secret_keys == tuple(KEYS)


def test_a_store_that_outlives_the_process_needs_a_key_that_does() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings({"store": "sqlite:///oauth.db"}, environ={})

    assert "`secret_keys` is empty" in str(error.value)
    assert "OAUTHSTORE_SECRET_KEYS" in str(error.value)


def test_that_nothing_names_a_store_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    with open_embedded(load_settings({}, environ={})):
        warnings = [r for r in caplog.records if r.levelno == logging.WARNING]

    assert len(warnings) == 1
    assert "kept in memory" in warnings[0].getMessage()


def test_a_fresh_sqlite_file_is_set_up_unasked(tmp_path: Path) -> None:
    given = {"store": f"sqlite:///{tmp_path}/oauth.db", "secret_keys": KEYS}

    with open_embedded(load_settings(given, environ={})) as stores:
        stores.ping()

    assert (tmp_path / "oauth.db").exists()


def test_a_sqlite_file_is_left_alone_where_that_is_asked_for(tmp_path: Path) -> None:
    given = {"store": f"sqlite:///{tmp_path}/oauth.db", "secret_keys": KEYS}

    with pytest.raises(SchemaError):
        open_embedded(load_settings(given, environ={}), migrate=False)


def test_another_store_s_schema_is_brought_up_to_date_on_demand_only(
    remote: register_backend,
) -> None:
    settings = load_settings({"store": "remote://db", "secret_keys": KEYS}, environ={})

    with remote:
        with pytest.raises(SchemaError):
            open_embedded(settings)
        with open_embedded(settings, migrate=True) as stores:
            stores.ping()


@pytest.mark.parametrize(
    ("address", "issuer"),
    [
        ("http://127.0.0.1:8000/oauth", "http://127.0.0.1:8000/oauth"),
        ("http://localhost:5000/", "http://localhost:5000"),
        ("http://[::1]:8000/oauth", "http://[::1]:8000/oauth"),
    ],
)
def test_on_loopback_the_address_is_the_issuer(address: str, issuer: str) -> None:
    assert with_issuer(Settings(), address).issuer == issuer


def test_an_issuer_that_is_set_stays_whatever_was_asked() -> None:
    settings = Settings.from_mapping({"issuer": "https://auth.example.com"})

    assert with_issuer(settings, "http://127.0.0.1:8000") is settings


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/oauth",
        "http://127.0.0.1.evil.example",
        "http://user@127.0.0.1",
        "http://[::1",
        "http://",
    ],
)
def test_elsewhere_the_host_that_a_client_names_is_not_believed(address: str) -> None:
    with pytest.raises(SettingsError, match="`issuer` is not set"):
        with_issuer(Settings(), address)
