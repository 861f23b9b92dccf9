"""What can be wrong with the objects that a backend or an observer hands over."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import pytest

from oauthstore_core.errors import (
    DuplicateProviderError,
    HookSignatureError,
    MissingHookError,
    RegistrationClosedError,
    UnknownHookError,
    UnmarkedHookError,
)
from oauthstore_core.hookspecs import NonceStore, hookimpl
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import StoreManager
from oauthstore_core.plugins.hooks import check_observer, check_store
from oauthstore_core.records import Grant, Purged, Token

Check = Callable[[object], str]


class Nonces:
    """A nonce store as the contract has it."""

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        return True

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return Purged(0, more=False)


def refusal_of_store(kind: type[Exception], store: object, *, role: str = "nonces") -> str:
    with pytest.raises(kind) as error:
        check_store(role, store, owner="the store 'main'", redeems=False)
    return str(error.value)


def refusal_of_observer(kind: type[Exception], observer: object) -> str:
    with pytest.raises(kind) as error:
        check_observer(observer, owner="the plugin 'spy'")
    return str(error.value)


def test_a_store_of_the_contract_passes_with_and_without_the_protocol() -> None:
    check_store("nonces", Nonces(), owner="a test", redeems=False)
    check_store("nonces", MemoryBackend().nonces, owner="a test", redeems=False)


def test_a_hook_is_missing() -> None:
    class Half(NonceStore):
        @hookimpl
        def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
            return True

    # The Protocol's own empty method would have answered None.
    assert refusal_of_store(MissingHookError, Half()) == (
        "Half of the store 'main' has no purge_nonces(), which the storage contract asks for. "
        "Add it: @hookimpl def purge_nonces(now, limit)."
    )


def test_a_hook_is_not_marked() -> None:
    class Dynamo(Nonces):
        def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
            return False

    assert refusal_of_store(UnmarkedHookError, Dynamo()) == (
        "Dynamo defines claim_nonce() but it is not marked @hookimpl, "
        "so the store 'main' would go without. Mark it."
    )


def test_a_hook_of_a_store_is_a_wrapper() -> None:
    class Wrapping(Nonces):
        @hookimpl(wrapper=True)
        def claim_nonce(
            self, digest: str, expires_at: int, now: int
        ) -> Generator[None, bool, bool]:
            return (yield)

    assert refusal_of_store(UnmarkedHookError, Wrapping()) == (
        "Wrapping.claim_nonce() of the store 'main' is marked as a wrapper, "
        "but a store provides its hooks. Mark it plain @hookimpl."
    )


class Shapes:
    """Ways to write claim_nonce() that pluggy would take."""

    def without_now(self, digest: str, expires_at: int) -> bool:
        return True

    def with_another_name(self, digest: str, expires: int, now: int) -> bool:
        return True

    def in_another_order(self, expires_at: int, digest: str, now: int) -> bool:
        return True

    def with_default(self, digest: str, expires_at: int, now: int = 0) -> bool:
        return True

    def by_keyword(self, digest: str, *, expires_at: int, now: int) -> bool:
        return True

    def with_anything(self, **arguments: object) -> bool:
        return True


@pytest.mark.parametrize(
    ("method", "shown"),
    [
        (Shapes.without_now, "(digest, expires_at)"),
        (Shapes.with_another_name, "(digest, expires, now)"),
        (Shapes.in_another_order, "(expires_at, digest, now)"),
        (Shapes.with_default, "(digest, expires_at, now=0)"),
        (Shapes.by_keyword, "(digest, *, expires_at, now)"),
        (Shapes.with_anything, "(**arguments)"),
    ],
)
def test_the_parameters_of_a_hook_equal_those_of_the_contract(
    method: Callable[..., bool], shown: str
) -> None:
    store = type("Dynamo", (Nonces,), {"claim_nonce": hookimpl(method)})()

    assert refusal_of_store(HookSignatureError, store) == (
        "Dynamo.claim_nonce() of the store 'main' has other parameters than its hook.\n"
        f"  found:        claim_nonce{shown}\n"
        "  the contract: claim_nonce(digest, expires_at, now)\n"
        "Give it these names, without defaults, * or **."
    )


def test_an_async_hook_is_refused() -> None:
    class Async(Nonces):
        @hookimpl
        async def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
            return True

    assert refusal_of_store(HookSignatureError, Async()) == (
        "Async.claim_nonce() of the store 'main' is async, but hooks are called without "
        "awaiting. Write it as a plain def; an async edge calls it in a worker thread."
    )


def test_a_hook_that_no_role_has_is_refused_with_the_nearest() -> None:
    class Misspelt(Nonces):
        @hookimpl
        def claim_nonse(self, digest: str) -> bool:
            return True

    assert refusal_of_store(UnknownHookError, Misspelt()) == (
        "Misspelt.claim_nonse() of the store 'main' is marked @hookimpl, but no role has a hook "
        "claim_nonse(). Did you mean claim_nonce()? "
        "A hook of later versions is marked @hookimpl(optionalhook=True)."
    )


def test_a_hook_of_a_later_version_may_be_there_when_it_is_optional() -> None:
    class Ahead(Nonces):
        @hookimpl(optionalhook=True)
        def count_nonces(self) -> int:
            return 0

    check_store("nonces", Ahead(), owner="a test", redeems=False)


def test_a_hook_of_another_role_is_refused() -> None:
    class Everything(Nonces):
        @hookimpl
        def delete_client(self, client_id: str) -> bool:
            return False

    assert refusal_of_store(DuplicateProviderError, Everything()) == (
        "Everything.delete_client() of the store 'main' is registered for the role 'nonces', "
        "but provides a hook of the role 'clients'. Serve each role with an object of its own."
    )


def test_a_store_that_declares_to_redeem_has_the_hook() -> None:
    class NotRedeeming(type(MemoryBackend().tokens)):
        redeem_credential = None

    backend = MemoryBackend()
    tokens = NotRedeeming(None, None, 32)

    check_store("tokens", tokens, owner="a test", redeems=False)
    check_store("tokens", backend.tokens, owner="a test", redeems=True)
    with pytest.raises((MissingHookError, UnmarkedHookError), match="redeem_credential"):
        check_store("tokens", tokens, owner="a test", redeems=True)


# --- observers -------------------------------------------------------------


def test_an_observer_that_is_no_wrapper_is_refused() -> None:
    class Spy:
        @hookimpl
        def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None: ...

    assert refusal_of_observer(DuplicateProviderError, Spy()) == (
        "Spy.save_token() of the plugin 'spy' is to observe, but is not a wrapper: it would be a "
        "second provider beside the store. Mark it @hookimpl(wrapper=True)."
    )


def test_an_observer_that_does_not_yield_is_refused() -> None:
    class Spy:
        @hookimpl(wrapper=True)
        def save_token(self, grant: Grant) -> None: ...

    assert refusal_of_observer(HookSignatureError, Spy()) == (
        "Spy.save_token() of the plugin 'spy' is a wrapper, but does not yield. "
        "Write: result = yield, look at it, return result."
    )


def test_an_observer_may_ask_for_some_of_the_arguments_but_for_no_other() -> None:
    class Spy:
        @hookimpl(wrapper=True)
        def save_token(self, grant: Grant, request: object) -> Generator[None, None, None]:
            yield

    assert refusal_of_observer(HookSignatureError, Spy()) == (
        "Spy.save_token() of the plugin 'spy' has other parameters than its hook.\n"
        "  found:        save_token(grant, request)\n"
        "  may ask for:  save_token(grant, tokens)\n"
        "Give it these names, without defaults, * or **."
    )


def test_an_observer_that_forgot_the_mark_is_refused() -> None:
    class Spy:
        def save_token(self, grant: Grant) -> Generator[None, None, None]:
            yield

    assert refusal_of_observer(UnmarkedHookError, Spy()) == (
        "Spy defines save_token() but it is not marked @hookimpl(wrapper=True), "
        "so the plugin 'spy' would go without. Mark it."
    )


def test_an_observer_of_nothing_is_refused() -> None:
    assert refusal_of_observer(MissingHookError, object()) == (
        "object of the plugin 'spy' is to observe, but marks no method. "
        "Mark one for each hook that it observes: @hookimpl(wrapper=True)."
    )


def test_an_observer_of_an_unknown_hook_is_refused() -> None:
    class Spy:
        @hookimpl(wrapper=True)
        def save_tokens(self) -> Generator[None, None, None]:
            yield

    assert "Did you mean save_token()?" in refusal_of_observer(UnknownHookError, Spy())


# --- the manager -----------------------------------------------------------


def test_a_hook_with_two_providers_is_refused() -> None:
    manager = StoreManager()
    manager.register(MemoryBackend().nonces, "one.nonces")
    manager.register(MemoryBackend().nonces, "two.nonces")

    with pytest.raises(DuplicateProviderError) as error:
        manager.freeze(frozenset({"nonces"}))

    assert str(error.value) == (
        "The hook claim_nonce() is to have one provider, but has 2 ('one.nonces', 'two.nonces'). "
        "A write must never reach two stores: take all but one out."
    )


def test_a_hook_without_a_provider_is_refused() -> None:
    with pytest.raises(MissingHookError) as error:
        StoreManager().freeze(frozenset({"nonces"}))

    assert str(error.value) == (
        "The hook claim_nonce() is needed, but no store provides it. "
        "Route its role to a store that does."
    )


def test_a_pending_hook_is_refused() -> None:
    class Misspelt:
        @hookimpl
        def claim_nonse(self) -> bool:
            return True

    manager = StoreManager()
    manager.register(Misspelt(), "main.nonces")

    with pytest.raises(UnknownHookError, match="has a hook that no role knows"):
        manager.freeze(frozenset())


def test_nothing_is_registered_once_the_stores_are_built() -> None:
    manager = StoreManager()
    nonces = MemoryBackend().nonces
    manager.register(nonces, "main.nonces")
    manager.freeze(frozenset({"nonces"}))

    with pytest.raises(RegistrationClosedError) as error:
        manager.register(object(), "late")
    with pytest.raises(RegistrationClosedError):
        manager.unregister(nonces)
    assert str(error.value) == (
        "The plugin 'late' was to be added or removed, but the stores are built. "
        "Name it in the setting `plugins` and build them anew."
    )


# --- the backend as a whole ------------------------------------------------
