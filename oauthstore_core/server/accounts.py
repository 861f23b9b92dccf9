"""The standalone server's own users: names, subjects and argon2 passwords."""

from __future__ import annotations

import json
import threading
import unicodedata
from dataclasses import replace
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..clock import Clock
from ..digests import generate_handle, generate_identifier
from ..errors import ConflictError, OAuthStoreError
from ..hookspecs import AccountStore
from ..records import Account
from .session_ends import begin_epoch

__all__ = ["AccountError", "Accounts", "is_administrator", "normalize_name"]

MINIMUM_PASSWORD: Final = 8
MAXIMUM_PASSWORD: Final = 1024
MAXIMUM_NAME: Final = 128
#: Each hash takes 64 MiB, so not every thread may compute one at once.
_CONCURRENT_HASHES: Final = 4
_ADMINISTRATOR: Final = "administrator"


class AccountError(OAuthStoreError):
    """An account cannot be made as asked; the message is for the one who asked."""


def normalize_name(name: str) -> str:
    """Return the form by which an account is stored and found: case does not matter."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def is_administrator(account: Account) -> bool:
    """Tell whether an account may register, change and delete applications."""
    return json.loads(account.payload).get(_ADMINISTRATOR) is True


class Accounts:
    """Creates accounts and verifies passwords."""

    def __init__(
        self, store: AccountStore, clock: Clock, hasher: PasswordHasher | None = None
    ) -> None:
        """Take the hasher whose parameters passwords are kept with; RFC 9106's by default."""
        #: Where the accounts are kept.
        self.store = store
        self._clock = clock
        self._hasher = PasswordHasher() if hasher is None else hasher
        self._slots = threading.BoundedSemaphore(_CONCURRENT_HASHES)
        #: What the password of an unknown name is compared with.
        self._unknown = self._hash(generate_handle())

    def create(self, name: str, password: str, *, administrator: bool = False) -> Account:
        """Store a new account under a fresh subject, which is nobody's client id.

        An `administrator` may register, change and delete applications.
        `AccountError`: the name or the password will not do. `DuplicateError`:
        the name is taken.
        """
        account = Account(
            subject=f"user_{generate_identifier()}",
            name=_judge_name(name),
            created_at=self._clock.now(),
            payload=self._payload({_ADMINISTRATOR: True} if administrator else {}, password),
        )
        return self.store.save_account(account)

    def change_password(self, account: Account, password: str) -> Account:
        """Store another password; every session of the account ends with that."""
        payload = self._payload(begin_epoch(json.loads(account.payload)), password)
        return self.store.save_account(replace(account, payload=payload))

    def lock(self, account: Account) -> Account:
        """Store no password: nobody signs in any more, and every session ends with that."""
        fields = begin_epoch(json.loads(account.payload)) | {"password": None}
        return self.store.save_account(replace(account, payload=json.dumps(fields)))

    def find(self, name: str) -> Account | None:
        """Return the account of a name, however it is written, or None."""
        normal = normalize_name(name)
        return self.store.query_account(normal) if len(normal) <= MAXIMUM_NAME else None

    def verify(self, name: str, password: str) -> Account | None:
        """Return the account if this is its password.

        An unknown name costs as much as a wrong password. A hash with other
        parameters than today's is renewed.
        """
        account = self.find(name)
        stored = "" if account is None else _password_hash(account)
        if not self._matches(stored or self._unknown, password) or account is None:
            return None
        return self._renew(account, password)

    def _payload(self, fields: dict[str, Any], password: str) -> str:
        return json.dumps(fields | {"password": self._hash(_judge_password(password))})

    def _renew(self, account: Account, password: str) -> Account | None:
        if not self._hasher.check_needs_rehash(_password_hash(account)):
            return account
        try:
            return self.store.save_account(self._renewed(account, password))
        except ConflictError:
            # Another sign-in has renewed it, or the password was just changed.
            current = self.store.query_account_by_subject(account.subject)
            known = current is not None and self._matches(_password_hash(current), password)
            return current if known else None

    def _renewed(self, account: Account, password: str) -> Account:
        """Return the account, to be saved, with today's hash of the same password."""
        payload = self._payload(json.loads(account.payload), password)
        return replace(account, payload=payload)

    def _hash(self, password: str) -> str:
        with self._slots:
            return self._hasher.hash(_normalize_password(password))

    def _matches(self, stored: str, password: str) -> bool:
        if len(password) > MAXIMUM_PASSWORD:
            password = ""
        with self._slots:
            try:
                return self._hasher.verify(stored, _normalize_password(password))
            except (VerificationError, InvalidHashError):
                return False


def _password_hash(account: Account) -> str:
    stored = json.loads(account.payload).get("password")
    return stored if isinstance(stored, str) else ""


def _normalize_password(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _judge_name(name: str) -> str:
    normal = normalize_name(name)
    if not normal:
        raise AccountError("An account needs a name, but this one is empty. Give it one.")
    if len(normal) > MAXIMUM_NAME:
        raise AccountError(
            f"The account name has {len(normal)} characters. Use at most {MAXIMUM_NAME}."
        )
    if any(unicodedata.category(character)[0] == "C" for character in normal):
        raise AccountError(
            "The account name has control characters or ones that do not show. Leave them out."
        )
    return normal


def _judge_password(password: str) -> str:
    if MINIMUM_PASSWORD <= len(password) <= MAXIMUM_PASSWORD:
        return password
    raise AccountError(
        f"The password has {len(password)} characters. Use from {MINIMUM_PASSWORD} to "
        f"{MAXIMUM_PASSWORD}; a few words that do not belong together are good and long."
    )
