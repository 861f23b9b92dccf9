"""Sealed bytes open for their record, their purpose and their key, and for nothing else."""

from __future__ import annotations

import pytest

from oauthstore_core.errors import SealError
from oauthstore_core.sealing import KeyRing, open_with_handle, seal_with_handle

OLD, NEW = "old-secret-key-of-forty-characters-00001", "new-secret-key-of-forty-characters-00001"
PLAIN = b"the plain text"


def test_what_was_sealed_opens() -> None:
    ring = KeyRing([NEW])

    assert ring.open("oauth1", ring.seal("oauth1", PLAIN, "record"), "record") == PLAIN


def test_sealing_twice_gives_different_bytes_without_the_plain_text() -> None:
    ring = KeyRing([NEW])

    one, two = (ring.seal("oauth1", PLAIN, "record") for _ in range(2))

    assert one != two
    assert PLAIN not in one


def test_a_retired_key_opens_and_the_first_one_seals() -> None:
    sealed = KeyRing([OLD]).seal("oauth1", PLAIN, "record")
    both = KeyRing([NEW, OLD])

    assert both.open("oauth1", sealed, "record") == PLAIN
    assert KeyRing([NEW]).open("oauth1", both.seal("oauth1", PLAIN, "r"), "r") == PLAIN


def test_moved_to_another_record_or_purpose_or_ring_nothing_opens() -> None:
    sealed = KeyRing([NEW]).seal("oauth1", PLAIN, "record")

    for ring, purpose, record in (
        (KeyRing([NEW]), "oauth1", "another"),
        (KeyRing([NEW]), "session", "record"),
        (KeyRing([OLD]), "oauth1", "record"),
    ):
        with pytest.raises(SealError, match="none of the"):
            ring.open(purpose, sealed, record)


@pytest.mark.parametrize("cut", [0, 1, 12, 13, 20, 28, -1])
def test_a_cut_off_seal_does_not_open(cut: int) -> None:
    ring = KeyRing([NEW])
    sealed = ring.seal("oauth1", PLAIN, "record")[:cut]

    with pytest.raises(SealError):
        ring.open("oauth1", sealed, "record")


def test_a_seal_with_any_bit_changed_does_not_open() -> None:
    ring = KeyRing([NEW])
    sealed = ring.seal("oauth1", PLAIN, "record")

    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(SealError):
            ring.open("oauth1", bytes(changed), "record")


def test_a_response_sealed_with_a_handle_opens_with_it_and_for_its_grant_alone() -> None:
    sealed = seal_with_handle("handle", PLAIN, "grant")

    assert open_with_handle("handle", sealed, "grant") == PLAIN
    for handle, grant in (("other", "grant"), ("handle", "other"), ("", "grant")):
        with pytest.raises(SealError):
            open_with_handle(handle, sealed, grant)
    with pytest.raises(SealError):
        open_with_handle("handle", b"", "grant")


def test_a_ring_without_keys_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one"):
        KeyRing([])


def test_row_25_no_repr_or_error_shows_a_key_or_a_handle() -> None:
    ring = KeyRing([NEW])
    with pytest.raises(SealError) as caught:
        ring.open("oauth1", b"\x01" + b"x" * 40, "record")
    with pytest.raises(SealError) as by_handle:
        open_with_handle("the-handle", b"\x01" + b"x" * 40, "grant")

    assert NEW not in repr(ring) + str(caught.value)
    assert "the-handle" not in repr(by_handle.value)


def test_each_purpose_has_digests_of_its_own_and_each_key_one() -> None:
    ring = KeyRing([NEW, OLD])

    one, two = ring.keyed_digests("a", "value"), ring.keyed_digests("b", "value")

    assert len({*one, *two}) == 4
    assert one[1] == KeyRing([OLD]).keyed_digests("a", "value")[0]
