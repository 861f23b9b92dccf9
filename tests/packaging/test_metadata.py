from __future__ import annotations

from importlib import metadata
from pathlib import Path

from oauthstore_core.backends import BackendPlugin

from .distributions import Distribution


def test_every_distribution_is_under_the_bsd_licence(distribution: Distribution) -> None:
    assert distribution.project["license"] == "BSD-3-Clause"


def test_the_licence_text_is_that_of_the_bsd_licence(root: Path) -> None:
    text = (root / "LICENSE").read_text()

    assert "Redistribution and use in source and binary forms" in text
    assert "Neither the name of" in text


def test_every_distribution_runs_on_the_same_pythons(distribution: Distribution) -> None:
    assert distribution.project["requires-python"] == ">=3.11"


def test_every_distribution_has_a_readme_and_is_typed(distribution: Distribution) -> None:
    assert (distribution.folder / distribution.project["readme"]).read_text().strip()
    assert (distribution.package / "py.typed").exists()


def test_every_entry_point_and_script_resolves(distribution: Distribution) -> None:
    for entry_point in _declared(distribution.project):
        assert entry_point.load() is not None, entry_point


def test_every_declared_entry_point_is_the_installed_one(distribution: Distribution) -> None:
    installed = metadata.distribution(distribution.name).entry_points

    assert {_key(e) for e in _declared(distribution.project)} == {_key(e) for e in installed}


def test_every_backend_is_registered_under_its_name_and_schemes(distribution: Distribution) -> None:
    group = "oauthstore.backends"
    names = distribution.project["entry-points"][group]
    points = [metadata.EntryPoint(name, value, group) for name, value in names.items()]

    registered = set()
    for plugin in {id(p): p for p in (point.load() for point in points)}.values():
        assert isinstance(plugin, BackendPlugin)
        own = {point.name for point in points if point.load() is plugin}
        assert {plugin.name, *plugin.schemes} == own
        registered |= own
    assert registered == set(names)


def _declared(project: dict) -> list[metadata.EntryPoint]:
    groups = {**project.get("entry-points", {}), "console_scripts": project.get("scripts", {})}
    return [
        metadata.EntryPoint(name, value, group)
        for group, names in groups.items()
        for name, value in names.items()
    ]


def _key(entry_point: metadata.EntryPoint) -> tuple[str, str, str]:
    return (entry_point.group, entry_point.name, entry_point.value)
