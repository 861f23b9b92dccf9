"""Registering signature methods: with a server, not with a class."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .signatures import VerifySignature
from .signed import SignedCore

__all__ = ["RegisterSignatureMethod"]


class RegisterSignatureMethod:
    """The method `register_signature_method`, which refuses to be called on a class.

    On Authlib it is a class's, and what it registers counts for every server and
    protector of the process.
    """

    def __get__(
        self, instance: SignedCore | None, owner: type[Any]
    ) -> Callable[[str, VerifySignature], None]:
        """Return the server's method, or what tells how to get there."""
        if instance is None:
            return partial(_refuse, owner.__name__)
        return partial(SignedCore.register_signature_method, instance)


def _refuse(owner: str, name: str, _: VerifySignature) -> None:
    raise TypeError(
        f"The signature method {name!r} was to be registered with the class {owner}, where it "
        f"would count for every server of the process. Register it with the {owner} that accepts "
        f"it, once that is made: `.register_signature_method({name!r}, ...)`."
    )
