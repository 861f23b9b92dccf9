"""Checks of the objects that are registered: pluggy itself lets most mistakes pass.

It would drop a parameter that a method does not name, never call a method
whose name is misspelt, and not notice one that is not marked.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pluggy

from ..errors import (
    DuplicateProviderError,
    HookSignatureError,
    MissingHookError,
    UnknownHookError,
    UnmarkedHookError,
)
from ..hookspecs import PROJECT, ROLES, RedeemingTokenStore

__all__ = ["PROTOCOLS", "REDEEM", "check_observer", "check_store", "hooks_of"]

#: The one hook that a store of its role need not have.
REDEEM: Final = "redeem_credential"

#: Each role's Protocol with all of its hooks, those that a store need not have, too.
PROTOCOLS: Final[Mapping[str, type]] = {**ROLES, "tokens": RedeemingTokenStore}

_markers = pluggy.PluginManager(PROJECT)


@dataclass(frozen=True, slots=True)
class _Implementation:
    """A method that is marked ``@hookimpl``."""

    hook: str
    method: Callable[..., object]
    shown: str
    wrapper: bool
    optional: bool


@cache
def hooks_of(role: str) -> Mapping[str, inspect.Signature]:
    """Return the role's hooks, each with the signature that its methods have."""
    protocol = PROTOCOLS[role]
    return {
        name: inspect.signature(getattr(protocol, name).__get__(object()))
        for name in dir(protocol)
        if _markers.parse_hookspec_opts(protocol, name)
    }


def _role_of(hook: str) -> str | None:
    return next((role for role in ROLES if hook in hooks_of(role)), None)


def _all_hooks() -> dict[str, inspect.Signature]:
    return {name: signature for role in ROLES for name, signature in hooks_of(role).items()}


def _implementations(plugin: object) -> Iterator[_Implementation]:
    for name in dir(plugin):
        options = _markers.parse_hookimpl_opts(plugin, name)
        if options is not None:
            yield _Implementation(
                hook=options.get("specname") or name,
                method=getattr(plugin, name),
                shown=f"{type(plugin).__name__}.{name}()",
                wrapper=bool(options.get("wrapper") or options.get("hookwrapper")),
                optional=bool(options.get("optionalhook")),
            )


def check_store(role: str, store: object, *, owner: str, redeems: bool) -> None:
    """Return if the object provides exactly the hooks of its role, as the contract has them.

    `redeems`: `redeem_credential` is among them. `owner` is for the messages.
    """
    found: dict[str, _Implementation] = {}
    for implementation in _implementations(store):
        _refuse_unknown(implementation, owner)
        _refuse_foreign(implementation, role, owner)
        found[implementation.hook] = implementation
    for hook, signature in hooks_of(role).items():
        if hook in found:
            _check_provider(found[hook], signature, owner)
        elif hook != REDEEM or redeems:
            _refuse_absent(store, hook, signature, owner)


def check_observer(observer: object, *, owner: str) -> None:
    """Return if the object has wrappers only, for hooks that there are."""
    signatures = _all_hooks()
    found: set[str] = set()
    for implementation in _implementations(observer):
        _refuse_unknown(implementation, owner)
        found.add(implementation.hook)
        if implementation.hook in signatures:
            _check_wrapper(implementation, signatures[implementation.hook], owner)
    for hook, signature in signatures.items():
        if hook not in found and _defines(observer, hook):
            _refuse_absent(observer, hook, signature, owner, mark="@hookimpl(wrapper=True)")
    if not found:
        raise MissingHookError(
            f"{type(observer).__name__} of {owner} is to observe, but marks no method. "
            "Mark one for each hook that it observes: @hookimpl(wrapper=True).",
            name=owner,
        )


def _refuse_unknown(implementation: _Implementation, owner: str) -> None:
    known = _all_hooks()
    if implementation.hook in known or implementation.optional:
        return
    near = difflib.get_close_matches(implementation.hook, known, n=1)
    advice = f"Did you mean {near[0]}()? " if near else ""
    raise UnknownHookError(
        f"{implementation.shown} of {owner} is marked @hookimpl, but no role has a hook "
        f"{implementation.hook}(). {advice}"
        "A hook of later versions is marked @hookimpl(optionalhook=True).",
        name=implementation.hook,
    )


def _refuse_foreign(implementation: _Implementation, role: str, owner: str) -> None:
    other = _role_of(implementation.hook)
    if other in {role, None}:
        return
    raise DuplicateProviderError(
        f"{implementation.shown} of {owner} is registered for the role {role!r}, but provides "
        f"a hook of the role {other!r}. Serve each role with an object of its own.",
        name=implementation.hook,
    )


def _defines(plugin: object, hook: str) -> bool:
    """Tell whether the object has a method of its own, not the Protocol's empty one."""
    method = getattr(type(plugin), hook, None)
    return method is not None and not hasattr(method, f"{PROJECT}_spec")


def _refuse_absent(
    plugin: object, hook: str, signature: inspect.Signature, owner: str, mark: str = "@hookimpl"
) -> None:
    kind = type(plugin).__name__
    if _defines(plugin, hook):
        raise UnmarkedHookError(
            f"{kind} defines {hook}() but it is not marked {mark}, so {owner} would go without. "
            "Mark it.",
            name=hook,
        )
    raise MissingHookError(
        f"{kind} of {owner} has no {hook}(), which the storage contract asks for. "
        f"Add it: {mark} def {hook}{_plain(signature)}.",
        name=hook,
    )


def _check_provider(found: _Implementation, signature: inspect.Signature, owner: str) -> None:
    if found.wrapper:
        raise UnmarkedHookError(
            f"{found.shown} of {owner} is marked as a wrapper, but a store provides its hooks. "
            "Mark it plain @hookimpl.",
            name=found.hook,
        )
    _refuse_async(found, owner)
    actual = inspect.signature(found.method)
    if _shape(actual) != _shape(signature):
        raise _signature_error(found, actual, signature, owner, "the contract")


def _check_wrapper(found: _Implementation, signature: inspect.Signature, owner: str) -> None:
    if not found.wrapper:
        raise DuplicateProviderError(
            f"{found.shown} of {owner} is to observe, but is not a wrapper: it would be a second "
            "provider beside the store. Mark it @hookimpl(wrapper=True).",
            name=found.hook,
        )
    _refuse_async(found, owner)
    if not inspect.isgeneratorfunction(found.method):
        raise HookSignatureError(
            f"{found.shown} of {owner} is a wrapper, but does not yield. "
            "Write: result = yield, look at it, return result.",
            name=found.hook,
        )
    actual = inspect.signature(found.method)
    if not set(_shape(actual)) <= set(_shape(signature)):
        raise _signature_error(found, actual, signature, owner, "may ask for")


def _refuse_async(found: _Implementation, owner: str) -> None:
    if inspect.iscoroutinefunction(found.method) or inspect.isasyncgenfunction(found.method):
        raise HookSignatureError(
            f"{found.shown} of {owner} is async, but hooks are called without awaiting. "
            "Write it as a plain def; an async edge calls it in a worker thread.",
            name=found.hook,
        )


def _signature_error(
    found: _Implementation,
    actual: inspect.Signature,
    wanted: inspect.Signature,
    owner: str,
    relation: str,
) -> HookSignatureError:
    return HookSignatureError(
        f"{found.shown} of {owner} has other parameters than its hook.\n"
        f"  found:        {found.hook}{_plain(actual)}\n"
        f"  {relation + ':':<13} {found.hook}{_plain(wanted)}\n"
        "Give it these names, without defaults, * or **.",
        name=found.hook,
    )


def _shape(signature: inspect.Signature) -> list[tuple[str, Any, bool]]:
    return [
        (parameter.name, parameter.kind, parameter.default is parameter.empty)
        for parameter in signature.parameters.values()
    ]


def _plain(signature: inspect.Signature) -> str:
    bare = [
        parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))
