"""What a store tells in logs, errors and reprs, and what it takes for data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial

import pytest

from ...digests import generate_identifier
from ...errors import StoreError
from ...records import Token
from ..kit import Handle, Kit, not_proved
from ..samples import HOSTILE, access_token, client, credential, fresh, grant, refresh_token
from ..specimens import Specimen, missing, save_specimens
from .contract import Contract

__all__ = ["DiscretionContract"]


class DiscretionContract(Contract):
    """Payloads are nobody's business, and data is nothing else."""

    def test_errors_and_reprs_show_no_payload(self, kit: Kit) -> None:
        """SEC-04a: no payload and no sealed response is in the text of an error or in a repr."""
        secret = f"secret-{generate_identifier()}"
        shown = [repr(kit.first.backend), *_refusals(kit, secret)]
        shown += [repr(getattr(kit.first.backend, role)) for role in kit.address.descriptor().roles]

        assert len(shown) > len(kit.address.descriptor().roles) + 1 or not kit.serves("clients")
        assert [text for text in shown if secret in text] == []

    def test_logs_show_no_payload(self, kit: Kit) -> None:
        """SEC-04b: no payload and no sealed response is logged, even where all loggers debug."""
        secret = f"secret-{generate_identifier()}"
        with _everything_logged() as records, kit.new_handle() as handle:
            logging.getLogger("oauthstore.kit").debug("a witness")
            save_specimens(kit, handle, payload=f'{{"note":"{secret}"}}')
            if kit.serves("tokens"):
                _rotate(kit, handle, secret)
        logged = [f"{record.getMessage()} {record.args!r}" for record in records]

        assert any("a witness" in line for line in logged)
        assert [line[:200] for line in logged if secret in line] == []

    def test_operators_and_statements_are_data(self, kit: Kit) -> None:
        """SEC-05: payloads, kinds and owners that another language would run come back as text."""
        others = save_specimens(kit, kit.first)
        for text in HOSTILE:
            saved: list[Specimen] = save_specimens(kit, kit.first, payload=text)
            assert missing(kit.first, saved) == []
            if kit.serves("clients"):
                owned = kit.first.clients.save_client(client(owner=text, source=text[:64]))
                page = kit.first.clients.list_clients(text, None, 10)
                assert list(page.items) == [owned]
            if kit.serves("credentials"):
                given = credential(kit.now, kind=text[:64])
                kit.first.credentials.save_credential(given, kit.now)
                assert kit.first.credentials.query_credential(given.kind, given.digest) == given

        assert missing(kit.first, others) == []

    def test_two_stores_do_not_see_each_other(self, kit: Kit) -> None:
        """SEC-06: what is saved, revoked and purged in one store is nothing to another."""
        address = kit.address.another
        if address is None:
            not_proved("`StoreAddress.another` is not set: there is no second store beside this")
        backend = address.open()
        try:
            backend.migrate()
            neighbour = Handle(backend, address.descriptor().roles)
            saved = save_specimens(kit, kit.first)
            assert missing(neighbour, saved) == [specimen.role for specimen in saved]
            own = save_specimens(kit, neighbour)
            for role in ("clients", "tokens", "credentials"):
                if kit.serves(role):
                    purge = getattr(neighbour.role(role), f"purge_{role}")
                    purge(kit.now + 10**9, 1000)
            again = [each for each in saved if each.role != "nonces"]
            assert missing(kit.first, again) == []
            assert set(missing(kit.first, own)) == {each.role for each in own}
        finally:
            backend.close()


def _refusals(kit: Kit, secret: str) -> list[str]:
    """Return what the store says as it refuses records with the secret in their payloads."""
    payload, told = f'{{"note":"{secret}"}}', list[str]()
    first = kit.first
    if kit.serves("clients"):
        saved = first.clients.save_client(client(payload=payload))
        again = client(client_id=saved.client_id, payload=payload)
        stale = client(client_id=saved.client_id, version=9, payload=payload)
        told += [_told(partial(first.clients.save_client, each)) for each in (again, stale)]
    if kit.serves("credentials"):
        code = credential(kit.now, payload=payload)
        first.credentials.save_credential(code, kit.now)
        told.append(_told(partial(first.credentials.save_credential, code, kit.now)))
    if kit.serves("tokens"):
        given, token = grant(kit.now, payload=payload), access_token(kit.now, payload=payload)
        first.tokens.save_token(given, [token])
        told.append(_told(partial(first.tokens.save_token, given, [token])))
        first.tokens.revoke_grant(given.grant_id, kit.now, kit.now + 10)
        new = access_token(kit.now, payload=payload)
        told.append(_told(partial(first.tokens.save_token, given, [new])))
    return told


def _told(call: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as caught:
        call()
    error = caught.value
    chain = [error, error.__cause__, error.__context__]
    return " ".join(f"{each!r} {each} {getattr(each, '__dict__', '')}" for each in chain)


def _rotate(kit: Kit, handle: Handle, secret: str) -> None:
    given, first = grant(kit.now, family=fresh()), refresh_token(kit.now)
    handle.tokens.save_token(given, [first])
    successors: list[Token] = [refresh_token(kit.now, generation=1)]
    family = given.family or ""
    with suppress(StoreError):
        handle.tokens.rotate_refresh_token(
            family, first.digest, given.client_id, successors, secret.encode(), kit.now, 0
        )


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _everything_logged() -> Generator[list[logging.LogRecord], None, None]:
    """Let every logger that there is tell everything, and collect it."""
    handler, root = _Records(), logging.getLogger()
    known = [*logging.Logger.manager.loggerDict.values(), root]
    loggers = [each for each in known if isinstance(each, logging.Logger)]
    before = [(each, each.level) for each in loggers]
    root.addHandler(handler)
    try:
        for each in loggers:
            each.setLevel(logging.DEBUG)
        yield handler.records
    finally:
        root.removeHandler(handler)
        for each, level in before:
            each.setLevel(level)
