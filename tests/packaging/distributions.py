"""The distributions of this repository, as their pyproject.toml files describe them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oauthstore_core import __version__

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Distribution:
    """The core, a backend of ours, or an example of somebody else's."""

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
    def version(self) -> str:
        """The one that it states, else that of the core and its backends."""
        return self.project.get("version", __version__)

    @property
    def package(self) -> Path:
        """The folder of its one import package."""
        (package,) = self.metadata["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
        return self.folder / package


CORE = Distribution(ROOT)


def _in_folder(name: str) -> list[Distribution]:
    return [Distribution(path.parent) for path in sorted(ROOT.glob(f"{name}/*/pyproject.toml"))]


BACKENDS = _in_folder("backends")
EXAMPLES = _in_folder("examples")
