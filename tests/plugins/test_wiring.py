"""Observers and decorators: which run, in which order, and what they may do."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest

from oauthstore_core.errors import (
    MissingHookError,
    SettingsError,
    UnknownPluginError,
    UnmarkedHookError,
)
from oauthstore_core.hookspecs import ClientStore, hookimpl
from oauthstore_core.plugins import Plugin, PluginContext
from oauthstore_core.records import Client
from oauthstore_core.settings import Settings
from oauthstore_core.stores import (
    ForwardingClientStore,
    ForwardingCredentialCache,
    ForwardingTokenStore,
    open_stores,
)

Enable = Callable[..., Settings]


@pytest.fixture
def enable(monkeypatch: pytest.MonkeyPatch) -> Enable:
    """Offer plugins as if they were installed; return settings that name them in this order."""

    def settings(*plugins: Plugin, **options: Mapping[str, Any]) -> Settings:
        offered = {plugin.name: plugin for plugin in plugins}
        monkeypatch.setattr("oauthstore_core.plugins.wiring.load_plugin", offered.__getitem__)
        return Settings(plugins=tuple(offered), plugin_options=options)

    return settings


class Trace:
    """Plugins that write down when they are passed."""

    def __init__(self) -> None:
        self.passed: list[str] = []

    def observer(self, name: str) -> Plugin:
        trace = self

        class Spy:
            @hookimpl(wrapper=True)
            def query_client(self) -> Generator[None, Client | None, Client | None]:
                trace.passed.append(name)
                return (yield)

        return Plugin(name, observer=lambda _options, _context: Spy())

    def decorator(self, name: str) -> Plugin:
        trace = self

        class Passing(ForwardingClientStore):
            @hookimpl
            def query_client(self, client_id: str) -> Client | None:
                trace.passed.append(name)
                return self.store.query_client(client_id)

        return Plugin(name, decorate=only("clients", Passing))


def only(role: str, kind: Callable[[Any], object]) -> Callable[..., object | None]:
    def decorate(of: str, store: object, _options: object, _context: object) -> object | None:
        return kind(store) if of == role else None

    return decorate


def test_plugins_run_in_the_order_of_the_settings_from_the_innermost(enable: Enable) -> None:
    trace = Trace()
    plugins = [
        trace.decorator("inner cache"),
        trace.observer("inner spy"),
        trace.decorator("outer cache"),
        trace.observer("outer spy"),
    ]

    open_stores(enable(*plugins)).clients.query_client("c1")

    assert trace.passed == ["outer spy", "inner spy", "outer cache", "inner cache"]


def test_an_installed_plugin_that_is_not_named_does_not_run(
    install: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    code = "raise SystemExit('imported')"
    install("oauthstore-spy", name="spy", code=code, group="oauthstore.plugins")

    open_stores(Settings()).clients.query_client("c1")

    with pytest.raises(UnknownPluginError):
        open_stores(Settings(plugins=("spion",)))


def test_a_plugin_is_given_its_options_the_settings_and_the_clock(enable: Enable) -> None:
    given: list[tuple[Mapping[str, Any], PluginContext]] = []

    def decorate(role: str, _store: object, options: Any, context: PluginContext) -> None:  # noqa: ANN401
        given.append((options, context))

    plugin = Plugin("look", decorate=decorate, options={"depth": int})
    settings = enable(plugin, look={"depth": 3})

    open_stores(settings)

    options, context = given[0]
    assert options == {"depth": 3}
    assert context.settings is settings
    assert context.clock.now() > 0
    assert len(given) == 5


def test_wrong_options_of_all_plugins_are_told_at_once(enable: Enable) -> None:
    first = Plugin("first", decorate=only("none", object), options={"seconds": int})
    second = Plugin("second", decorate=only("none", object), options={"size": int})

    with pytest.raises(SettingsError) as error:
        open_stores(enable(first, second, first={"secnds": 1}, second={"size": True}))

    assert error.value.problems == (
        "`plugin_options.first.secnds` is unknown. Did you mean 'seconds'?",
        "`plugin_options.second.size` is of the type bool. Write one of the type int.",
    )


def test_a_decorator_that_overrides_without_the_mark_is_refused(enable: Enable) -> None:
    class Forgetful(ForwardingClientStore):
        def query_client(self, client_id: str) -> Client | None:
            return None

    with pytest.raises(UnmarkedHookError) as error:
        open_stores(enable(Plugin("cache", decorate=only("clients", Forgetful))))

    assert str(error.value) == (
        "Forgetful defines query_client() but it is not marked @hookimpl, "
        "so the plugin 'cache' would go without. Mark it."
    )


def test_a_decorator_that_is_no_store_is_refused(enable: Enable) -> None:
    class Nothing:
        def __init__(self, store: ClientStore) -> None: ...

    with pytest.raises(MissingHookError, match="Nothing of the plugin 'cache' has no "):
        open_stores(enable(Plugin("cache", decorate=only("clients", Nothing))))


def test_the_fence_is_ahead_by_the_skew_and_the_longest_cache(enable: Enable) -> None:
    plain = open_stores(Settings(clock_skew=2))
    short = Plugin("short", decorate=only("none", object), cache_seconds=3)
    long = Plugin(
        "long",
        decorate=only("none", object),
        cache_seconds=lambda options: options["seconds"],
        options={"seconds": int},
    )
    cached = open_stores(enable(short, long, long={"seconds": 7}))

    assert (plain.cache_seconds, plain.fence_lead) == (0, 2)
    assert (cached.cache_seconds, cached.fence_lead) == (7, 8)


def test_nothing_redeems_past_a_decorator_of_the_credentials(enable: Enable) -> None:
    def of_both(role: str, store: Any, _options: object, _context: object) -> object | None:  # noqa: ANN401
        kinds = {"credentials": ForwardingCredentialCache, "tokens": ForwardingTokenStore}
        return kinds[role](store) if role in kinds else None

    both = Plugin("both", decorate=of_both)
    tokens = Plugin("tokens", decorate=only("tokens", ForwardingTokenStore))
    credentials = Plugin("credentials", decorate=only("credentials", ForwardingCredentialCache))

    assert open_stores(enable()).redeems
    assert open_stores(enable(both)).redeems
    assert open_stores(enable(tokens)).redeems
    assert not open_stores(enable(credentials)).redeems
