"""Handles and their digests."""

from __future__ import annotations

import hashlib
import hmac
import re

from hypothesis import given
from hypothesis import strategies as st

from oauthstore_core import digests

PARTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4)


def test_row_23_a_handle_has_256_bits_an_identifier_128_and_none_repeats() -> None:
    handles = {digests.generate_handle() for _ in range(2000)}
    identifiers = {digests.generate_identifier() for _ in range(2000)}

    assert len(handles) == len(identifiers) == 2000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", handle) for handle in handles)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{21}", name) for name in identifiers)


def test_a_digest_is_the_hex_sha_256_of_the_utf_8_text() -> None:
    assert digests.digest("é") == hashlib.sha256("é".encode()).hexdigest()
    assert digests.keyed_digest(b"k", "é") == hmac.digest(b"k", "é".encode(), "sha256").hex()


def test_digests_are_compared_as_a_whole() -> None:
    one = digests.digest("a")

    assert digests.digests_equal(one, one)
    assert not digests.digests_equal(one, one[:-1])
    assert not digests.digests_equal(one, "é" * 64)


def test_a_fingerprint_is_8_characters_of_a_digest() -> None:
    assert digests.fingerprint(digests.digest("a")) == digests.digest("a")[:8]


@given(PARTS, PARTS)
def test_two_tuples_never_share_a_nonce_digest(one: list[str], two: list[str]) -> None:
    same = digests.nonce_digest("p", *one) == digests.nonce_digest("p", *two)

    assert same == (one == two)


def test_a_nonce_digest_is_bound_to_its_purpose() -> None:
    assert digests.nonce_digest("a", "b") != digests.nonce_digest("ab")
    assert digests.nonce_digest("a", "b") != digests.nonce_digest("c", "b")
