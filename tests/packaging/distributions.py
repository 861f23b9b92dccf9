"""The distributions of this repository, as their pyproject.toml files describe them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Distribution:
    """A distribution of this repository: the core, or a first-party backend."""

    folder: Path

    @property
    def metadata(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / "pyproject.toml").read_text())

    @property
    def project(self) -> dict[str, Any]:
        return self.metadata["project"]

    @property
    def name(self) -> str:
        return self.project["name"]

    @property
    def package(self) -> Path:
        """The folder of its one import package."""
        (package,) = self.metadata["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
        return self.folder / package


CORE = Distribution(ROOT)
BACKENDS = [Distribution(path.parent) for path in sorted(ROOT.glob("backends/*/pyproject.toml"))]
