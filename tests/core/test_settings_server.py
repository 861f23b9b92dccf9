"""The table `server`: how the standalone server listens, and whom it believes and answers."""

from __future__ import annotations

from typing import Any

import pytest

from oauthstore_core.errors import SettingsError
from oauthstore_core.settings import ServerSettings, Settings


def problems_of(**server: Any) -> str:
    with pytest.raises(SettingsError) as error:
        Settings.from_mapping({"server": server})
    return "\n".join(error.value.problems)


def test_its_defaults_are_one_process_on_loopback_that_believes_nobody() -> None:
    server = Settings.from_mapping({}).server

    assert (server.bind, server.workers, server.log_format) == (None, 1, "text")
    assert (server.trusted_proxies, server.allowed_origins) == ((), ())
    assert server.access_log is False


def test_all_of_it_can_be_set() -> None:
    server = {
        "bind": "0.0.0.0:8000",
        "workers": 4,
        "trusted_proxies": ["10.0.0.7", "fd00::/8"],
        "allowed_origins": ["https://app.example.com", "http://127.0.0.1:3000"],
        "access_log": True,
        "log_format": "json",
    }

    settings = Settings.from_mapping({"server": server})

    assert settings.server == ServerSettings(
        bind="0.0.0.0:8000",
        workers=4,
        trusted_proxies=("10.0.0.7", "fd00::/8"),
        allowed_origins=("https://app.example.com", "http://127.0.0.1:3000"),
        access_log=True,
        log_format="json",
    )
    assert settings.masked()["server.workers"] == {"value": 4, "source": "argument"}


def test_the_environment_names_it_too() -> None:
    environ = {
        "OAUTHSTORE_SERVER__TRUSTED_PROXIES": "10.0.0.7 10.0.0.8",
        "OAUTHSTORE_SERVER__WORKERS": "2",
        "OAUTHSTORE_SERVER__ACCESS_LOG": "yes",
    }

    server = Settings.load(environ=environ).server

    assert (server.trusted_proxies, server.workers) == (("10.0.0.7", "10.0.0.8"), 2)
    assert server.access_log is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("bind", value) for value in ("8000", "host", "host:0", "host:65536", "host:x")),
        *(("workers", value) for value in (0, 257, "many")),
        *(("log_format", value) for value in ("xml", "")),
        *(("access_log", value) for value in ("maybe", 2)),
        *(("trusted_proxies", [value]) for value in ("*", "proxy.example", "10.0.0.7/24")),
        *(("trusted_proxies", [value]) for value in ("0.0.0.0/0", "::/0")),
        *(("allowed_origins", [value]) for value in ("*", "null", "app.example.com")),
        *(("allowed_origins", [value]) for value in ("https://app.example.com/", "https://")),
        *(("allowed_origins", [value]) for value in ("http://app.example.com", "https://A.com")),
        *(("allowed_origins", [value]) for value in ("https://u@a.com", "https://a.com:x")),
        ("port", 8000),
    ],
)
def test_what_it_cannot_be_is_told_by_its_name(name: str, value: object) -> None:
    assert f"`server.{name}`" in problems_of(**{name: value})


def test_all_its_problems_are_told_at_once() -> None:
    told = problems_of(bind="x", workers=0, log_format="xml", trusted_proxies=["*"])

    assert told.count("`server.") == 4
