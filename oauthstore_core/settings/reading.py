"""From given values to settings: each is converted and judged, and every problem noted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, Final

from ..hookspecs import ROLES
from . import checks
from .layers import Given, Key, Layer
from .parts import (
    DEFAULT_STORE,
    Lifetimes,
    OAuth1Settings,
    ServerSettings,
    StoreSettings,
    route_roles,
)

__all__ = ["read"]

_TABLES: Final = ("stores", "roles", "plugin_options", "lifetimes", "scopes", "oauth1", "server")
_LISTS: Final = ("plugins", "secret_keys", "grants", "resources", "languages")
#: Each with its least and its greatest value.
_NUMBERS: Final[dict[str, tuple[int, int | None]]] = {
    "reuse_grace": (0, checks.MAXIMUM_REUSE_GRACE),
    "clock_skew": (0, None),
    "access_tokens_per_grant": (1, None),
}
_FLAGS: Final = ("revoke_access_token_revokes_grant", "remember_consent")
_KEYS: Final = ("issuer", "store", *_TABLES, *_LISTS, *_NUMBERS, *_FLAGS)
_LIFETIMES: Final = tuple(field.name for field in fields(Lifetimes))
_OAUTH1: Final = tuple(field.name for field in fields(OAuth1Settings))
_SERVER: Final = tuple(field.name for field in fields(ServerSettings))
#: What judges each of a list, and a text, of the table `server`.
_SERVER_LISTS: Final = {
    "trusted_proxies": checks.judge_proxy,
    "allowed_origins": checks.judge_origin,
}
_SERVER_TEXTS: Final = {
    "bind": checks.judge_bind,
    "log_format": checks.judge_log_format,
    "pages": checks.judge_folder,
}
_STORE_KEYS: Final = ("url", "options")
#: As many as a store's 64-bit integer holds for certain.
_DIGITS: Final = re.compile(r"-?[0-9]{1,18}")
_WORDS: Final = {"true": True, "1": True, "yes": True, "on": True} | {
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


class _WrongTypeError(Exception):
    """The value is of no use; the argument tells what is wanted."""


def read(layer: Layer, problems: list[str]) -> dict[str, Any]:
    """Return the arguments for `Settings`; what is wrong goes to `problems` and is left out."""
    reader = _Reader(problems)
    for key, given in layer.items():
        reader.take(key, given)
    return reader.finish()


def _text(given: Given) -> str:
    if isinstance(given.value, str) and given.value.strip():
        return given.value
    raise _WrongTypeError("text")


def _number(given: Given) -> int:
    value = given.value
    if given.textual and isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _WrongTypeError("a whole number")


def _flag(given: Given) -> bool:
    value = given.value
    if given.textual and isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    if isinstance(value, bool):
        return value
    raise _WrongTypeError("true or false")


def _texts(given: Given) -> tuple[str, ...]:
    value = given.value
    if given.textual and isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        texts = tuple(item for item in value if isinstance(item, str) and item.strip())
        if len(texts) == len(value):
            return texts
    raise _WrongTypeError("a list of texts")


def _anything(given: Given) -> object:
    if not (given.textual and isinstance(given.value, str)):
        return given.value
    try:
        value: object = json.loads(given.value)
    except ValueError:
        return given.value
    return value


class _Reader:
    """Collects values and problems."""

    def __init__(self, problems: list[str]) -> None:
        self._problems = problems
        self._values: dict[str, Any] = {}
        self._lifetimes: dict[str, int] = {}
        self._tables: dict[str, dict[str, Any]] = {name: {} for name in _TABLES}
        self._stores: dict[str, dict[str, Any]] = {}
        self._sources: dict[str, str] = {}

    def take(self, key: Key, given: Given) -> None:
        """Read one given value."""
        found = len(self._problems)
        try:
            self._read(key, given)
        except _WrongTypeError as error:
            kind = type(given.value).__name__
            self._complain(key, given, f"is of the type {kind}. Write {error} instead.")
        if len(self._problems) == found:
            self._sources[_shown(key)] = given.source

    def _complain(self, key: Key, given: Given, complaint: str | None) -> None:
        if complaint is not None:
            self._problems.append(f"`{'.'.join(key)}` ({given.source}) {complaint}")

    def _read(self, key: Key, given: Given) -> None:
        match key:
            case (name,) if name in _LISTS:
                self._read_list(key, given)
            case (name,) if name in _NUMBERS:
                self._values[name] = self._in_range(key, given, *_NUMBERS[name])
            case (name,) if name in _FLAGS:
                self._values[name] = _flag(given)
            case ("issuer",):
                self._values["issuer"] = _text(given)
                self._complain(key, given, checks.judge_issuer(self._values["issuer"]))
            case ("store",):
                self._read_store(key, DEFAULT_STORE, given)
            case _:
                self._read_entry(key, given)

    def _read_entry(self, key: Key, given: Given) -> None:
        """Read one entry of a table."""
        match key:
            case ("stores", name, "url"):
                self._read_store(key, name, given)
            case ("stores", name, "options", option, *rest):
                options = self._stores.setdefault(name, {}).setdefault("options", {})
                _put(options, (option, *rest), _anything(given))
            case ("plugin_options", plugin, option, *rest):
                _put(self._tables["plugin_options"], (plugin, option, *rest), _anything(given))
            case ("roles", role):
                self._read_role(key, role, given)
            case ("scopes", scope):
                self._complain(key, given, checks.judge_scope(scope))
                self._tables["scopes"][scope] = _description(given)
            case ("server", name) if name in _SERVER:
                self._tables["server"][name] = self._read_server(key, name, given)
            case ("oauth1", name) if name in _OAUTH1:
                self._tables["oauth1"][name] = self._read_oauth1(key, name, given)
            case ("lifetimes", name) if name in _LIFETIMES:
                self._lifetimes[name] = self._in_range(key, given, 1, None)
            case _:
                self._complain(key, given, _unknown(key))

    def _read_store(self, key: Key, name: str, given: Given) -> None:
        url = _text(given)
        self._complain(key, given, checks.judge_url(url))
        parts = self._stores.setdefault(name, {})
        if "url" in parts:
            self._complain(key, given, f"names the store {name!r} a second time. Take one out.")
        parts["url"] = url

    def _read_role(self, key: Key, role: str, given: Given) -> None:
        if role not in ROLES:
            advice = checks.advise_name(role, ROLES)
            self._complain(key, given, f"routes a role that does not exist. {advice}")
        self._tables["roles"][role] = _text(given)

    def _read_server(self, key: Key, name: str, given: Given) -> object:
        if name == "workers":
            return self._in_range(key, given, 1, checks.MAXIMUM_WORKERS)
        if name == "access_log":
            return _flag(given)
        if name in _SERVER_LISTS:
            values = _texts(given)
            for value in values:
                if problem := _SERVER_LISTS[name](value):
                    self._complain(key, given, f"has {value!r}, which {problem}")
            return values
        text = _text(given)
        self._complain(key, given, _SERVER_TEXTS[name](text))
        return text

    def _read_oauth1(self, key: Key, name: str, given: Given) -> object:
        if name == "enabled":
            return _flag(given)
        if name == "timestamp_window":
            return self._in_range(key, given, 1, checks.MAXIMUM_TIMESTAMP_WINDOW)
        methods = _texts(given)
        for complaint in checks.judge_signature_methods(methods):
            self._complain(key, given, complaint)
        return methods

    def _in_range(self, key: Key, given: Given, least: int, most: int | None) -> int:
        value = _number(given)
        self._complain(key, given, checks.judge_range(value, least, most))
        return value

    def _read_list(self, key: Key, given: Given) -> None:
        values = self._values[key[0]] = _texts(given)
        if key == ("secret_keys",):
            self._complain(key, given, checks.judge_secret_keys(values))
        if key == ("grants",):
            for complaint in checks.judge_grants(values):
                self._complain(key, given, complaint)
        if key == ("resources",):
            for complaint in checks.judge_resources(values):
                self._complain(key, given, complaint)
        if key == ("languages",):
            for complaint in checks.judge_languages(values):
                self._complain(key, given, complaint)
        if len(set(values)) < len(values):
            self._complain(key, given, "names something twice. Take one of them out.")

    # --- what depends on several settings ---

    def finish(self) -> dict[str, Any]:
        """Return the arguments for `Settings`."""
        values = dict(self._values)
        stores = self._build_stores()
        if stores:
            values["stores"] = stores
        roles = self._tables["roles"]
        if stores or roles:
            self._judge_routes(stores or {DEFAULT_STORE: None}, roles)
        values["roles"] = roles
        values["plugin_options"] = self._tables["plugin_options"]
        self._judge_plugin_options(values.get("plugins", ()))
        values["scopes"] = self._tables["scopes"]
        values["lifetimes"] = Lifetimes(**self._lifetimes)
        values["oauth1"] = OAuth1Settings(**self._tables["oauth1"])
        values["server"] = ServerSettings(**self._tables["server"])
        values["sources"] = self._sources
        return values

    def _build_stores(self) -> dict[str, StoreSettings]:
        stores = {}
        for name, parts in self._stores.items():
            if "url" in parts:
                stores[name] = StoreSettings(parts["url"], parts.get("options", {}))
            else:
                self._problems.append(
                    f"`stores.{name}` has options, but no `url`. Name the store's URL there."
                )
        return stores

    def _judge_routes(self, stores: Iterable[str], roles: dict[str, str]) -> None:
        names = list(stores)
        for role, store in roles.items():
            if store not in names and role in ROLES:
                self._problems.append(
                    f"`roles.{role}` ({self._sources[f'roles.{role}']}) routes to the store "
                    f"{store!r}, which is not among `stores`. {checks.advise_name(store, names)}"
                )
        routed = route_roles(dict.fromkeys(names), roles)
        missing = [f"`roles.{role}`" for role in ROLES if role not in routed]
        if missing:
            self._problems.append(
                f"There are several stores ({', '.join(sorted(names))}), but {', '.join(missing)} "
                f"names none of them. Route each role, or call one store {DEFAULT_STORE!r}."
            )

    def _judge_plugin_options(self, plugins: Sequence[str]) -> None:
        for name in self._tables["plugin_options"]:
            if name not in plugins:
                self._problems.append(
                    f"`plugin_options.{name}` is given, but {name!r} is not among `plugins`. "
                    "Add it there, or take its options out."
                )


def _shown(key: Key) -> str:
    match key:
        case ("store",):
            return f"stores.{DEFAULT_STORE}"
        case ("stores", name, "url"):
            return f"stores.{name}"
        case _:
            return ".".join(key)


def _put(table: dict[str, Any], key: Sequence[str], value: object) -> None:
    for part in key[:-1]:
        table = table.setdefault(part, {})
    table[key[-1]] = value


def _description(given: Given) -> str:
    if isinstance(given.value, str):
        return given.value
    raise _WrongTypeError("text")


def _unknown(key: Key) -> str:
    match key:
        case (name,) if name in _TABLES:
            return "is a single value. Write a table instead."
        case ("stores", _, name, *_):
            return f"is unknown. {checks.advise_name(name, _STORE_KEYS)}"
        case ("server", name):
            return f"is unknown. {checks.advise_name(name, _SERVER)}"
        case ("oauth1", name):
            return f"is unknown. {checks.advise_name(name, _OAUTH1)}"
        case ("lifetimes", name):
            return f"is unknown. {checks.advise_name(name, _LIFETIMES)}"
        case ("plugin_options", _):
            return "is a single value. Write a table of options instead."
        case (name, _, *_) if name in _KEYS:
            return "is a table. Write a single value instead."
        case _:
            return f"is unknown. {checks.advise_name(key[0], _KEYS)}"
