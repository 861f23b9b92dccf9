"""Façades and forwarding classes say exactly what the hookspecs say, and pass on all of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from oauthstore_core import stores
from oauthstore_core.hookspecs import ROLES, hookimpl
from oauthstore_core.plugins import StoreManager
from oauthstore_core.plugins.hooks import PROTOCOLS, check_store, hooks_of

FACADES: dict[str, Any] = {
    "clients": stores.ClientStoreFacade,
    "tokens": stores.TokenStoreFacade,
    "credentials": stores.CredentialCacheFacade,
    "nonces": stores.NonceStoreFacade,
    "accounts": stores.AccountStoreFacade,
}
FORWARDING: dict[str, Any] = {
    "clients": stores.ForwardingClientStore,
    "tokens": stores.ForwardingTokenStore,
    "credentials": stores.ForwardingCredentialCache,
    "nonces": stores.ForwardingNonceStore,
    "accounts": stores.ForwardingAccountStore,
}
HOOKS = [(role, hook) for role in ROLES for hook in hooks_of(role)]


class Echo:
    """Answers each call with its name and arguments."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        return lambda *values, **named: (name, *values, *named.values())


def arguments_of(role: str, hook: str) -> list[Any]:
    """Return a distinct number for each parameter."""
    return list(range(1, len(hooks_of(role)[hook].parameters) + 1))


def test_there_is_one_of_each_for_every_role() -> None:
    assert set(FACADES) == set(FORWARDING) == set(ROLES)


@pytest.mark.parametrize("classes", [FACADES, FORWARDING], ids=["façade", "forwarding"])
@pytest.mark.parametrize(("role", "hook"), HOOKS)
def test_its_signatures_are_those_of_the_hookspecs(
    classes: dict[str, Any], role: str, hook: str
) -> None:
    method = vars(classes[role])[hook]

    assert inspect.signature(method) == inspect.signature(getattr(PROTOCOLS[role], hook))


@pytest.mark.parametrize("role", ROLES)
def test_a_facade_has_no_other_methods(role: str) -> None:
    methods = {name for name in vars(FACADES[role]) if not name.startswith("_")}

    assert methods == set(hooks_of(role))


@pytest.mark.parametrize(("role", "hook"), HOOKS)
def test_a_forwarding_store_passes_every_argument_on(role: str, hook: str) -> None:
    passed: list[tuple[Any, ...]] = []

    class Recording(Echo):
        def __getattr__(self, name: str) -> Callable[..., object]:
            return lambda *values: passed.append((name, *values)) or "answer"

    arguments = arguments_of(role, hook)

    answer = getattr(FORWARDING[role](Recording()), hook)(*arguments)

    assert passed == [(hook, *arguments)]
    # What a hook returns, a forwarding store returns; None is None.
    returns = inspect.signature(getattr(PROTOCOLS[role], hook)).return_annotation
    assert answer == (None if returns == "None" else "answer")


@pytest.mark.parametrize(("role", "hook"), HOOKS)
def test_a_facade_passes_every_argument_under_its_name(role: str, hook: str) -> None:
    passed: list[dict[str, Any]] = []

    class Hooks:
        def __getattr__(self, name: str) -> Callable[..., object]:
            return lambda **named: passed.append({"hook": name} | named) or "answer"

    options: dict[str, Any] = {"redeems": True, "fence_lead": 0} if role == "tokens" else {}
    arguments = arguments_of(role, hook)

    answer = getattr(FACADES[role](Hooks(), **options), hook)(*arguments)

    names = list(hooks_of(role)[hook].parameters)
    assert passed == [{"hook": hook} | dict(zip(names, arguments, strict=True))]
    returns = inspect.signature(getattr(PROTOCOLS[role], hook)).return_annotation
    assert answer == (None if returns == "None" else "answer")


@pytest.mark.parametrize("role", ROLES)
def test_a_forwarding_store_passes_the_checks_of_a_store(role: str) -> None:
    check_store(role, FORWARDING[role](Echo()), owner="a test", redeems=True)


@pytest.mark.parametrize(("role", "hook"), HOOKS)
def test_hook_signatures_have_plain_names_without_defaults(role: str, hook: str) -> None:
    # pluggy passes defaults and keyword-only parameters otherwise than Python does.
    for parameter in hooks_of(role)[hook].parameters.values():
        assert parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        assert parameter.default is parameter.empty


@pytest.mark.parametrize(("role", "hook"), HOOKS)
def test_every_hook_stops_at_the_first_answer(role: str, hook: str) -> None:
    options = getattr(StoreManager().hook, hook).spec.opts

    assert options["firstresult"] is True


def test_hooks_of_different_roles_have_different_names() -> None:
    names = [hook for _, hook in HOOKS]

    assert len(names) == len(set(names))


def test_the_marker_is_the_projects() -> None:
    assert hookimpl.project_name == "oauthstore"
