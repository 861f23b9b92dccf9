"""From a name in the settings to a checked descriptor; nothing else is imported.

The checks stand in the order in which they can be made: what metadata tells
comes before the import. pluggy's own loader would import everything that is
installed, and of two distributions with one name take either.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, entry_points
from importlib.metadata import version as installed_version
from types import TracebackType
from typing import Final, Self, TypeVar

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from .._version import __version__
from ..backends import BackendPlugin
from ..errors import (
    AmbiguousPluginError,
    ContractVersionError,
    PluginDescriptorError,
    PluginImportError,
    PluginRequirementError,
    UnknownBackendError,
    UnknownPluginError,
)
from ..hookspecs import CONTRACT_VERSION, ROLES
from ..settings.checks import advise_name
from .descriptors import Plugin

__all__ = [
    "BACKENDS",
    "PLUGINS",
    "Installed",
    "installed_backends",
    "installed_plugins",
    "load_backend",
    "load_plugin",
    "register_backend",
]

#: The entry-point groups.
BACKENDS: Final = "oauthstore.backends"
PLUGINS: Final = "oauthstore.plugins"

CORE: Final = "oauthstore-core"

D = TypeVar("D", BackendPlugin, Plugin)


@dataclass(frozen=True, slots=True)
class Installed:
    """A name that a distribution offers, as its metadata tells it."""

    name: str
    #: ``name version`` of the distribution.
    distribution: str
    #: ``module:object``.
    target: str


class register_backend:  # noqa: N801 - called and entered like a function
    """Offer a backend within this process, for tests and one-offs.

    It is there from the call on, and, as a context manager, until the end of
    the block. It comes before an installed one of the same name.
    """

    _lock = threading.Lock()
    _offered: Final[dict[str, BackendPlugin]] = {}

    def __init__(self, plugin: BackendPlugin) -> None:
        _check_descriptor(plugin, BackendPlugin, plugin.name, "this process")
        self._added = dict.fromkeys((plugin.name, *plugin.schemes), plugin)
        with self._lock:
            self._before = {name: self._offered.get(name) for name in self._added}
            self._offered.update(self._added)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            for name, plugin in self._before.items():
                if plugin is None:
                    self._offered.pop(name, None)
                else:
                    self._offered[name] = plugin

    @classmethod
    def offered(cls) -> Mapping[str, BackendPlugin]:
        """Return what is offered now, by name and scheme."""
        with cls._lock:
            return dict(cls._offered)


def installed_backends() -> tuple[Installed, ...]:
    """Return the installed backends' names and schemes; imports none of them."""
    return _installed(BACKENDS)


def installed_plugins() -> tuple[Installed, ...]:
    """Return the installed observers and decorators; imports none of them."""
    return _installed(PLUGINS)


def _installed(group: str) -> tuple[Installed, ...]:
    found = [Installed(p.name, _describe(p.dist), p.value) for p in entry_points(group=group)]
    return tuple(sorted(found, key=lambda item: (item.name, item.distribution)))


def load_backend(scheme: str) -> BackendPlugin:
    """Return the descriptor for a backend's name or URL scheme.

    ``scheme+driver`` is looked up whole, then by what stands before the ``+``.
    """
    offered = register_backend.offered()
    points = _by_name(BACKENDS)
    for name in (scheme, scheme.partition("+")[0]):
        if name in offered:
            return offered[name]
        if name in points:
            return _load(points[name], BackendPlugin)
    raise UnknownBackendError(scheme, {*points, *offered})


def load_plugin(name: str) -> Plugin:
    """Return the descriptor of an observer or decorator."""
    points = _by_name(PLUGINS)
    if name not in points:
        raise UnknownPluginError(name, points)
    return _load(points[name], Plugin)


def _by_name(group: str) -> dict[str, list[EntryPoint]]:
    points: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        points.setdefault(point.name, []).append(point)
    return points


def _load(points: list[EntryPoint], kind: type[D]) -> D:
    point = _only(points)
    _check_requirements(point)
    found = _import(point)
    return _check_descriptor(found, kind, point.name, _describe(point.dist))


# --- before the import -----------------------------------------------------


def _describe(distribution: Distribution | None) -> str:
    if distribution is None:
        return "an unknown distribution"
    return f"{distribution.name} {distribution.version}"


def _only(points: list[EntryPoint]) -> EntryPoint:
    if len(points) == 1:
        return points[0]
    name = points[0].name
    found = ", ".join(sorted(f"{_describe(point.dist)} ({point.value})" for point in points))
    raise AmbiguousPluginError(
        f"{name!r} is to come from one distribution, but {len(points)} offer it: {found}.\n"
        "Uninstall all but one of them.",
        name=name,
    )


def _check_requirements(point: EntryPoint) -> None:
    for text in (point.dist.requires if point.dist else None) or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise _requirement_error(point, repr(text), "which is no requirement") from error
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        found = _version_of(requirement.name)
        wanted = f"{requirement.name}{requirement.specifier}"
        if found is None:
            raise _requirement_error(point, wanted, "but it is not installed")
        if not requirement.specifier.contains(found, prereleases=True):
            raise _requirement_error(point, wanted, f"but {found} is installed")


def _requirement_error(point: EntryPoint, wanted: str, found: str) -> PluginRequirementError:
    distribution = _describe(point.dist)
    install = point.dist.name if point.dist else point.name
    return PluginRequirementError(
        f"{point.name!r} comes from {distribution}, which requires {wanted}, {found}.\n"
        f"Install versions that fit together: pip install --upgrade {install} {CORE}",
        name=point.name,
        distribution=distribution,
    )


def _version_of(distribution: str) -> str | None:
    # The code that runs, rather than the metadata of an installation beside it.
    if canonicalize_name(distribution) == CORE:
        return __version__
    try:
        return installed_version(distribution)
    except PackageNotFoundError:
        return None


# --- the import ------------------------------------------------------------


def _import(point: EntryPoint) -> object:
    try:
        module = importlib.import_module(point.module)
    except Exception as error:
        raise _import_error(point, *_explain(point, error)) from error
    found: object = module
    try:
        for attribute in point.attr.split("."):
            found = getattr(found, attribute)
    except AttributeError as error:
        what = f"the module {point.module} has no {point.attr!r}"
        raise _import_error(point, what, "Mend its entry point, or reinstall it.") from error
    return found


def _explain(point: EntryPoint, error: Exception) -> tuple[str, str]:
    install = point.dist.name if point.dist else point.name
    if isinstance(error, ModuleNotFoundError) and error.name:
        if point.module == error.name or point.module.startswith(f"{error.name}."):
            return (
                f"it has no module {error.name!r}",
                f"Its installation is damaged: pip install --force-reinstall {install}",
            )
        return (
            f"it imports {error.name!r}, which is not installed",
            f"Install what it needs: pip install --upgrade {install}",
        )
    return (
        f"importing it raised {type(error).__name__}: {error}",
        "The traceback above this one tells where; that distribution is to be mended.",
    )


def _import_error(point: EntryPoint, found: str, advice: str) -> PluginImportError:
    distribution = _describe(point.dist)
    return PluginImportError(
        f"{point.name!r} comes from {distribution} (entry point {point.value}), but {found}.\n"
        f"{advice}",
        name=point.name,
        distribution=distribution,
    )


# --- the descriptor --------------------------------------------------------


def _check_descriptor(found: object, kind: type[D], name: str, distribution: str) -> D:
    if not isinstance(found, kind):
        raise PluginDescriptorError(
            f"{name!r} from {distribution} is to be a {kind.__name__}, "
            f"but is of the type {type(found).__name__}. Point the entry point at the descriptor.",
            name=name,
            distribution=distribution,
        )
    names = (found.name, *(found.schemes if isinstance(found, BackendPlugin) else ()))
    if name not in names:
        raise PluginDescriptorError(
            f"{name!r} from {distribution} leads to the descriptor of "
            f"{', '.join(repr(n) for n in names)}. "
            "Give entry point and descriptor the same name, or add it to `schemes`.",
            name=name,
            distribution=distribution,
        )
    if found.contract != CONTRACT_VERSION:
        raise ContractVersionError(
            f"{name!r} from {distribution} was written for storage contract {found.contract}, "
            f"but {CORE} {__version__} speaks {CONTRACT_VERSION}.\n"
            f"Install versions that fit together: pip install --upgrade {CORE}",
            name=name,
            distribution=distribution,
        )
    if isinstance(found, BackendPlugin):
        _check_roles(found.roles, name, distribution)
    elif found.observer is None and found.decorate is None:
        raise PluginDescriptorError(
            f"{name!r} from {distribution} is to observe or to decorate, but has neither. "
            "Give its Plugin an observer= or a decorate=.",
            name=name,
            distribution=distribution,
        )
    return found


def _check_roles(roles: Iterable[str], name: str, distribution: str) -> None:
    if isinstance(roles, str) or not tuple(roles):
        raise PluginDescriptorError(
            f"{name!r} from {distribution} has the roles {roles!r}, which is no list of roles. "
            f'Write a tuple, such as roles=("nonces",).',
            name=name,
            distribution=distribution,
        )
    for role in roles:
        if role not in ROLES:
            raise PluginDescriptorError(
                f"{name!r} from {distribution} serves the role {role!r}, which does not exist. "
                f"{advise_name(role, ROLES)}",
                name=name,
                distribution=distribution,
            )
