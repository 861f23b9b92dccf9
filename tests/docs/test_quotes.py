"""The how-to pages: what they quote stands in code that runs, and their links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs/fastapi.md", ROOT / "docs/resource-servers.md"]
QUOTE = re.compile(r"^<!-- ([^\n]+) -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```python$", re.MULTILINE)
QUOTES = [found for page in PAGES for found in QUOTE.findall(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("source", "code"), QUOTES, ids=[source for source, _ in QUOTES])
def test_a_quote_stands_in_its_source_word_for_word(source: str, code: str) -> None:
    assert code in (ROOT / source).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_python_is_a_quote_of_what_runs(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert len(QUOTE.findall(text)) == len(BLOCK.findall(text)) > 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_linked_exists(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_run_as_they_stand_beside_a_store(page: Path, tmp_path: Path) -> None:
    commands = re.findall(r"^\$ oauthstore (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    _run("init", folder=tmp_path)
    # What the application itself does when it starts.
    _run("migrate", "--store", "sqlite:///oauth.db", folder=tmp_path)

    for command in commands:
        _run(*shlex.split(command), folder=tmp_path)

    assert commands


def _run(*arguments: str, folder: Path) -> None:
    program = str(Path(sys.executable).with_name("oauthstore"))
    environ = {name: v for name, v in os.environ.items() if not name.startswith("OAUTHSTORE_")}
    subprocess.run([program, *arguments], cwd=folder, env=environ, check=True)  # noqa: S603 - our own command
