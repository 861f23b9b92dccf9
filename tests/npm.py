"""What tests need from npm, just as a lock file beside them tells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

__all__ = ["find_node", "install", "search_path"]


def install(source: Path, target: Path, more: Iterable[Path] = ()) -> Path:
    """Install into `target` what the lock file in `source` names, and copy `more` there.

    Where there is no npm, the test is skipped, in CI it fails.
    """
    npm = shutil.which("npm", path=search_path())
    if npm is None or shutil.which("node", path=search_path()) is None:
        reason = "Node.js and npm are not on the path, but this test needs them."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    for path in (*source.glob("*.json"), source / ".npmrc", *more):
        shutil.copy(path, target)
    done = subprocess.run(  # noqa: S603 - our own command
        [npm, "ci", "--ignore-scripts", "--no-progress"],
        cwd=target,
        env={**os.environ, "PATH": search_path()},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return target


def find_node() -> str:
    """Return the program; where `install` went well, there is one."""
    found = shutil.which("node", path=search_path())
    assert found is not None
    return found


def search_path() -> str:
    """Return the path with this environment's programs first: Node may be one of them."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
