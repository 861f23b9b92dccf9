"""Every block of the README runs: its Python, its settings, its commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from oauthstore_core.settings import Settings

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
COMMAND = Path(sys.executable).with_name("oauthstore")

Run = Callable[..., subprocess.CompletedProcess[str]]


def blocks(language: str) -> list[str]:
    found = [text for name, text in BLOCKS if name == language]
    assert found, f"The README has no {language} block."
    return found


def commands() -> list[str]:
    lines = [line for text in blocks("console") for line in text.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program in a directory with a configuration as `oauthstore init` makes it."""

    def start(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        environ = {k: v for k, v in os.environ.items() if not k.startswith("OAUTHSTORE_")}
        return subprocess.run(  # noqa: S603 - our own programs
            arguments,
            cwd=tmp_path,
            env=environ,
            input=text,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

    start(str(COMMAND), "init")
    return start


@pytest.mark.parametrize("code", blocks("python"))
def test_a_python_block_runs_where_init_was_called(code: str, run: Run) -> None:
    run(sys.executable, "-W", "error", "-c", code)


@pytest.mark.parametrize("text", blocks("toml"))
def test_a_settings_block_has_no_problem(text: str) -> None:
    settings = Settings.from_mapping(tomllib.loads(text)["oauthstore"])

    assert settings.issuer == "https://auth.example.com"


def test_the_commands_that_manage_run_as_they_stand(run: Run) -> None:
    needing_a_server = (" serve", " perform")
    managing = [
        command
        for command in commands()
        if command.startswith("oauthstore") and not any(w in command for w in needing_a_server)
    ]
    for command in managing:
        _, *arguments = shlex.split(command)
        asks_password = ["--password-stdin"] if arguments[:2] == ["user", "add"] else []
        run(str(COMMAND), *arguments, *asks_password, text="correct horse battery\n")

    assert {shlex.split(command)[1] for command in managing} == {"user", "client"}


def test_the_other_commands_are_understood(run: Run) -> None:
    for command in commands():
        words = shlex.split(command)
        if words[0] == "oauthstore" and words[1] in {"serve", "perform"}:
            options = [word for word in words if word.startswith("--")]
            shown = run(str(COMMAND), *words[1:], "--help").stdout
            assert all(option in shown for option in options)
        elif command.startswith("python3 noxfile.py"):
            session = shlex.split(command)[2:]
            assert not session or f"def {session[0]}(" in (ROOT / "noxfile.py").read_text()


def test_what_pip_installs_are_our_distributions() -> None:
    (command,) = [c for c in commands() if c.startswith("pip install")]

    assert shlex.split(command)[2:] == ["oauthstore-core[server]", "oauthstore-sqla"]


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / "README.md").read_text())

    assert [link for link in links if not (ROOT / link).exists()] == []
