"""The settings themselves, with their defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from ..errors import SettingsError
from ..judgement import ACCESS_TOKENS_PER_GRANT
from . import layers
from .checks import GRANTS
from .masking import MASK, mask_options, mask_url
from .parts import (
    DEFAULT_STORE,
    Lifetimes,
    OAuth1Settings,
    ServerSettings,
    StoreSettings,
    route_roles,
)
from .reading import read

__all__ = ["Settings"]


def _memory() -> Mapping[str, StoreSettings]:
    return {DEFAULT_STORE: StoreSettings("memory://")}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set; made by `load` or `from_mapping`, which check it."""

    #: The issuer identifier (RFC 8414), exactly as clients compare it.
    issuer: str | None = None
    #: Store name to store; memory when none is named.
    stores: Mapping[str, StoreSettings] = field(default_factory=_memory)
    #: Role to store name, for every role; see `hookspecs.ROLES`.
    roles: Mapping[str, str] = field(default_factory=dict)
    #: Observers and decorators, from the innermost to the outermost.
    plugins: tuple[str, ...] = ()
    plugin_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    #: The first seals, each opens.
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    #: The grant types of the store mode.
    grants: tuple[str, ...] = GRANTS
    #: Scope to its description for people; empty: whatever clients are registered with.
    scopes: Mapping[str, str] = field(default_factory=dict)
    #: The protected resources that tokens can be asked for (RFC 8707), as absolute URIs; empty:
    #: none is known, and a request that names one is refused.
    resources: tuple[str, ...] = ()
    #: Tags (BCP 47) of the languages that people and clients may be told things in, besides
    #: English; see `translation`.
    languages: tuple[str, ...] = ()
    #: For how many seconds a rotated refresh token gives the same successor again; 0 to 60.
    reuse_grace: int = 10
    #: By how many seconds the clocks of servers that share a store may differ.
    clock_skew: int = 1
    #: How many live access tokens a grant keeps.
    access_tokens_per_grant: int = ACCESS_TOKENS_PER_GRANT
    #: RFC 7009 section 2.1 lets the revocation of an access token take the grant.
    revoke_access_token_revokes_grant: bool = False
    #: Nobody is asked again for what a live grant of the same client covers.
    remember_consent: bool = True
    oauth1: OAuth1Settings = field(default_factory=OAuth1Settings)
    #: Of the standalone server only; an application that embeds it has its own.
    server: ServerSettings = field(default_factory=ServerSettings)
    #: Setting to the place that gave it; see `source_of`.
    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Route every role that is not routed, where there is one store to choose."""
        object.__setattr__(self, "roles", route_roles(self.stores, self.roles))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object], *, source: str = "argument") -> Settings:
        """Return the settings of one nested mapping. `SettingsError` lists every problem."""
        return _build(layers.from_mapping(mapping, source), [])

    @classmethod
    def load(
        cls,
        config_file: Path | None = None,
        environ: Mapping[str, str] | None = None,
        overrides: Mapping[str, object] | None = None,
        *,
        directory: Path | None = None,
        places: Mapping[str, Mapping[str, object]] | None = None,
    ) -> Settings:
        """Return the settings of overrides, environment and file, in this order of strength.

        `places` are an application's, by their names for people, such as a
        framework's settings: weaker than overrides, stronger than the
        environment. The file is `config_file`, else the one that
        ``OAUTHSTORE_CONFIG`` names, else ``oauthstore.toml`` or
        ``pyproject.toml`` in `directory` (the current one). `SettingsError`
        lists every problem and where it comes from.
        """
        environ = os.environ if environ is None else environ
        problems: list[str] = []
        file = layers.from_file(config_file, environ, directory or Path.cwd(), problems)
        variables = layers.from_environment(environ, problems)
        application = [layers.from_mapping(given, name) for name, given in (places or {}).items()]
        arguments = layers.from_mapping(overrides or {}, "argument")
        return _build(layers.merge(file, variables, *application, arguments), problems)

    @property
    def names_no_store(self) -> bool:
        """Tell whether everything is kept in memory because no store was named."""
        named = self.source_of(f"stores.{DEFAULT_STORE}") != "default"
        return not named and self.stores == _memory()

    def source_of(self, key: str) -> str:
        """Return the place that gave a setting, such as ``lifetimes.access_token``."""
        return self.sources.get(key, "default")

    def masked(self) -> Mapping[str, Mapping[str, Any]]:
        """Return ``{setting: {"value": ..., "source": ...}}``, without any secret."""
        shown: dict[str, Any] = {"issuer": self.issuer}
        for name, store in self.stores.items():
            shown[f"stores.{name}"] = mask_url(store.url)
            shown |= _flat(f"stores.{name}.options", mask_options(store.options))
        shown |= _flat("roles", self.roles)
        shown |= {"plugins": list(self.plugins)}
        for plugin, options in self.plugin_options.items():
            shown |= _flat(f"plugin_options.{plugin}", mask_options(options))
        shown |= {"secret_keys": [MASK] * len(self.secret_keys)}
        shown |= {
            f"lifetimes.{item.name}": getattr(self.lifetimes, item.name)
            for item in fields(Lifetimes)
        }
        shown |= {"grants": list(self.grants)}
        shown |= _flat("scopes", self.scopes)
        shown |= {"resources": list(self.resources), "languages": list(self.languages)}
        for key in _NUMBERS:
            shown[key] = getattr(self, key)
        shown |= _flat("oauth1", asdict(self.oauth1))
        shown |= _flat("server", asdict(self.server))
        return {key: {"value": shown[key], "source": self.source_of(key)} for key in shown}


_NUMBERS: Final = (
    "reuse_grace",
    "clock_skew",
    "access_tokens_per_grant",
    "revoke_access_token_revokes_grant",
    "remember_consent",
)


def _flat(above: str, table: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{above}.{key}": value for key, value in table.items()}


def _build(layer: layers.Layer, problems: list[str]) -> Settings:
    values = read(layer, problems)
    if problems:
        raise SettingsError(problems)
    return Settings(**values)
