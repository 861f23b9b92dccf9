"""Where settings come from: layers of given values, each with the place that gave it.

From the strongest to the weakest: arguments, the environment, a file. A
setting is addressed by its key, such as ``("lifetimes", "access_token")``.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Given", "Key", "Layer", "from_environment", "from_file", "from_mapping", "merge"]

PREFIX: Final = "OAUTHSTORE_"
#: Variables that configure tests, not the server.
TEST_PREFIX: Final = "OAUTHSTORE_TEST_"
CONFIG_VARIABLE: Final = "OAUTHSTORE_CONFIG"
FILE_SUFFIX: Final = "_FILE"

FILE_NAME: Final = "oauthstore.toml"
PROJECT_FILE_NAME: Final = "pyproject.toml"

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was given."""

    value: object
    #: For people: ``environment variable OAUTHSTORE_ISSUER``.
    source: str
    #: It is text that stands for a number, a list ...: the environment has nothing else.
    textual: bool = False


Layer = dict[Key, Given]


def from_mapping(mapping: Mapping[str, object], source: str) -> Layer:
    """Return a layer of nested tables; what is None counts as not given."""
    return {_address(key): Given(value, source) for key, value in _leaves(mapping, ())}


def _leaves(mapping: Mapping[str, object], above: Key) -> Iterator[tuple[Key, object]]:
    for name, value in mapping.items():
        key = (*above, str(name))
        if isinstance(value, Mapping):
            yield from _leaves(value, key)
        elif value is not None:
            yield key, value


def _address(key: Key) -> Key:
    match key:
        case ("stores", name):
            return ("stores", name, "url")
        case _:
            return key


# --- the environment -------------------------------------------------------


def from_environment(environ: Mapping[str, str], problems: list[str]) -> Layer:
    """Return a layer of the variables that begin with ``OAUTHSTORE_``.

    ``__`` nests, ``..._FILE`` names a file that holds the value, JSON stands
    for a list or a table, and an empty variable counts as not given.
    """
    layer: Layer = {}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable.startswith(TEST_PREFIX):
            continue
        if variable == CONFIG_VARIABLE or not environ[variable]:
            continue
        for path, given in _read_variable(variable, environ[variable], problems).items():
            if path in layer:
                problems.append(
                    f"`{'.'.join(path)}` is given twice, by {layer[path].source} and by "
                    f"{given.source}. Unset one of them."
                )
            layer[path] = given
    return layer


def _read_variable(variable: str, text: str, problems: list[str]) -> Layer:
    name = variable.removeprefix(PREFIX)
    source = f"environment variable {variable}"
    if name.endswith(FILE_SUFFIX):
        name = name.removesuffix(FILE_SUFFIX)
        try:
            text = Path(text).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            problems.append(
                f"The file that {source} names cannot be read ({type(error).__name__}). "
                "Mend its path or its permissions, or unset the variable."
            )
            return {}
    path = tuple(name.lower().split("__"))
    value = _parse_json(text)
    for key in reversed(path):
        value = {key: value}
    leaves = from_mapping(value, source) if isinstance(value, dict) else {}
    return {
        path: Given(given.value, source, textual=isinstance(given.value, str))
        for path, given in leaves.items()
    }


def _parse_json(text: str) -> object:
    if text.lstrip()[:1] not in {"{", "["}:
        return text
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value


# --- the file --------------------------------------------------------------


def from_file(
    named: Path | None, environ: Mapping[str, str], directory: Path, problems: list[str]
) -> Layer:
    """Return the layer of the named file, of the one the environment names, or of the usual one."""
    if named is not None:
        return _read_named(named, f"file {named}", problems)
    if environ.get(CONFIG_VARIABLE):
        path = Path(environ[CONFIG_VARIABLE])
        return _read_named(path, f"file {path}", problems)
    if (directory / FILE_NAME).is_file():
        return _read_named(directory / FILE_NAME, f"file {FILE_NAME}", problems)
    if (directory / PROJECT_FILE_NAME).is_file():
        table = _project_table(_parse(directory / PROJECT_FILE_NAME, []))
        return from_mapping(table or {}, f"file {PROJECT_FILE_NAME}")
    return {}


def _read_named(path: Path, source: str, problems: list[str]) -> Layer:
    found = len(problems)
    document = _parse(path, problems)
    if len(problems) > found:
        return {}
    is_project = path.name == PROJECT_FILE_NAME
    table = _project_table(document) if is_project else document.get("oauthstore")
    if not isinstance(table, Mapping):
        wanted = "[tool.oauthstore]" if is_project else "[oauthstore]"
        problems.append(
            f"Settings are asked of the {source}, but it has no table {wanted}. "
            f"Put the settings under {wanted}."
        )
        return {}
    stray = () if is_project else sorted(document.keys() - {"oauthstore"})
    problems.extend(
        f"`{key}` ({source}) stands outside of the table [oauthstore]. "
        "Move it below that line, or take it out."
        for key in stray
    )
    return from_mapping(table, source)


def _parse(path: Path, problems: list[str]) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(
            f"Settings are asked of the file {path}, but it cannot be read "
            f"({type(error).__name__}). Mend its path or its permissions."
        )
    except ValueError as error:
        problems.append(
            f"Settings are asked of the file {path}, but it is not TOML ({error}). Mend that line."
        )
    return {}


def _project_table(document: Mapping[str, object]) -> Mapping[str, object] | None:
    tool = document.get("tool")
    table = tool.get("oauthstore") if isinstance(tool, Mapping) else None
    return table if isinstance(table, Mapping) else None


# --- together --------------------------------------------------------------


def merge(*layers: Layer) -> Layer:
    """Return the layers as one, the later over the earlier, setting by setting.

    A layer that names the one `store` speaks of all storage: it replaces the
    `stores` and `roles` below it, too.
    """
    merged: Layer = {}
    for layer in layers:
        if ("store",) in layer:
            replaced = {"store", "stores", "roles"}
            merged = {path: given for path, given in merged.items() if path[0] not in replaced}
        merged |= layer
    return merged
