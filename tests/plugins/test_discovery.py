"""What can be wrong with an installed plugin, each with its own error and whole message."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from oauthstore_core import __version__
from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import (
    AmbiguousPluginError,
    ConfigurationError,
    ContractVersionError,
    PluginDescriptorError,
    PluginImportError,
    PluginRequirementError,
    UnknownBackendError,
    UnknownPluginError,
)
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.memory import plugin as memory
from oauthstore_core.plugins import (
    Plugin,
    installed_backends,
    installed_plugins,
    load_backend,
    load_plugin,
    register_backend,
)

Install = Callable[..., str]


def message(error: pytest.ExceptionInfo[ConfigurationError]) -> str:
    return str(error.value)


def test_the_backend_that_is_named_is_loaded(install: Install) -> None:
    module = install("oauthstore-rock", name="rock")

    assert load_backend("rock").name == "rock"
    assert module in sys.modules


def test_what_is_not_named_is_not_imported(install: Install) -> None:
    install("oauthstore-rock", name="rock")
    other = install("oauthstore-other", name="other", code="raise SystemExit('imported')")
    observer = install(
        "oauthstore-spy",
        name="spy",
        group="oauthstore.plugins",
        code="raise SystemExit('imported')",
    )

    load_backend("rock")

    assert other not in sys.modules
    assert observer not in sys.modules
    assert "other" in {found.name for found in installed_backends()}
    assert "spy" in {found.name for found in installed_plugins()}


def test_a_listing_tells_distribution_version_and_target(install: Install) -> None:
    install("oauthstore-rock", name="rock", version="2.5")

    (found,) = [item for item in installed_backends() if item.name == "rock"]

    assert (found.distribution, found.target) == ("oauthstore-rock 2.5", "oauthstore_rock:plugin")


def test_a_scheme_with_a_driver_is_looked_up_whole_and_then_before_the_plus(
    install: Install,
) -> None:
    install("oauthstore-rock", name="rock")
    install("oauthstore-rock-fast", name="rock+fast")

    assert load_backend("rock+fast").name == "rock+fast"
    assert load_backend("rock+slow").name == "rock"


def test_an_unknown_scheme_names_the_nearest_and_what_is_installed() -> None:
    with pytest.raises(UnknownBackendError) as error:
        load_backend("memroy")

    assert "memory" in error.value.installed
    assert message(error) == (
        f"No storage backend named 'memroy' is installed "
        f"(installed: {', '.join(error.value.installed)}).\n"
        "Did you mean 'memory'? "
        "A backend comes in a distribution of its own, such as oauthstore-sqla."
    )


def test_what_is_named_to_install_is_released_with_the_core() -> None:
    folders = (Path(__file__).parents[2] / "backends").glob("*/pyproject.toml")
    released = {tomllib.loads(file.read_text())["project"]["name"] for file in folders}

    named = {Requirement(text.strip("'")).name for text in UnknownBackendError.known.values()}
    assert named <= released


@pytest.mark.parametrize(
    ("scheme", "distribution"),
    [
        ("sqlite+aiosqlite", "oauthstore-sqla"),
        ("redis+sentinel", "oauthstore-redis"),
        ("mongodb+srv", "oauthstore-mongo"),
        ("django", "oauthstore-django"),
    ],
)
def test_an_unknown_driver_of_a_known_scheme_names_its_distribution(
    monkeypatch: pytest.MonkeyPatch, scheme: str, distribution: str
) -> None:
    monkeypatch.setattr("oauthstore_core.plugins.discovery._by_name", lambda _group: {})

    with pytest.raises(UnknownBackendError) as error:
        load_backend(scheme)

    assert message(error).endswith(f"To install it: pip install {distribution}")


def test_an_unknown_plugin_is_told_apart_from_a_backend() -> None:
    with pytest.raises(UnknownPluginError) as error:
        load_plugin("audti")

    assert message(error) == (
        "No oauthstore plugin named 'audti' is installed (installed: audit, client_cache).\n"
        "Did you mean 'audit'? "
        "Take it out of `plugins`, or install the distribution that offers it."
    )


def test_of_two_distributions_with_one_name_none_is_taken(install: Install) -> None:
    first = install("oauthstore-rock", name="rock")
    second = install("other-rock", name="rock", version="0.3")

    with pytest.raises(AmbiguousPluginError) as error:
        load_backend("rock")

    assert message(error) == (
        "'rock' is to come from one distribution, but 2 offer it: "
        "oauthstore-rock 1.0 (oauthstore_rock:plugin), other-rock 0.3 (other_rock:plugin).\n"
        "Uninstall all but one of them."
    )
    assert first not in sys.modules
    assert second not in sys.modules


def test_another_version_of_the_core_is_required(install: Install) -> None:
    module = install("oauthstore-rock", name="rock", requires=("oauthstore_core>=7,<8",))

    with pytest.raises(PluginRequirementError) as error:
        load_backend("rock")

    assert message(error) == (
        "'rock' comes from oauthstore-rock 1.0, which requires oauthstore_core<8,>=7, "
        f"but {__version__} is installed.\n"
        "Install versions that fit together: pip install --upgrade oauthstore-rock oauthstore-core"
    )
    assert error.value.distribution == "oauthstore-rock 1.0"
    assert module not in sys.modules


def test_another_version_of_its_driver_is_required(install: Install) -> None:
    install("rock-driver", name="unused", code="", version="1.9")
    install("oauthstore-rock", name="rock", requires=("rock-driver>=2",))

    with pytest.raises(PluginRequirementError) as error:
        load_backend("rock")

    assert message(error) == (
        "'rock' comes from oauthstore-rock 1.0, which requires rock-driver>=2, "
        "but 1.9 is installed.\n"
        "Install versions that fit together: pip install --upgrade oauthstore-rock oauthstore-core"
    )


def test_its_driver_is_not_installed(install: Install) -> None:
    install("oauthstore-rock", name="rock", requires=("rock-driver>=2",))

    with pytest.raises(PluginRequirementError) as error:
        load_backend("rock")

    assert "which requires rock-driver>=2, but it is not installed.\n" in message(error)


def test_a_requirement_that_cannot_be_read_is_not_passed_over(install: Install) -> None:
    install("oauthstore-rock", name="rock", requires=("rock driver 2",))

    with pytest.raises(PluginRequirementError) as error:
        load_backend("rock")

    assert "which requires 'rock driver 2', which is no requirement.\n" in message(error)


def test_requirements_of_extras_and_of_other_platforms_do_not_count(install: Install) -> None:
    install(
        "oauthstore-rock",
        name="rock",
        requires=(
            "absent-one; extra == 'fast'",
            "absent-two; sys_platform == 'plan9'",
            "oauthstore-core>=0.1",
        ),
    )

    assert load_backend("rock").name == "rock"


def test_an_error_while_importing_names_distribution_and_entry_point(install: Install) -> None:
    install("oauthstore-rock", name="rock", code="raise RuntimeError('no disk')")

    with pytest.raises(PluginImportError) as error:
        load_backend("rock")

    assert message(error) == (
        "'rock' comes from oauthstore-rock 1.0 (entry point oauthstore_rock:plugin), "
        "but importing it raised RuntimeError: no disk.\n"
        "The traceback above this one tells where; that distribution is to be mended."
    )
    assert isinstance(error.value.__cause__, RuntimeError)


def test_a_module_that_it_imports_is_missing(install: Install) -> None:
    install("oauthstore-rock", name="rock", code="import rock_which_is_not_there")

    with pytest.raises(PluginImportError) as error:
        load_backend("rock")

    assert message(error) == (
        "'rock' comes from oauthstore-rock 1.0 (entry point oauthstore_rock:plugin), "
        "but it imports 'rock_which_is_not_there', which is not installed.\n"
        "Install what it needs: pip install --upgrade oauthstore-rock"
    )


def test_its_own_module_is_missing(install: Install) -> None:
    install("oauthstore-rock", name="rock", code=None)

    with pytest.raises(PluginImportError) as error:
        load_backend("rock")

    assert message(error) == (
        "'rock' comes from oauthstore-rock 1.0 (entry point oauthstore_rock:plugin), "
        "but it has no module 'oauthstore_rock'.\n"
        "Its installation is damaged: pip install --force-reinstall oauthstore-rock"
    )


def test_the_module_has_not_the_object(install: Install) -> None:
    install("oauthstore-rock", name="rock", attribute="plugni")

    with pytest.raises(PluginImportError) as error:
        load_backend("rock")

    assert message(error) == (
        "'rock' comes from oauthstore-rock 1.0 (entry point oauthstore_rock:plugni), "
        "but the module oauthstore_rock has no 'plugni'.\n"
        "Mend its entry point, or reinstall it."
    )


def test_the_object_is_no_descriptor(install: Install) -> None:
    install("oauthstore-rock", name="rock", code="plugin = dict")

    with pytest.raises(PluginDescriptorError) as error:
        load_backend("rock")

    assert message(error) == (
        "'rock' from oauthstore-rock 1.0 is to be a BackendPlugin, but is of the type type. "
        "Point the entry point at the descriptor."
    )


def test_the_descriptor_has_another_name(install: Install) -> None:
    install("oauthstore-rock", name="rock", code=BACKEND_NAMED_OTHERWISE)

    with pytest.raises(PluginDescriptorError) as error:
        load_backend("rock")

    assert message(error) == (
        "'rock' from oauthstore-rock 1.0 leads to the descriptor of 'bolt', 'boltdb'. "
        "Give entry point and descriptor the same name, or add it to `schemes`."
    )


BACKEND_NAMED_OTHERWISE = """
    from dataclasses import replace
    from oauthstore_core.memory import plugin
    plugin = replace(plugin, name="bolt", schemes=("boltdb",))
"""


def test_a_scheme_of_the_descriptor_is_a_name_too(install: Install) -> None:
    install("oauthstore-bolt", name="boltdb", code=BACKEND_NAMED_OTHERWISE)

    assert load_backend("boltdb").name == "bolt"


def test_the_contract_is_of_another_version(install: Install) -> None:
    code = """
        from dataclasses import replace
        from oauthstore_core.memory import plugin
        plugin = replace(plugin, name="rock", contract=2, roles=("sessions",))
    """
    install("oauthstore-rock", name="rock", code=code)

    with pytest.raises(ContractVersionError) as error:
        load_backend("rock")

    assert message(error) == (
        "'rock' from oauthstore-rock 1.0 was written for storage contract 2, "
        f"but oauthstore-core {__version__} speaks 1.\n"
        "Install versions that fit together: pip install --upgrade oauthstore-core"
    )


@pytest.mark.parametrize(
    ("roles", "found"),
    [
        (("nonce",), "serves the role 'nonce', which does not exist. Did you mean 'nonces'?"),
        ("nonces", "has the roles 'nonces', which is no list of roles. "),
        ((), "has the roles (), which is no list of roles. "),
    ],
)
def test_the_descriptor_has_a_role_that_there_is_not(roles: tuple[str, ...], found: str) -> None:
    plugin = BackendPlugin("rock", roles, MemoryBackend.capabilities, MemoryBackend)

    with pytest.raises(PluginDescriptorError) as error:
        register_backend(plugin)

    assert message(error).startswith(f"'rock' from this process {found}")


def test_a_plugin_that_does_nothing_is_refused(install: Install) -> None:
    code = """
        from oauthstore_core.plugins import Plugin
        plugin = Plugin("idle")
    """
    install("oauthstore-idle", name="idle", code=code, group="oauthstore.plugins")

    with pytest.raises(PluginDescriptorError) as error:
        load_plugin("idle")

    assert message(error) == (
        "'idle' from oauthstore-idle 1.0 is to observe or to decorate, but has neither. "
        "Give its Plugin an observer= or a decorate=."
    )


def test_what_ships_with_the_core_loads() -> None:
    assert load_backend("memory") is memory
    assert isinstance(load_plugin("audit"), Plugin)
    assert isinstance(load_plugin("client_cache"), Plugin)


def test_a_backend_is_offered_within_the_process_for_as_long_as_the_block_lasts() -> None:
    mine = BackendPlugin(
        "mine", memory.roles, memory.capabilities, MemoryBackend, schemes=("mine+fast",)
    )

    with register_backend(mine):
        assert load_backend("mine") is mine
        assert load_backend("mine+fast") is mine
    with pytest.raises(UnknownBackendError):
        load_backend("mine")


def test_what_the_process_offers_comes_before_what_is_installed_and_gives_way_again() -> None:
    mine = BackendPlugin("memory", memory.roles, memory.capabilities, MemoryBackend)

    with register_backend(mine):
        with register_backend(memory):
            assert load_backend("memory") is memory
        assert load_backend("memory") is mine
    assert load_backend("memory") is memory
