"""The page on the command line: its commands run as they stand, and none is left out."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from oauthstore_core.cli.commands import oauthstore
from oauthstore_core.cli.failures import EXIT_CODES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
LINES = [
    line
    for text in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line in text.splitlines()
]
COMMANDS = [line.removeprefix("$ ") for line in LINES]


def every_command(group: click.Group, above: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        full = f"{above} {name}".strip()
        found += every_command(command, full) if isinstance(command, click.Group) else [full]
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in [name for name in os.environ if name.startswith("OAUTHSTORE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_its_commands_run_one_after_another() -> None:
    ran = 0
    for line in COMMANDS:
        said, _, command = line.rpartition(" | ")
        if command.startswith("pip ") or " perform " in command:
            continue
        stdin = shlex.split(said)[-1] if said else None
        result = CliRunner().invoke(oauthstore, shlex.split(command)[1:], input=stdin)
        assert result.exit_code == 0, f"{command}: {result.output}"
        ran += 1

    assert ran > 20


@pytest.mark.parametrize("command", [line for line in COMMANDS if " perform " in line])
def test_what_needs_a_server_is_understood(command: str) -> None:
    words = shlex.split(command)[1:]

    told = CliRunner().invoke(oauthstore, [*words, "--help"]).output

    assert all(word in told for word in words if word.startswith("--"))


@pytest.mark.parametrize("command", every_command(oauthstore))
def test_every_command_is_on_the_page(command: str) -> None:
    assert command in PAGE


def test_the_exit_codes_are_those_of_the_help() -> None:
    on_page = re.findall(r"^\| ([0-9]) \|", PAGE, re.MULTILINE)

    assert on_page == re.findall(r"^  ([0-9]) ", EXIT_CODES, re.MULTILINE)


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", PAGE)

    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
