"""Nonces where the count of an upsert does not tell whether it wrote."""

from __future__ import annotations

from sqlalchemy import bindparam, update

from oauthstore_core.errors import DuplicateError

from ..engine import Values
from ..nonces import SqlaNonces
from ..schema import nonces
from ..store import Store

__all__ = ["MysqlNonces"]


class MysqlNonces(SqlaNonces):
    """The key decides who is first; one that has expired is renewed by one conditional UPDATE."""

    def prepare(self, store: Store) -> None:
        self._add = store.prepare(store.insert(nonces))
        self._renew = store.prepare(
            update(nonces)
            .values(expires_at=bindparam("until"))
            .where(nonces.c.digest == bindparam("known"), nonces.c.expires_at <= bindparam("now"))
        )

    def claim(self, values: Values) -> bool:
        return (
            self._added(values)
            or self._renewed(values)
            # An expired one may have been purged after it was in the way.
            or self._added(values)
        )

    def _added(self, values: Values) -> bool:
        try:
            self._store.count(self._add, values)
        except DuplicateError:
            return False
        return True

    def _renewed(self, values: Values) -> bool:
        renewal = {"known": values["digest"], "until": values["expires_at"], "now": values["now"]}
        return self._store.count(self._renew, renewal) > 0
