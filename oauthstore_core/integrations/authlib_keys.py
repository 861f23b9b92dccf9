"""What Authlib's configuration keys may say of functions and lifetimes, in any framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from ..errors import SettingsError
from ..oauth2.embedded import Generate

__all__ = ["import_function", "is_lifetime", "judge_generator"]


def judge_generator(
    name: str, value: object, import_string: Callable[[str], Any]
) -> Generate | None:
    """Return the application's token generator; None where True says that ours is wanted.

    `name` is the key as messages tell it, `import_string` the framework's own.
    `SettingsError`: it is neither a function nor its import path.
    """
    if value is True:
        return None
    found = import_function(name, value, import_string)
    if callable(found):
        return cast("Generate", found)
    problem = (
        f"{name} is {value!r}, but a token generator is a function, or the import path "
        "of one. Give one, or leave the key out."
    )
    raise SettingsError([problem])


def import_function(name: str, value: object, import_string: Callable[[str], Any]) -> object:
    """Return what an import path leads to, else the value. `SettingsError`: it leads nowhere."""
    if not isinstance(value, str):
        return value
    try:
        found: object = import_string(value)
    except ImportError as error:
        problem = (
            f"{name} is {value!r}, which cannot be imported: {error}. "
            "Give the path of a function, such as `your_project.tokens.generate`."
        )
        raise SettingsError([problem]) from error
    return found


def is_lifetime(value: object) -> bool:
    """Tell whether it is a whole number of seconds above 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
