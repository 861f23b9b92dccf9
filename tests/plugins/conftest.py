"""Distributions that are installed as far as `importlib.metadata` can tell."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

Install = Callable[..., str]

BACKEND = """
    from oauthstore_core.backends import BackendPlugin
    from oauthstore_core.memory import MemoryBackend

    plugin = BackendPlugin(
        name={name!r},
        roles=("clients", "tokens", "credentials", "nonces", "accounts"),
        capabilities=MemoryBackend.capabilities,
        open=MemoryBackend,
    )
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put a `.dist-info` directory and a module on the path; return the module's name."""
    monkeypatch.syspath_prepend(tmp_path)
    modules: list[str] = []

    def put(
        distribution: str,
        *,
        name: str,
        code: str | None = BACKEND,
        group: str = "oauthstore.backends",
        requires: tuple[str, ...] = (),
        version: str = "1.0",
        attribute: str = "plugin",
    ) -> str:
        module = distribution.replace("-", "_")
        metadata = tmp_path / f"{module}-{version}.dist-info"
        metadata.mkdir()
        lines = [f"Requires-Dist: {text}" for text in requires]
        head = ["Metadata-Version: 2.1", f"Name: {distribution}", f"Version: {version}"]
        (metadata / "METADATA").write_text("\n".join(head + lines) + "\n")
        points = f"[{group}]\n{name} = {module}:{attribute}\n"
        (metadata / "entry_points.txt").write_text(points)
        if code is not None:
            text = dedent(code).replace("{name!r}", repr(name))
            (tmp_path / f"{module}.py").write_text(text)
        modules.append(module)
        importlib.invalidate_caches()
        return module

    yield put
    for module in modules:
        sys.modules.pop(module, None)
