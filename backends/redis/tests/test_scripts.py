from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from oauthstore_core.records import ClaimOutcome, RotationOutcome
from oauthstore_core.testing.samples import access_token, credential, fresh, grant, refresh_token
from oauthstore_redis import RedisBackend

from .servers import Server

NOW = 1_700_000_000
END = NOW + 10**6
LUA = sorted(
    Path(str(file)) for file in resources.files("oauthstore_redis").joinpath("lua").iterdir()
)


def test_a_server_that_forgets_the_scripts_is_sent_them_again(
    store: RedisBackend, valkey: Server
) -> None:
    code, given, token = credential(NOW), grant(NOW), access_token(NOW)
    claim = (code.kind, code.digest, code.client_id, NOW)
    valkey.client.script_flush()
    store.credentials.save_credential(code, NOW)
    valkey.client.script_flush()
    assert store.credentials.claim_credential(*claim).outcome is ClaimOutcome.WON
    valkey.client.script_flush()
    assert store.credentials.claim_credential(*claim).outcome is ClaimOutcome.ALREADY_USED
    valkey.client.script_flush()
    store.tokens.save_token(given, [token])
    valkey.client.script_flush()
    assert store.tokens.revoke_all(None, given.subject, NOW, END) == 1
    valkey.client.script_flush()
    assert store.nonces.claim_nonce(fresh(), END, NOW)


@pytest.mark.parametrize("file", LUA, ids=lambda file: file.stem)
def test_every_key_that_a_script_uses_is_in_its_keys(file: Path) -> None:
    text = file.read_text()
    named = set(re.findall(r"redis\.call\(\s*'\w+',\s*([\w.\[\]]+)", text))
    named |= set(re.findall(r"\b(?:keep|note|known|add)\(([\w\[\]]+)", text))

    assert named
    given = set()
    for names, values in re.findall(r"^local ([\w, ]+) = (.*KEYS.*)$", text, re.MULTILINE):
        count = values.count("KEYS[") or len(names.split(", "))
        given |= set(names.split(", ")[:count])
    if file.stem == "prelude":
        given = set(re.findall(r"local function \w+\((\w+)", text))
    assert {name for name in named if not re.fullmatch(r"KEYS\[\w\]", name)} <= given


def test_a_sweep_of_many_grants_takes_each_once(store: RedisBackend) -> None:
    names, tokens = grant(NOW), [access_token(NOW) for _ in range(1203)]
    for turn, token in enumerate(tokens):
        # Every tenth is somebody else's, and every fourth has no end.
        subject = names.subject if turn % 10 else "other"
        end = None if turn % 4 == 0 else END
        given = grant(NOW, client_id=names.client_id, subject=subject, keep_until=end)
        store.tokens.save_token(given, [token])

    assert store.tokens.revoke_all(names.client_id, names.subject, NOW, END) == 1082
    assert store.tokens.revoke_all(names.client_id, names.subject, NOW, END) == 0
    assert store.tokens.revoke_all(names.client_id, None, NOW, END) == 121
    for token in tokens:
        found = store.tokens.query_token(token.digest)
        assert found is not None
        assert (found.grant.revoked_at, found.grant.keep_until) == (NOW, END)


def test_a_rotation_that_was_cut_off_between_two_nodes_has_its_tokens(
    store: RedisBackend, valkey: Server, prefix: str
) -> None:
    given, first, token = grant(NOW, family=fresh()), refresh_token(NOW), access_token(NOW)
    store.tokens.save_token(given, [first])
    brought = [token, refresh_token(NOW, generation=1)]
    names = (str(given.family), first.digest, given.client_id)
    store.tokens.rotate_refresh_token(*names, brought, b"sealed", NOW, 60)
    key = f"{prefix}:token:{token.digest}"
    assert valkey.client.get(key) == f"g{given.grant_id}".encode()

    # As the first flight left it, which the second did not reach on this node.
    valkey.client.set(key, f"f{given.family}")
    found = store.tokens.query_token(token.digest)
    assert found is not None
    assert (found.grant, found.token) == (given, token)
    store.tokens.revoke_all(given.client_id, None, NOW, END)
    found = store.tokens.query_token(token.digest)
    assert found is not None
    assert found.grant.revoked_at == NOW


def test_a_key_that_leads_to_a_grant_of_another_family_rotates_nothing(
    store: RedisBackend, valkey: Server, prefix: str
) -> None:
    given, first, stray = grant(NOW, family=fresh()), refresh_token(NOW), fresh()
    store.tokens.save_token(given, [first])
    before = store.tokens.query_refresh_token(str(given.family))
    valkey.client.set(f"{prefix}:family:{stray}", f"g{given.grant_id}")

    names = (stray, first.digest, given.client_id)
    rotation = store.tokens.rotate_refresh_token(*names, [refresh_token(NOW)], None, NOW, 60)
    assert rotation.outcome is RotationOutcome.MISSING
    assert store.tokens.query_refresh_token(stray) is None
    assert store.tokens.query_refresh_token(str(given.family)) == before
