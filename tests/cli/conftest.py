"""The command line in a folder of its own, on SQLite."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from oauthstore_core.cli.commands import oauthstore

Run = Callable[..., Result]
Tell = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty current directory; nothing is configured."""
    for variable in [name for name in os.environ if name.startswith("OAUTHSTORE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Run a command; `exit_code` is what it is to end with."""

    def run(*arguments: str, stdin: str | None = None, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(oauthstore, arguments, input=stdin)
        assert result.exit_code == exit_code, result.output
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def tell(run: Run) -> Tell:
    """Run a command with --json, and return what it told."""
    run("init")
    return lambda *arguments, **options: json.loads(run(*arguments, "--json", **options).stdout)
