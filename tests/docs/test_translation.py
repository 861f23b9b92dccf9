"""The page on translation: its blocks run, and print what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from oauthstore_core.settings import Settings

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROMISE = re.compile(r"print\(.*\)  # (.*)")
BLOCKS = BLOCK.findall((ROOT / "docs" / "translation.md").read_text(encoding="utf-8"))


def blocks(language: str) -> list[str]:
    found = [text for name, text in BLOCKS if name == language]
    assert found, f"The page has no {language} block."
    return found


@pytest.mark.parametrize("code", blocks("python"))
def test_a_python_block_prints_what_stands_beside_it(code: str, tmp_path: Path) -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("OAUTHSTORE_")}
    environ |= {
        "OAUTHSTORE_ISSUER": "http://127.0.0.1:8000",
        "OAUTHSTORE_SECRET_KEYS": "k" * 40,
        "PYTHONIOENCODING": "utf-8",
    }

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )

    assert ", ".join(done.stdout.splitlines()) == ", ".join(PROMISE.findall(code))


@pytest.mark.parametrize("text", blocks("toml"))
def test_the_settings_are_settings(text: str) -> None:
    settings = Settings.from_mapping(tomllib.loads(text)["oauthstore"])

    assert settings.languages == ("de",)
