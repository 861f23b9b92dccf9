from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from oauthstore_core import __version__

from .distributions import Distribution


def test_every_distribution_takes_its_version_from_the_one_file(
    ours: Distribution, root: Path
) -> None:
    hatch = ours.metadata["tool"]["hatch"]["version"]

    assert ours.project["dynamic"] == ["version"]
    assert (ours.folder / hatch["path"]).resolve() == root / "oauthstore_core/_version.py"


def test_every_installed_distribution_has_the_version_of_the_core(
    ours: Distribution,
) -> None:
    assert metadata.version(ours.name) == __version__


def test_every_backend_pins_the_minor_version_of_the_core(backend: Distribution) -> None:
    version = Version(__version__)
    minor = f"{version.major}.{version.minor}"
    following = f"{version.major}.{version.minor + 1}"
    requirements = map(Requirement, backend.project["dependencies"])

    (core,) = [r for r in requirements if r.name == "oauthstore-core"]
    assert core.specifier == SpecifierSet(f">={minor}.0,<{following}")


def test_the_changelog_opens_with_this_version_or_the_unreleased_one(root: Path) -> None:
    headings = re.findall(r"^## (.+)$", (root / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] == "Unreleased" or headings[0].split()[0] == __version__


def test_the_version_is_a_final_or_marked_release() -> None:
    assert str(Version(__version__)) == __version__
