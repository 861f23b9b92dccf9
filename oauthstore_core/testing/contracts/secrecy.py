"""Nothing usable at rest, for every role."""

from __future__ import annotations

from dataclasses import replace

from ... import digests
from ...records import ClaimOutcome, CredentialState, RotationOutcome, Token
from ...sealing import KeyRing, seal_with_handle
from ..kit import Kit
from ..probe import find, variants
from ..samples import DAY, access_token, account, client, credential, grant, pending, refresh_token
from .contract import Contract

__all__ = ["StoreSecrecyContract"]


class StoreSecrecyContract(Contract):
    """What is issued as the core issues it is not found by reading behind the store's back."""

    def test_no_token_is_at_rest(self, kit: Kit) -> None:
        """SEC-01a: no access token, refresh token or token secret is in the dump."""
        kit.require("tokens")
        issued = _Issued(kit)
        store, now = kit.first.tokens, kit.now
        family, refresh, access = issued.new(22), issued.new(), issued.new()
        given = grant(now, family=digests.digest(family), payload=issued.payload())
        oauth1 = Token(digests.digest(issued.new()), "oauth1", now, payload=issued.payload())
        first = refresh_token(now, digest=digests.digest(refresh))
        store.save_token(given, [access_token(now, digest=digests.digest(access)), first, oauth1])
        for generation in range(1, 4):
            presented, refresh, access = refresh, issued.new(), issued.new()
            response = f'{{"refresh_token":"rt_{family}.{refresh}"}}'.encode()
            sealed = seal_with_handle(presented, response, digests.digest(family))
            successor = refresh_token(now, digest=digests.digest(refresh), generation=generation)
            for outcome in (RotationOutcome.WON, RotationOutcome.GRACE):
                spare = replace(successor, digest=digests.digest(issued.new()))
                rotation = store.rotate_refresh_token(
                    digests.digest(family),
                    digests.digest(presented),
                    given.client_id,
                    [
                        successor if outcome is RotationOutcome.WON else spare,
                        access_token(now, digest=digests.digest(access)),
                    ],
                    sealed,
                    now,
                    60,
                )
                assert rotation.outcome is outcome
                access = issued.new()
        store.query_token(digests.digest(access))
        store.revoke_token(given.grant_id, digests.digest(access), now)
        store.revoke_all(given.client_id, None, now, now + DAY)

        issued.assert_secret()

    def test_no_code_is_at_rest(self, kit: Kit) -> None:
        """SEC-01b: no code, device code, user code, verifier or secret is in the dump."""
        kit.require("credentials")
        issued = _Issued(kit)
        store, now = kit.first.credentials, kit.now
        for kind in ("authorization_code", "temporary_credential", "pushed_request"):
            code = credential(
                now, kind=kind, digest=digests.digest(issued.new()), payload=issued.payload()
            )
            store.save_credential(code, now)
            claim = store.claim_credential(kind, code.digest, code.client_id, now)
            assert claim.outcome is ClaimOutcome.WON
        alias = issued.ring.keyed_digests("user code", issued.new(12))[0]
        device = pending(
            now, digest=digests.digest(issued.new()), alias=alias, payload=issued.payload()
        )
        store.save_credential(device, now)
        store.query_credential_by_alias(device.kind, alias)
        store.poll_credential(device.kind, device.digest, device.client_id, now)
        store.decide_credential(
            device.kind, device.digest, CredentialState.APPROVED, "s", issued.payload(), now
        )

        issued.assert_secret()

    def test_no_client_secret_is_at_rest(self, kit: Kit) -> None:
        """SEC-01c: no client secret, digested or sealed, is in the dump."""
        kit.require("clients")
        issued = _Issued(kit)
        saved = kit.first.clients.save_client(client(payload=issued.payload()))
        kit.first.clients.save_client(replace(saved, payload=issued.payload()))

        issued.assert_secret()

    def test_no_nonce_is_at_rest(self, kit: Kit) -> None:
        """SEC-01d: no token or assertion id that makes up a nonce is in the dump."""
        kit.require("nonces")
        issued = _Issued(kit)
        for _ in range(3):
            issued.witness = digests.nonce_digest("oauth1", issued.new(), issued.new())
            kit.first.nonces.claim_nonce(issued.witness, kit.now + 300, kit.now)
            kit.first.nonces.claim_nonce(issued.witness, kit.now + 300, kit.now)

        issued.assert_secret()

    def test_no_sign_in_is_at_rest(self, kit: Kit) -> None:
        """SEC-01e: neither a password nor what attempts are counted under is in the dump."""
        kit.require("accounts")
        issued = _Issued(kit)
        kit.first.accounts.save_account(account(payload=issued.payload()))
        kit.first.accounts.count_attempt(digests.digest(issued.new()), 60, kit.now)

        issued.assert_secret()


class _Issued:
    """The values that were given out, and one that the dump must show: else it shows nothing."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._values: list[str] = []
        self.ring = KeyRing(["k" * 32])
        self.witness = f"witness-{digests.generate_identifier()}"

    def new(self, length: int = 43) -> str:
        """Return a new value that must never be seen again."""
        self._values.append(digests.generate_handle()[:length])
        return self._values[-1]

    def payload(self) -> str:
        """Return a payload with a digested and a sealed secret, and the witness."""
        hidden = self.new()
        sealed = self.ring.seal("test", hidden.encode(), "record-1").hex()
        return (
            f'{{"digest":"{digests.digest(hidden)}","sealed":"{sealed}","note":"{self.witness}"}}'
        )

    def assert_secret(self) -> None:
        dump = self._kit.raw_dump()
        forms = [*variants(self.witness).values(), *_raw(self.witness)]
        assert any(form in dump for form in forms), (
            "The raw dump does not show what was stored openly: it proves nothing. Let "
            "`raw_dump` read all that the store holds, at the moment when it is asked for."
        )
        for value in self._values:
            found = find(value, dump)
            assert not found, f"an issued value is at rest in the store: {found}"


def _raw(text: str) -> list[bytes]:
    try:
        return [bytes.fromhex(text)]
    except ValueError:
        return []
