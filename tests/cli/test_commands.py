"""What holds for the command line as a whole."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from oauthstore_core.cli.commands import oauthstore
from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.settings import Settings

from .conftest import Run, Tell


def every_command(group: click.Group, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        inner = isinstance(command, click.Group)
        found += every_command(command, (*above, name)) if inner else [(*above, name)]
    return found


@pytest.mark.parametrize("command", every_command(oauthstore), ids=" ".join)
def test_every_command_has_help_and_takes_the_global_options(
    run: Run, command: tuple[str, ...]
) -> None:
    told = run(*command, "--help").output

    assert all(option in told for option in ("--config", "--store", "--issuer", "--json"))


def test_the_help_tells_exit_codes_and_completion(run: Run) -> None:
    told = run("--help").output

    assert "4  the store is not available" in told
    assert "_OAUTHSTORE_COMPLETE=bash_source" in told


def test_a_shell_completes_nouns_and_verbs() -> None:
    def completions(words: str, place: int) -> list[str]:
        done = subprocess.run(  # noqa: S603 - our own command
            [Path(sys.executable).with_name("oauthstore")],
            env={
                **os.environ,
                "_OAUTHSTORE_COMPLETE": "bash_complete",
                "COMP_WORDS": words,
                "COMP_CWORD": str(place),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert completions("oauthstore cl", 1) == ["client"]
    assert completions("oauthstore client ro", 2) == ["rotate-secret"]


def test_failures_are_red_where_colours_are_wanted(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run("serve", "--bind", "0.0.0.0:8000", exit_code=1).stderr
    monkeypatch.setenv("NO_COLOR", "1")
    plain = run("serve", "--bind", "0.0.0.0:8000", exit_code=1).stderr

    assert "\x1b[31m" in coloured
    assert "\x1b[31m" not in plain


@pytest.mark.parametrize("arguments", [("nonsense",), ("client", "show"), ("serve", "--bind", "x")])
def test_what_is_not_understood_ends_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    run(*arguments, exit_code=2)


def test_global_options_may_stand_before_or_after_the_command(run: Run, folder: Path) -> None:
    run("--config", "a.toml", "init")
    run("init", "--config", "b.toml")

    assert {path.name for path in folder.glob("*.toml")} == {"a.toml", "b.toml"}
    before = run("--config", "a.toml", "--json", "client", "list").stdout
    after = run("client", "list", "--config", "a.toml", "--json").stdout
    assert json.loads(before) == json.loads(after) == []


def test_a_store_that_does_not_answer_ends_with_4(
    run: Run, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise StoreUnavailableError("no answer")

    monkeypatch.setattr(MemoryBackend, "ping", fail)

    result = run("backend", "ping", "--store", "memory://", exit_code=4)

    assert "no answer" in result.stderr


def test_an_unknown_backend_names_what_to_install(run: Run, folder: Path) -> None:
    result = run("init", "--store", "nonsense://localhost", exit_code=1)

    assert "oauthstore-sqla" in result.stderr
    assert list(folder.iterdir()) == []


def test_without_click_it_says_which_extra_to_install() -> None:
    hidden = "import sys; sys.modules['click'] = None; from oauthstore_core.cli import main; main()"

    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", hidden], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "pip install 'oauthstore-core[server]'" in done.stderr
    assert "Traceback" not in done.stderr


class TestInit:
    """`init`."""

    def test_it_writes_a_private_configuration_that_loads(self, run: Run, folder: Path) -> None:
        result = run("init")

        file, database = folder / "oauthstore.toml", folder / "oauthstore.db"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(database.stat().st_mode) == 0o600
        settings = Settings.load(environ={})
        assert settings.issuer == "http://127.0.0.1:8000"
        assert settings.stores["default"].url == f"sqlite:///{database}"
        assert len(settings.secret_keys[0]) >= 43
        assert settings.secret_keys[0] not in result.output

    def test_it_never_overwrites(self, run: Run, folder: Path) -> None:
        run("init")
        before = (folder / "oauthstore.toml").read_text()

        result = run("init", exit_code=1)

        assert "exists" in result.stderr
        assert (folder / "oauthstore.toml").read_text() == before

    def test_two_of_them_have_different_keys(self, run: Run, folder: Path) -> None:
        run("init", "--config", "a.toml")
        run("init", "--config", "b.toml")

        keys = {
            tomllib.loads(path.read_text())["oauthstore"]["secret_keys"][0]
            for path in folder.glob("*.toml")
        }
        assert len(keys) == 2

    def test_issuer_and_store_can_be_given(self, run: Run) -> None:
        run("init", "--issuer", "https://auth.example.com", "--store", "memory://")

        assert Settings.load(environ={}).issuer == "https://auth.example.com"

    @pytest.mark.parametrize("issuer", ["http://auth.example.com", "nonsense", 'https://x/"'])
    def test_a_wrong_issuer_writes_nothing(self, run: Run, folder: Path, issuer: str) -> None:
        if issuer.startswith("https:"):
            run("init", "--issuer", issuer)
            assert Settings.load(environ={}).issuer == issuer
        else:
            run("init", "--issuer", issuer, exit_code=1)
            assert list(folder.iterdir()) == []

    def test_a_store_that_cannot_be_set_up_leaves_no_file_in_the_way_of_another_try(
        self, run: Run, folder: Path
    ) -> None:
        nobody = "postgresql+psycopg://oauthstore@127.0.0.1:1/oauthstore"

        result = run("init", "--store", nobody, exit_code=4)

        assert "backend ping" in result.stderr
        assert list(folder.iterdir()) == []


class TestConfiguration:
    """`config show`."""

    def test_it_masks_secrets_and_tells_sources(self, run: Run, tell: Tell) -> None:
        told = tell("config", "show", "--store", "postgresql://u:hidden@db/x")

        assert told["secret_keys"] == {"value": ["***"], "source": "file oauthstore.toml"}
        assert told["stores.default"]["source"] == "argument"
        assert "hidden" not in json.dumps(told)
        assert "file oauthstore.toml" in run("config", "show").output

    def test_every_problem_is_told_at_once(self, run: Run, folder: Path) -> None:
        (folder / "oauthstore.toml").write_text('[oauthstore]\nissuer = "x"\nunknown = 1\n')

        result = run("config", "show", exit_code=1)

        assert "issuer" in result.stderr
        assert "unknown" in result.stderr


class TestStoreCare:
    """`backend`, `migrate` and `purge`."""

    def test_installed_backends_are_listed_with_their_distribution(self, tell: Tell) -> None:
        told = {item["name"]: item for item in tell("backend", "list")}

        assert told["memory"]["distribution"] == "oauthstore-core"
        assert "sqlite" in told["sqla"]["schemes"]

    def test_on_demand_they_are_imported_and_tell_their_roles(self, tell: Tell) -> None:
        told = {item["name"]: item for item in tell("backend", "list", "--roles")}

        assert "accounts" in told["memory"]["roles"]

    def test_a_store_that_answers_is_said_to(self, tell: Tell, folder: Path) -> None:
        url = f"sqlite:///{folder / 'oauthstore.db'}"

        told = tell("backend", "ping")

        assert told == [{"store": "default", "url": url, "answers": True}]

    def test_a_fresh_database_needs_a_migration_and_gets_it(self, run: Run, folder: Path) -> None:
        store = ("--store", f"sqlite:///{folder / 'fresh.db'}")

        run("migrate", "status", *store, exit_code=1)
        run("migrate", *store)
        run("migrate", "status", *store)
        run("migrate", "up", *store)

    def test_a_purge_counts_for_each_role(self, tell: Tell, run: Run) -> None:
        told = tell("purge", "--limit", "10")

        assert told == {"clients": 0, "tokens": 0, "credentials": 0, "nonces": 0, "attempts": 0}
        assert "attempts" in run("purge").stdout
