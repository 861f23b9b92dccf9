"""Every error that oauthstore raises.

::

    OAuthStoreError
      + ConfigurationError            something to mend before the server can start
      |   + SettingsError             the settings, all problems at once
      |   + UnknownBackendError       no installed distribution offers that name
      |   + UnknownPluginError        the same for an observer or decorator
      |   + PluginImportError         it is installed, but its import failed
      |   + AmbiguousPluginError      two distributions offer the same name
      |   + PluginRequirementError    it requires another version of something
      |   + PluginDescriptorError     the entry point is no descriptor, or another's
      |   + ContractVersionError      it was written for another storage contract
      |   + RoleNotServedError        a role is routed to a store without it
      |   + MissingHookError          a role object lacks a hook
      |   + UnmarkedHookError         the method is there but not marked @hookimpl
      |   + HookSignatureError        the method's parameters differ from the contract's
      |   + UnknownHookError          a marked method that no role knows
      |   + DuplicateProviderError    two providers for one hook
      |   + RegistrationClosedError   the plugins are frozen once built
      |   + CapabilityError           the configuration needs what no store promises
      |   + SchemaError               the store's schema is missing, old, or too new
      + SealError                     sealed bytes that no key opens
      + WouldBlockError               waiting is needed where waiting is forbidden
      + StoreError                    the only errors that leave a backend
          + StoreUnavailableError     not reachable, or the outcome is unknown
          |   + StoreTimeoutError     no answer in time
          + ConflictError             a lost update, or retries used up
          + DuplicateError            the key is taken
          + GrantRevokedError         the grant, or its range, is revoked

Messages have three parts: what was asked, what was found, what to do. No
message, attribute or repr carries a token, code or secret.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import ClassVar

__all__ = [
    "AmbiguousPluginError",
    "CapabilityError",
    "ConfigurationError",
    "ConflictError",
    "ContractVersionError",
    "DuplicateError",
    "DuplicateProviderError",
    "GrantRevokedError",
    "HookSignatureError",
    "MissingHookError",
    "OAuthStoreError",
    "PluginDescriptorError",
    "PluginImportError",
    "PluginRequirementError",
    "RegistrationClosedError",
    "RoleNotServedError",
    "SchemaError",
    "SealError",
    "SettingsError",
    "StoreError",
    "StoreTimeoutError",
    "StoreUnavailableError",
    "UnknownBackendError",
    "UnknownHookError",
    "UnknownPluginError",
    "UnmarkedHookError",
    "WouldBlockError",
]


class OAuthStoreError(Exception):
    """The root of everything that this project raises."""


# --- configuration -------------------------------------------------------


class ConfigurationError(OAuthStoreError):
    """Something to mend before the server can start."""


class SettingsError(ConfigurationError):
    """The settings have problems; all of them are listed."""

    def __init__(self, problems: Sequence[str]) -> None:
        #: One complete message for each problem.
        self.problems = tuple(problems)
        noun = "problem" if len(self.problems) == 1 else "problems"
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"The settings have {len(self.problems)} {noun}:\n{lines}")


class _UnknownNameError(ConfigurationError):
    kind = ""

    def __init__(self, name: str, installed: Iterable[str]) -> None:
        #: What the settings asked for.
        self.name = name
        #: The names that installed distributions offer.
        self.installed = tuple(sorted(installed))
        found = ", ".join(self.installed) or "none"
        near = difflib.get_close_matches(name, self.installed, n=1, cutoff=0.6)
        advice = f"Did you mean {near[0]!r}? " if near else ""
        super().__init__(
            f"No {self.kind} named {name!r} is installed (installed: {found}).\n"
            f"{advice}{self._how_to_install()}"
        )

    def _how_to_install(self) -> str:
        raise NotImplementedError


class UnknownBackendError(_UnknownNameError):
    """No installed distribution offers a storage backend of that name or URL scheme."""

    kind = "storage backend"

    #: Which distribution serves a scheme that we know but do not find installed. Only what is
    #: released: a name that nobody has taken yet, somebody else could.
    known: ClassVar = {
        "sqlite": "oauthstore-sqla",
        "sqla": "oauthstore-sqla",
        "postgresql": "'oauthstore-sqla[postgresql]'",
        "mysql": "'oauthstore-sqla[mysql]'",
        "mariadb": "'oauthstore-sqla[mysql]'",
        **dict.fromkeys(("redis", "rediss", "valkey", "valkeys"), "oauthstore-redis"),
        "mongodb": "oauthstore-mongo",
        **dict.fromkeys(("django", "django-cache"), "oauthstore-django"),
    }

    def _how_to_install(self) -> str:
        scheme = self.name.partition("+")[0]
        if scheme in self.known:
            return f"To install it: pip install {self.known[scheme]}"
        return "A backend comes in a distribution of its own, such as oauthstore-sqla."


class UnknownPluginError(_UnknownNameError):
    """No installed distribution offers an observer or decorator of that name."""

    kind = "oauthstore plugin"

    def _how_to_install(self) -> str:
        return "Take it out of `plugins`, or install the distribution that offers it."


class _PluginError(ConfigurationError):
    """A plugin was found, but cannot be used."""

    def __init__(self, message: str, *, name: str, distribution: str | None = None) -> None:
        #: The entry point's name.
        self.name = name
        #: ``name version`` of the distribution that offers it, where known.
        self.distribution = distribution
        super().__init__(message)


class PluginImportError(_PluginError):
    """The plugin is installed, but importing it failed; the cause is chained."""


class AmbiguousPluginError(_PluginError):
    """Two distributions offer the same name: neither is taken."""


class PluginRequirementError(_PluginError):
    """The plugin's distribution requires a version that is not installed."""


class PluginDescriptorError(_PluginError):
    """The entry point is not the descriptor that its name promises."""


class ContractVersionError(_PluginError):
    """The backend was written for a storage contract that this core does not speak."""


class RoleNotServedError(_PluginError):
    """A role is routed to a store that does not serve it."""


class MissingHookError(_PluginError):
    """A role object lacks a hook of its role."""


class UnmarkedHookError(_PluginError):
    """A role object has the method, but it is not marked ``@hookimpl``."""


class HookSignatureError(_PluginError):
    """A hook's parameters differ from those of the contract."""


class UnknownHookError(_PluginError):
    """A method is marked ``@hookimpl``, but no role has a hook of that name."""


class DuplicateProviderError(_PluginError):
    """Two objects provide the same hook; a write must never reach two stores."""


class RegistrationClosedError(_PluginError):
    """Plugins cannot be added once the stores are built."""


class CapabilityError(ConfigurationError):
    """The configuration needs a promise that the chosen store does not make."""


class SchemaError(ConfigurationError):
    """The store's schema is missing, older than the code, or newer than it."""


class SealError(OAuthStoreError):
    """Sealed bytes that no key of the ring opens, or that belong to another record."""


class WouldBlockError(OAuthStoreError):
    """Waiting is needed, but the caller is an event loop; call again from a thread."""


# --- stores --------------------------------------------------------------


class StoreError(OAuthStoreError):
    """The root of the only errors that may leave a backend."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached, or the outcome of a write is unknown."""


class StoreTimeoutError(StoreUnavailableError):
    """The store gave no answer in time; the outcome of a write is unknown."""


class ConflictError(StoreError):
    """A concurrent writer was first: a lost update, or bounded retries used up."""


class DuplicateError(StoreError):
    """The key of a record to be created is taken; the stored one is unchanged."""


class GrantRevokedError(StoreError):
    """The grant, or a range that it lies in, is revoked; nothing was written."""
