"""The settings of OAuth 1: off until asked for, each method by name."""

from __future__ import annotations

import pytest

from oauthstore_core.errors import SettingsError
from oauthstore_core.settings import Settings


def test_it_is_off_and_plaintext_is_not_among_its_methods() -> None:
    oauth1 = Settings().oauth1

    assert not oauth1.enabled
    assert oauth1.signature_methods == ("HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "RSA-SHA256")
    assert oauth1.timestamp_window == 300
    assert Settings().lifetimes.temporary_credential == 600


def test_the_environment_sets_it() -> None:
    environ = {
        "OAUTHSTORE_OAUTH1__ENABLED": "true",
        "OAUTHSTORE_OAUTH1__SIGNATURE_METHODS": "RSA-SHA256, HMAC-SHA256",
        "OAUTHSTORE_OAUTH1__TIMESTAMP_WINDOW": "60",
    }

    oauth1 = Settings.load(environ=environ).oauth1

    assert oauth1.enabled
    assert oauth1.signature_methods == ("RSA-SHA256", "HMAC-SHA256")
    assert oauth1.timestamp_window == 60


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"enabled": "perhaps"}, "true or false"),
        ({"signature_methods": ["HMAC-MD5"]}, "no signature method known here"),
        ({"signature_methods": ["HMAC-SHA265"]}, "Did you mean 'HMAC-SHA256'?"),
        ({"timestamp_window": 0}, "from 1 to 86400"),
        ({"timestamp_windows": 1}, "Did you mean 'timestamp_window'?"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(given: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_mapping({"oauth1": given})

    assert told in str(caught.value)


def test_they_are_shown_with_where_they_come_from() -> None:
    shown = Settings.from_mapping({"oauth1": {"enabled": True}}).masked()

    assert shown["oauth1.enabled"] == {"value": True, "source": "argument"}
    assert shown["oauth1.timestamp_window"] == {"value": 300, "source": "default"}
