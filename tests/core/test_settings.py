"""Each setting: its default, what it takes, and what it is told when it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from oauthstore_core.errors import SettingsError
from oauthstore_core.hookspecs import ROLES
from oauthstore_core.settings import Lifetimes, Settings, StoreSettings, is_loopback, mask_url

KEY = "k" * 32
DAY = 24 * 60 * 60


def problems_of(mapping: Mapping[str, Any]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as error:
        Settings.from_mapping(mapping)
    return error.value.problems


def problem_of(mapping: Mapping[str, Any]) -> str:
    (problem,) = problems_of(mapping)
    return problem


def test_the_defaults_are_those_of_the_protocol_page() -> None:
    settings = Settings.from_mapping({})

    assert settings == Settings()
    assert settings.issuer is None
    assert settings.stores == {"default": StoreSettings("memory://")}
    assert settings.roles == dict.fromkeys(ROLES, "default")
    assert settings.lifetimes == Lifetimes(60, 3600, 30 * DAY, 90 * DAY)
    assert settings.grants == ("authorization_code", "refresh_token", "client_credentials")
    assert (settings.reuse_grace, settings.clock_skew) == (10, 1)
    assert settings.access_tokens_per_grant == 32
    assert settings.revoke_access_token_revokes_grant is False
    assert settings.resources == ()
    assert settings.names_no_store


def test_everything_can_be_set() -> None:
    settings = Settings.from_mapping(
        {
            "issuer": "https://auth.example.com/tenant",
            "stores": {
                "main": "postgresql+psycopg://oauth@db/oauth",
                "cache": {"url": "redis://cache:6379/0", "options": {"prefix": "o:"}},
            },
            "roles": {
                "clients": "main",
                "tokens": "main",
                "credentials": "cache",
                "nonces": "cache",
            },
            "plugins": ["client_cache"],
            "plugin_options": {"client_cache": {"seconds": 3}},
            "secret_keys": [KEY],
            "lifetimes": {"access_token": 300},
            "grants": ["client_credentials"],
            "scopes": {"profile": "Your name", "mail:read": "Your mail"},
            "resources": ["https://api.example.com", "urn:example:api"],
            "reuse_grace": 0,
            "clock_skew": 3,
            "access_tokens_per_grant": 4,
            "revoke_access_token_revokes_grant": True,
        }
    )

    assert settings.stores["main"].scheme == "postgresql+psycopg"
    assert settings.stores["cache"].options == {"prefix": "o:"}
    assert settings.roles["accounts"] == "main"
    assert settings.plugin_options == {"client_cache": {"seconds": 3}}
    assert settings.lifetimes == Lifetimes(access_token=300)
    assert settings.scopes["mail:read"] == "Your mail"
    assert settings.resources == ("https://api.example.com", "urn:example:api")
    assert not settings.names_no_store


def test_one_store_is_named_default_and_serves_every_role() -> None:
    settings = Settings.from_mapping({"store": "sqlite:///oauth.db"})

    assert settings.stores == {"default": StoreSettings("sqlite:///oauth.db")}
    assert set(settings.roles.values()) == {"default"}


def test_a_further_store_may_stand_beside_the_default_one() -> None:
    settings = Settings.from_mapping(
        {"store": "sqlite:///x", "stores": {"fast": "memory://"}, "roles": {"nonces": "fast"}}
    )

    assert settings.roles == dict.fromkeys(ROLES, "default") | {"nonces": "fast"}


def test_none_counts_as_not_given() -> None:
    assert Settings.from_mapping({"issuer": None, "store": None}) == Settings()


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_mapping(
            {"isuer": "https://a.example", "reuse_grace": 61, "lifetimes": {"access_token": -1}},
            source="file oauthstore.toml",
        )

    assert str(error.value) == (
        "The settings have 3 problems:\n"
        "  - `isuer` (file oauthstore.toml) is unknown. Did you mean 'issuer'?\n"
        "  - `reuse_grace` (file oauthstore.toml) is 61, but must be from 0 to 60. "
        "Choose such a number.\n"
        "  - `lifetimes.access_token` (file oauthstore.toml) is -1, but must be at least 1. "
        "Choose such a number."
    )


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({"lifetimes": {"acces_token": 1}}, ("`lifetimes.acces_token` (argument) is unknown. "
         "Did you mean 'access_token'?")),
        ({"lifetimes": 60}, "`lifetimes` (argument) is a single value. Write a table instead."),
        ({"issuer": {"url": "x"}}, ("`issuer.url` (argument) is a table. "
         "Write a single value instead.")),
        ({"issuer": 5}, "`issuer` (argument) is of the type int. Write text instead."),
        ({"reuse_grace": "10"}, ("`reuse_grace` (argument) is of the type str. "
         "Write a whole number instead.")),
        ({"reuse_grace": True}, ("`reuse_grace` (argument) is of the type bool. "
         "Write a whole number instead.")),
        ({"revoke_access_token_revokes_grant": 1}, ("`revoke_access_token_revokes_grant` "
         "(argument) is of the type int. Write true or false instead.")),
        ({"plugins": "audit"}, ("`plugins` (argument) is of the type str. "
         "Write a list of texts instead.")),
        ({"plugins": ["audit", "audit"]}, ("`plugins` (argument) names something twice. "
         "Take one of them out.")),
        ({"plugin_options": {"audit": {"a": 1}}}, ("`plugin_options.audit` is given, but 'audit' "
         "is not among `plugins`. Add it there, or take its options out.")),
        ({"plugin_options": {"audit": 1}}, ("`plugin_options.audit` (argument) is a single value. "
         "Write a table of options instead.")),
        ({"grants": ["password"]}, ("`grants` (argument) has 'password', which is no grant type "
         "known here. Choose from authorization_code, client_credentials, refresh_token.")),
        ({"grants": ["refresh_tokens"]}, ("`grants` (argument) has 'refresh_tokens', which is no "
         "grant type known here. Did you mean 'refresh_token'?")),
        ({"scopes": {"a b": ""}}, ("`scopes.a b` (argument) has a character that a scope must not "
         "have: a space, a quotation mark, a backslash, or one outside of ASCII "
         "(RFC 6749 section 3.3). Rename the scope.")),
        ({"scopes": {"a": 1}}, "`scopes.a` (argument) is of the type int. Write text instead."),
        ({"resources": "https://a.example"}, ("`resources` (argument) is of the type str. "
         "Write a list of texts instead.")),
        ({"resources": ["https://a.example", "api"]}, ("`resources` (argument) has 'api', which is "
         "not an absolute URI. Write it as https://api.example.com.")),
        ({"resources": ["https://a.example#x"]}, ("`resources` (argument) has "
         "'https://a.example#x', which has a fragment (RFC 8707 section 2). Take it off.")),
        ({"resources": ["urn:a:b", "urn:a:b"]}, ("`resources` (argument) names something twice. "
         "Take one of them out.")),
        ({"secret_keys": [KEY, "short"]}, ("`secret_keys` (argument) has a key of fewer than 32 "
         "characters (number 2). "
         'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"')),
        ({"store": "oauth.db"}, ("`store` (argument) is not a URL: it has no scheme. "
         "Write one such as sqlite:///oauth.db.")),
        ({"store": "a://", "stores": {"default": "b://"}}, ("`stores.default.url` (argument) names "
         "the store 'default' a second time. Take one out.")),
        ({"stores": {"main": {"ulr": "a://"}}}, ("`stores.main.ulr` (argument) is unknown. "
         "Did you mean 'url'?")),
        ({"stores": {"main": {"options": {"a": 1}}}}, ("`stores.main` has options, but no `url`. "
         "Name the store's URL there.")),
        ({"roles": {"token": "default"}}, ("`roles.token` (argument) routes a role that does not "
         "exist. Did you mean 'tokens'?")),
        ({"store": "a://", "roles": {"tokens": "man"}}, ("`roles.tokens` (argument) routes to the "
         "store 'man', which is not among `stores`. Choose from default.")),
        ({"stores": {"a": "a://", "b": "b://"}, "roles": {"clients": "a", "tokens": "a"}},
         ("There are several stores (a, b), but `roles.credentials`, `roles.nonces` names none "
         "of them. Route each role, or call one store 'default'.")),
        ({"clock_skew": -1}, ("`clock_skew` (argument) is -1, but must be at least 0. "
         "Choose such a number.")),
        ({"access_tokens_per_grant": 0}, ("`access_tokens_per_grant` (argument) is 0, "
         "but must be at least 1. Choose such a number.")),
    ],
)  # fmt: skip
def test_a_problem_says_what_was_given_what_is_wrong_and_what_to_do(
    mapping: Mapping[str, Any], problem: str
) -> None:
    assert problem_of(mapping) == problem


@pytest.mark.parametrize(
    "issuer",
    [
        "https://auth.example.com",
        "https://auth.example.com/",
        "https://auth.example.com:8443/tenant/1",
        "http://localhost:5000",
        "http://127.0.0.1:5000",
        "http://127.9.9.9",
        "http://[::1]:5000",
    ],
)
def test_an_issuer_is_kept_exactly_as_it_is_given(issuer: str) -> None:
    assert Settings.from_mapping({"issuer": issuer}).issuer == issuer


@pytest.mark.parametrize(
    ("issuer", "found"),
    [
        ("http://auth.example.com", "is not encrypted, and http is for loopback only"),
        ("http://localhost.example.com", "is not encrypted"),
        ("http://0.0.0.0:5000", "is not encrypted"),
        ("ftp://auth.example.com", "has the scheme 'ftp'"),
        ("auth.example.com", "is not a URL with a host"),
        ("https://", "is not a URL with a host"),
        ("https://auth.example.com:port", "is not a URL."),
        ("https://[::1", "is not a URL."),
        ("https://auth example.com", "is not a URL with a host"),
        ("https://auth.example.com/\n", "is not a URL with a host"),
        ("https://bücher.example", "is not a URL with a host"),
        ("https://auth.example.com?", "has a query or a fragment"),
        ("https://auth.example.com/#", "has a query or a fragment"),
        ("https://me:pw@auth.example.com", "has a user name in it"),
    ],
)
def test_what_is_no_issuer_identifier_is_refused(issuer: str, found: str) -> None:
    problem = problem_of({"issuer": issuer})

    assert problem.startswith(f"`issuer` (argument) {found}")
    assert "pw" not in problem


def test_loopback_is_this_machine_only() -> None:
    assert is_loopback("http://localhost:5000/x")
    assert is_loopback("http://127.0.0.1")
    assert is_loopback("http://[::1]:1")
    assert not is_loopback("http://10.0.0.1")
    assert not is_loopback("https://localhost.example.com")
    assert not is_loopback("https://127.0.0.1.example.com")


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "https://api.example.com",
            "https://api.example.com/v1/?a=b%20c",
            "http://10.0.0.1:8000/",
        ),
        *("https://[::1]:8443/x", "urn:example:api", "api://7c3d", "com.example.app:/x"),
    ],
)
def test_a_resource_is_kept_exactly_as_it_is_given(uri: str) -> None:
    assert Settings.from_mapping({"resources": [uri]}).resources == (uri,)


@pytest.mark.parametrize(
    "uri",
    [
        *("api", "/v1", "//api.example.com", "api.example.com", "1a:x", "urn:", ":x", "https:"),
        *("https://", "https:///x", "https://[::1", "https://a.example/%zz", "https://a b.example"),
        *("https://a.example\n", "https://bücher.example", 'https://a.example/"', "https://a\\b"),
    ],
)
def test_what_is_no_absolute_uri_is_no_resource(uri: str) -> None:
    assert "which is not an absolute URI." in problem_of({"resources": [uri]})


# --- what may be seen ------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///oauth.db", "sqlite:///oauth.db"),
        ("postgresql://oauth:s3cret@db/oauth", "postgresql://oauth:***@db/oauth"),
        ("redis://:s3cret@cache:6379/0", "redis://:***@cache:6379/0"),
        ("redis+sentinel://u:s3cret@a:1,b:2/m/0", "redis+sentinel://u:***@a:1,b:2/m/0"),
        ("postgresql://oauth:s3/cr@et@db/oauth", "postgresql://oauth:***@db/oauth"),
        ("mongodb://h/db?password=s3cret&tls=true", "mongodb://h/db?password=***&tls=true"),
        ("redis://cache:6379/0", "redis://cache:6379/0"),
        ("postgresql://oauth@db/oauth", "postgresql://oauth@db/oauth"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert mask_url(url) == shown
    assert repr(StoreSettings(url)) == f"StoreSettings({shown!r}, {{}})"


def test_no_repr_and_no_problem_shows_a_secret() -> None:
    secret = "s3cret" * 8
    mapping = {
        "store": f"redis://:{secret}@h/0",
        "secret_keys": [secret],
        "plugins": ["mailer"],
        "plugin_options": {"mailer": {"api_key": secret}},
    }

    settings = Settings.from_mapping(mapping)
    problems = problems_of(mapping | {"secret_keys": ["s3cret"], "grants": ["x"]})

    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings.masked())
    assert "s3cret" not in str(problems)


def test_masked_shows_every_value_with_its_source() -> None:
    settings = Settings.from_mapping(
        {
            "store": "redis://:pw@h/0",
            "secret_keys": [KEY, KEY.upper()],
            "lifetimes": {"access_token": 5},
            "plugins": ["mailer"],
            "plugin_options": {"mailer": {"host": "mx", "password": "pw"}},
            "scopes": {"profile": "Your name"},
            "resources": ["https://api.example.com"],
        }
    )

    shown = settings.masked()

    assert shown["stores.default"] == {"value": "redis://:***@h/0", "source": "argument"}
    assert shown["secret_keys"] == {"value": ["***", "***"], "source": "argument"}
    assert shown["lifetimes.access_token"] == {"value": 5, "source": "argument"}
    assert shown["lifetimes.authorization_code"] == {"value": 60, "source": "default"}
    assert shown["plugin_options.mailer.host"] == {"value": "mx", "source": "argument"}
    assert shown["plugin_options.mailer.password"]["value"] == "***"
    assert shown["roles.tokens"] == {"value": "default", "source": "default"}
    assert shown["scopes.profile"]["value"] == "Your name"
    assert shown["resources"] == {"value": ["https://api.example.com"], "source": "argument"}
    assert shown["reuse_grace"] == {"value": 10, "source": "default"}
