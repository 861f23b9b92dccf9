"""Where settings come from, and which place wins."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauthstore_core.errors import SettingsError
from oauthstore_core.settings import Settings

KEY = "k" * 32


def load(directory: Path, *, file: Path | None = None, **environ: str) -> Settings:
    return Settings.load(file, environ, directory=directory)


def problems_of(directory: Path, *, file: Path | None = None, **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as error:
        load(directory, file=file, **environ)
    return error.value.problems


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_arguments_win_over_the_environment_over_the_file_over_defaults(tmp_path: Path) -> None:
    write(
        tmp_path / "oauthstore.toml",
        "[oauthstore]\nissuer = 'https://file.example'\nclock_skew = 5\nreuse_grace = 5\n",
    )
    environ = {"OAUTHSTORE_CLOCK_SKEW": "6", "OAUTHSTORE_REUSE_GRACE": "6"}

    settings = Settings.load(None, environ, {"reuse_grace": 7}, directory=tmp_path)

    assert settings.issuer == "https://file.example"
    assert (settings.clock_skew, settings.reuse_grace) == (6, 7)
    assert settings.source_of("issuer") == "file oauthstore.toml"
    assert settings.source_of("clock_skew") == "environment variable OAUTHSTORE_CLOCK_SKEW"
    assert settings.source_of("reuse_grace") == "argument"
    assert settings.source_of("grants") == "default"


def test_tables_are_merged_entry_by_entry(tmp_path: Path) -> None:
    write(
        tmp_path / "oauthstore.toml",
        "[oauthstore.lifetimes]\naccess_token = 1\nauthorization_code = 2\n",
    )

    settings = load(tmp_path, OAUTHSTORE_LIFETIMES__ACCESS_TOKEN="9")

    assert settings.lifetimes.access_token == 9
    assert settings.lifetimes.authorization_code == 2


def test_a_stronger_single_store_replaces_all_storage_below(tmp_path: Path) -> None:
    write(
        tmp_path / "oauthstore.toml",
        "[oauthstore.stores]\nmain = 'a://'\ncache = 'b://'\n[oauthstore.roles]\nclients = 'main'\n"
        "tokens = 'main'\ncredentials = 'cache'\nnonces = 'cache'\n",
    )

    settings = Settings.load(None, {}, {"store": "sqlite:///x"}, directory=tmp_path)

    assert list(settings.stores) == ["default"]
    assert set(settings.roles.values()) == {"default"}


# --- the environment -------------------------------------------------------


def test_the_environment_gives_every_type(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        OAUTHSTORE_STORES__MAIN="sqlite:///x",
        OAUTHSTORE_STORES__MAIN__OPTIONS__POOL_SIZE="5",
        OAUTHSTORE_STORES__MAIN__OPTIONS__NAME="five",
        OAUTHSTORE_PLUGINS="audit, client_cache",
        OAUTHSTORE_PLUGIN_OPTIONS__CLIENT_CACHE__SECONDS="2",
        OAUTHSTORE_SECRET_KEYS=f"{KEY} {KEY.upper()}",
        OAUTHSTORE_SCOPES='{"mail:read": "Your mail"}',
        OAUTHSTORE_GRANTS='["client_credentials"]',
        OAUTHSTORE_REVOKE_ACCESS_TOKEN_REVOKES_GRANT="yes",
    )

    assert settings.stores["main"].options == {"pool_size": 5, "name": "five"}
    assert settings.plugins == ("audit", "client_cache")
    assert settings.plugin_options == {"client_cache": {"seconds": 2}}
    assert settings.secret_keys == (KEY, KEY.upper())
    assert settings.scopes == {"mail:read": "Your mail"}
    assert settings.grants == ("client_credentials",)
    assert settings.revoke_access_token_revokes_grant is True


def test_variables_of_tests_other_variables_and_empty_ones_are_left_alone(tmp_path: Path) -> None:
    settings = load(
        tmp_path, OAUTHSTORE_TEST_REDIS="redis://", OAUTHSTORE_ISSUER="", PATH="/bin", HOME="/"
    )

    assert settings == Settings()


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    keys = write(tmp_path / "keys", f"{KEY}\n{KEY.upper()}\n")
    url = write(tmp_path / "url", "postgresql://oauth:pw@db/oauth\n")

    settings = load(
        tmp_path, OAUTHSTORE_SECRET_KEYS_FILE=str(keys), OAUTHSTORE_STORES__MAIN_FILE=str(url)
    )

    assert settings.secret_keys == (KEY, KEY.upper())
    assert settings.stores["main"].url == "postgresql://oauth:pw@db/oauth"
    assert settings.source_of("secret_keys") == "environment variable OAUTHSTORE_SECRET_KEYS_FILE"


def test_a_secret_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path, OAUTHSTORE_SECRET_KEYS_FILE=str(tmp_path / "none")) == (
        (
            "The file that environment variable OAUTHSTORE_SECRET_KEYS_FILE names cannot be read "
            "(FileNotFoundError). Mend its path or its permissions, or unset the variable."
        ),
    )


def test_a_value_and_a_file_for_it_contradict(tmp_path: Path) -> None:
    keys = write(tmp_path / "keys", KEY)

    assert problems_of(
        tmp_path, OAUTHSTORE_SECRET_KEYS=KEY, OAUTHSTORE_SECRET_KEYS_FILE=str(keys)
    ) == (
        (
            "`secret_keys` is given twice, by environment variable OAUTHSTORE_SECRET_KEYS and by "
            "environment variable OAUTHSTORE_SECRET_KEYS_FILE. Unset one of them."
        ),
    )


def test_a_problem_names_its_variable(tmp_path: Path) -> None:
    assert problems_of(
        tmp_path,
        OAUTHSTORE_ISUER="https://a.example",
        OAUTHSTORE_LIFETIMES__ACCESS_TOKEN="1h",
        OAUTHSTORE_REVOKE_ACCESS_TOKEN_REVOKES_GRANT="maybe",
    ) == (
        "`isuer` (environment variable OAUTHSTORE_ISUER) is unknown. Did you mean 'issuer'?",
        (
            "`lifetimes.access_token` (environment variable OAUTHSTORE_LIFETIMES__ACCESS_TOKEN) "
            "is of the type str. Write a whole number instead."
        ),
        (
            "`revoke_access_token_revokes_grant` "
            "(environment variable OAUTHSTORE_REVOKE_ACCESS_TOKEN_REVOKES_GRANT) "
            "is of the type str. Write true or false instead."
        ),
    )


# --- the file --------------------------------------------------------------


def test_the_environment_names_the_file_and_the_argument_wins(tmp_path: Path) -> None:
    named = write(tmp_path / "a.toml", "[oauthstore]\nclock_skew = 4\n")
    other = write(tmp_path / "b.toml", "[oauthstore]\nclock_skew = 5\n")

    assert load(tmp_path, OAUTHSTORE_CONFIG=str(named)).clock_skew == 4
    assert load(tmp_path, file=other, OAUTHSTORE_CONFIG=str(named)).clock_skew == 5


def test_a_pyproject_serves_where_there_is_no_file_of_our_own(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[project]\nname='x'\n[tool.oauthstore]\nclock_skew = 4\n")
    assert load(tmp_path).source_of("clock_skew") == "file pyproject.toml"
    assert load(tmp_path, file=tmp_path / "pyproject.toml").clock_skew == 4

    write(tmp_path / "oauthstore.toml", "[oauthstore]\nclock_skew = 5\n")
    assert load(tmp_path).clock_skew == 5


@pytest.mark.parametrize("text", ["[project]\nname = 'x'\n", "tool = 1", "not toml"])
def test_a_pyproject_that_does_not_speak_of_us_is_passed_over(tmp_path: Path, text: str) -> None:
    write(tmp_path / "pyproject.toml", text)

    assert load(tmp_path) == Settings()


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("none.toml", None, "but it cannot be read (FileNotFoundError). Mend its path"),
        ("a.toml", "issuer", "but it is not TOML (Expected '=' after a key"),
        ("a.toml", "", "but it has no table [oauthstore]. Put the settings under [oauthstore]."),
        ("pyproject.toml", "", "but it has no table [tool.oauthstore]. Put the settings under"),
    ],
)
def test_a_named_file_that_is_of_no_use_is_a_problem(
    tmp_path: Path, name: str, text: str | None, problem: str
) -> None:
    path = tmp_path / name
    if text is not None:
        write(path, text)

    (found,) = problems_of(tmp_path, file=path)

    assert found.startswith(f"Settings are asked of the file {path}, {problem}")


def test_a_setting_outside_of_the_table_is_a_problem(tmp_path: Path) -> None:
    path = write(tmp_path / "a.toml", "issuer = 'https://a.example'\n[oauthstore]\n")

    assert problems_of(tmp_path, file=path) == (
        (
            f"`issuer` (file {path}) stands outside of the table [oauthstore]. "
            "Move it below that line, or take it out."
        ),
    )


def test_problems_of_all_places_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path / "oauthstore.toml", "[oauthstore]\nclock_skew = -1\n")
    overrides: dict[str, Any] = {"reuse_grace": 99}

    with pytest.raises(SettingsError) as error:
        Settings.load(None, {"OAUTHSTORE_ISSUER": "x"}, overrides, directory=tmp_path)

    places = [problem.partition(")")[0] for problem in error.value.problems]
    assert places == [
        "`clock_skew` (file oauthstore.toml",
        "`issuer` (environment variable OAUTHSTORE_ISSUER",
        "`reuse_grace` (argument",
    ]


def test_without_arguments_the_process_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "oauthstore.toml", "[oauthstore]\nclock_skew = 4\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OAUTHSTORE_REUSE_GRACE", "3")

    settings = Settings.load()

    assert (settings.clock_skew, settings.reuse_grace) == (4, 3)


# --- whatever is given -----------------------------------------------------

NAMES = st.sampled_from(
    [
        *("issuer", "store", "stores", "roles", "plugins", "plugin_options", "secret_keys"),
        *("lifetimes", "grants", "scopes", "reuse_grace", "clock_skew"),
        *("revoke_access_token_revokes_grant", "default", "url", "options", "tokens"),
        *("access_token", "x", ""),
    ]
)
TEXTS = st.text('ab1-:/@#?[]{}". \n\u00e9', max_size=9) | st.sampled_from(
    ["https://[", "memory://", "https://a:b", "--1", "-1", "5", '{"a": {"b": [1]}}', "[1"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.just(0.5) | st.just(b"x") | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
VARIABLES = st.lists(NAMES.map(str.upper), min_size=1, max_size=3).map("__".join)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_any_mapping_is_settings_or_a_settings_error(mapping: dict[str, Any]) -> None:
    with suppress(SettingsError):
        assert Settings.from_mapping(mapping).masked()


@given(st.dictionaries(VARIABLES, TEXTS, max_size=5))
def test_any_environment_is_settings_or_a_settings_error(variables: dict[str, str]) -> None:
    environ = {f"OAUTHSTORE_{name}": text for name, text in variables.items()}

    with suppress(SettingsError):
        assert Settings.load(None, environ, directory=Path("/nonexistent")).masked()
