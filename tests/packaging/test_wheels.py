"""What the built distributions hold; the session `wheels` builds them first."""

from __future__ import annotations

import os
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

from .distributions import Distribution

pytestmark = pytest.mark.wheels


@pytest.fixture(scope="session")
def dist() -> Path:
    try:
        return Path(os.environ["OAUTHSTORE_TEST_DIST"])
    except KeyError:
        pytest.fail(
            "These tests look at built distributions. OAUTHSTORE_TEST_DIST names no folder of "
            "them. Run `python3 noxfile.py wheels`, which builds them first."
        )


def _stem(distribution: Distribution) -> str:
    return f"{distribution.name.replace('-', '_')}-{distribution.version}"


def _wheel(dist: Path, distribution: Distribution) -> zipfile.ZipFile:
    return zipfile.ZipFile(dist / f"{_stem(distribution)}-py3-none-any.whl")


def _files(package: Path) -> set[str]:
    paths = (path for path in package.rglob("*") if path.is_file())
    return {
        path.relative_to(package.parent).as_posix()
        for path in paths
        if "__pycache__" not in path.parts
    }


def test_a_wheel_holds_every_file_of_its_package_and_nothing_else(
    distribution: Distribution, dist: Path
) -> None:
    with _wheel(dist, distribution) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert names == _files(distribution.package)
    assert f"{distribution.package.name}/py.typed" in names


def test_a_wheel_tells_its_licence_and_version(distribution: Distribution, dist: Path) -> None:
    with _wheel(dist, distribution) as wheel:
        (path,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(wheel.read(path).decode())

    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Version"] == distribution.version
    assert metadata.get_payload()


def test_a_source_distribution_builds_the_package_and_brings_its_readme(
    distribution: Distribution, dist: Path
) -> None:
    stem = _stem(distribution)
    with tarfile.open(dist / f"{stem}.tar.gz") as archive:
        names = {str(PurePosixPath(name).relative_to(stem)) for name in archive.getnames()}

    package = distribution.package.relative_to(distribution.folder)
    assert {f"{package}/py.typed", "README.md", "pyproject.toml", "PKG-INFO"} <= names
