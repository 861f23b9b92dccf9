"""Rules of the role `tokens`: grants, tokens, refresh families, revocation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from ...errors import DuplicateError, GrantRevokedError
from ...memory.tokens import _Row
from ...records import Grant, Rotation, RotationOutcome, Token
from .rules import BEGINNING, CLIENTS, HANDLE, LIMIT, OFTEN, PAYLOAD, SELDOM, SUBJECTS, Rules, Slots

__all__ = ["TokenRules"]

GRANT: Final = st.integers(0, 3)
#: Lives of access tokens in seconds; None is an OAuth 1 token, which has no end.
LIVES: Final = st.lists(st.sampled_from((50, 5, 3600, None)), max_size=2)
ENDS: Final = st.sampled_from((400, 60, None))
STAYS: Final = st.sampled_from((60, 500))
PRESENTED: Final = st.sampled_from(
    ("current", "current", "current", "previous", "old", "unknown", "repeated")
)


class TokenRules(Rules):
    """Grants of three clients and two subjects, four at a time, each with a family of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.issued: list[str] = []
        self.grants = Slots(4)
        self._secrets: dict[int, list[str]] = {}
        self._won: dict[int, dict[str, Any]] = {}

    # --- what is known ---

    def grant(self, number: int, ends: int | None, family: str, payload: str) -> Grant:
        """Return the grant of that number; what tells it apart never changes."""
        own = self.family_of(number + (family == "another"))
        stored = self._row(number)
        if stored is not None and stored.grant.family is not None and family != "none":
            own = stored.grant.family
        subject = SUBJECTS[number % 3]
        return Grant(
            grant_id=self.history.name(f"grant-{number}"),
            client_id=self.history.name(CLIENTS[number % 4 % 3]),
            subject=None if subject is None else self.history.name(subject),
            family=None if family == "none" else own,
            granted_at=self.now,
            keep_until=None if ends is None else self.end(ends),
            payload=payload,
        )

    def family_of(self, number: int) -> str:
        """Return the digest of the family of that number."""
        return self.history.digest("family", number)

    def _row(self, number: int) -> _Row | None:
        return self.history.model.tokens._rows.get(self.history.name(f"grant-{number}"))

    def access(self, lives: Sequence[int | None], *, taken: bool) -> list[Token]:
        """Return new access tokens; if `taken`, the first has the digest of a stored one."""
        made = [self._access(life) for life in lives]
        known = [d for d in self.issued if d in self.history.model.tokens._grant_of]
        if taken and known and made and self._is_live(known[-1]):
            first = made[0]
            made[0] = Token(known[-1], first.kind, first.issued_at, first.expires_at)
        return made

    def _access(self, life: int | None) -> Token:
        digest = self.fresh()
        self.issued.append(digest)
        ends = None if life is None else self.noted(self.now + life)
        kind = "oauth1" if life is None else "access"
        return Token(digest, kind, self.now, ends, payload='{"scope":"a"}')

    def _is_live(self, digest: str) -> bool:
        found = self.history.model.tokens.query_token(digest)
        ends = found.token.expires_at if found else 0
        return ends is None or self.now < ends

    def refresh(self, generation: int = 0, life: int = 300) -> Token:
        """Return a new refresh token."""
        return Token(
            self.fresh(), "refresh", self.now, self.noted(self.now + life), generation=generation
        )

    def known(self, index: int) -> str:
        """Return the digest of an access token that was issued lately, or of none."""
        return self.issued[-1 - index] if index < len(self.issued) else self.fresh()

    # --- saving ---

    @initialize(count=BEGINNING, ends=ENDS, life=st.sampled_from((50, 3600)))
    def begin_tokens(self, count: int, ends: int | None, life: int) -> None:
        """Save a grant in each slot, for else most calls would find nothing."""
        for slot in range(count):
            self._save_new(slot, ends, life)

    def _save_new(self, slot: int, ends: int | None, life: int) -> None:
        grant = self.grant(self.grants[slot], ends, "own", "{}")
        tokens = [*self.access([life], taken=False), self.refresh()]
        answer = self.history.ask(slot, "tokens", "save_token", grant=grant, tokens=tokens)
        self.note_saved(answer, grant, tokens)

    @rule(
        handle=HANDLE,
        slot=GRANT,
        dead=st.sampled_from((False, False, True)),
        family=st.sampled_from(("own", "own", "own", "own", "none", "another")),
        refreshes=OFTEN,
        lives=LIVES,
        crowd=SELDOM,
        taken=SELDOM,
        ends=ENDS,
        payload=PAYLOAD,
    )
    def save_token(
        self,
        handle: int,
        slot: int,
        dead: bool,  # noqa: FBT001 - drawn
        family: str,
        refreshes: bool,  # noqa: FBT001 - drawn
        lives: list[int | None],
        crowd: bool,  # noqa: FBT001 - drawn
        taken: bool,  # noqa: FBT001 - drawn
        ends: int | None,
        payload: str,
    ) -> None:
        """Save tokens under a new grant or an old one, at times more than it may keep."""
        number = self.live_grant(slot, dead=dead)
        grant = self.grant(number, ends, family, payload)
        tokens = self.access([*lives, *[900] * (34 * crowd)], taken=taken)
        if refreshes and grant.family is not None:
            tokens.append(self.refresh())
        also = self.also_refused(number, grant, tokens)
        answer = self.history.ask_leniently(
            handle, "tokens", "save_token", also, grant=grant, tokens=tokens
        )
        self.note_saved(answer, grant, tokens)

    def live_grant(self, slot: int, *, dead: bool) -> int:
        """Return the number of the grant in this slot; a revoked one makes way unless `dead`."""
        row = self._row(self.grants[slot])
        if not dead and row is not None and row.grant.revoked_at is not None:
            self.grants.renew(slot)
        return self.grants[slot]

    def also_refused(
        self, number: int, grant: Grant, tokens: Sequence[Token]
    ) -> tuple[type[DuplicateError], ...]:
        """Return DuplicateError where the save is refused for that, too: either may be told."""
        model = self.history.model.tokens
        row = self._row(number)
        try:
            model._refuse_revoked(row.grant if row else grant)
        except GrantRevokedError:
            try:
                model._refuse_duplicates(grant, row, tokens)
            except DuplicateError:
                return (DuplicateError,)
        return ()

    def note_saved(self, answer: object, grant: Grant, tokens: Sequence[Token]) -> None:
        """Remember the first secret of a family that was saved."""
        for token in tokens:
            if token.kind == "refresh" and not isinstance(answer, type):
                numbers = range(self.grants.count + 1)
                number = next(n for n in numbers if self.family_of(n) == grant.family)
                self._secrets[number] = [token.digest]
                self._won.pop(number, None)

    # --- rotating ---

    @precondition(lambda self: self._secrets)
    @rule(
        handle=HANDLE,
        slot=GRANT,
        presented=PRESENTED,
        stranger=SELDOM,
        lives=LIVES,
        life=st.sampled_from((300, 20)),
        sealed=st.sampled_from((b"\x00sealed", None)),
        grace=st.sampled_from((30, 0, 3)),
        taken=SELDOM,
    )
    def rotate_refresh_token(
        self,
        handle: int,
        slot: int,
        presented: str,
        stranger: bool,  # noqa: FBT001 - drawn
        lives: list[int | None],
        life: int,
        sealed: bytes | None,
        grace: int,
        taken: bool,  # noqa: FBT001 - drawn
    ) -> None:
        """Present the current secret, an older one, one that nobody knows, or a call again."""
        number = self._family(slot)
        values = self._won.get(number, {})
        if presented != "repeated" or not values:
            generation = len(self._secrets.get(number, ()))
            values = {
                "family": self.family_of(number),
                "digest": self._secret(number, presented),
                "client_id": self._client_of(number, stranger=stranger),
                "successors": [*self.access(lives, taken=taken), self.refresh(generation, life)],
                "sealed_response": None if sealed is None else sealed + bytes([generation]),
            }
        values = {**values, "now": self.now, "grace": grace}
        answer = self.history.ask(handle, "tokens", "rotate_refresh_token", **values)
        if isinstance(answer, Rotation) and answer.outcome is RotationOutcome.WON:
            self._note_won(number, values)

    def _family(self, slot: int) -> int:
        """Return a family that was saved: that of the slot's grant, or the last one."""
        number = self.grants[slot]
        return number if number in self._secrets else max(self._secrets)

    def _note_won(self, number: int, values: dict[str, Any]) -> None:
        successor = values["successors"][-1].digest
        if successor not in self._secrets[number]:
            self._secrets[number].append(successor)
            self._won[number] = values

    def _secret(self, number: int, presented: str) -> str:
        secrets = self._secrets.get(number, [])
        back = {"current": 1, "repeated": 1, "previous": 2, "old": 3}.get(presented, 99)
        return secrets[-back] if back <= len(secrets) else self.fresh()

    def _client_of(self, number: int, *, stranger: bool) -> str:
        found = self.history.model.tokens.query_refresh_token(self.family_of(number))
        own = found.grant.client_id if found else self.history.name(CLIENTS[0])
        other = next(name for name in CLIENTS if self.history.name(name) != own)
        return self.history.name(other) if stranger else own

    # --- reading ---

    @rule(handle=HANDLE, index=st.integers(0, 12), slot=st.one_of(st.none(), GRANT))
    def query_token(self, handle: int, index: int, slot: int | None) -> None:
        """Look at an access token, at times at one that is not there or is a refresh token."""
        secrets = [] if slot is None else self._secrets.get(self.grants[slot], [])
        self._query(handle, secrets[-1] if secrets else self.known(index))

    def _query(self, handle: int, digest: str) -> None:
        # Nobody can tell when a store with a TTL lets go of what has expired.
        if self._is_live(digest) or not self.history.purges_by_itself:
            self.history.ask(handle, "tokens", "query_token", digest=digest)

    @rule(handle=HANDLE, slot=GRANT)
    def query_refresh_token(self, handle: int, slot: int) -> None:
        """Look at a family."""
        family = self.family_of(self.grants[slot])
        self.history.ask(handle, "tokens", "query_refresh_token", family=family)

    @rule(
        handle=HANDLE,
        client=st.sampled_from((None, *CLIENTS)),
        subject=st.sampled_from(SUBJECTS),
        limit=LIMIT,
    )
    def list_grants(self, handle: int, client: str | None, subject: str | None, limit: int) -> None:
        """List the grants of a range, or all."""
        self.history.ask_pages(
            handle, "tokens", "list_grants", limit=limit, **self._range(client, subject)
        )

    def _range(self, client: str | None, subject: str | None) -> dict[str, str | None]:
        return {
            "client_id": None if client is None else self.history.name(client),
            # The empty subject is nobody's, and so is its fence.
            "subject": self.history.name(subject) if subject else subject,
        }

    # --- revoking ---

    @precondition(lambda self: self.issued)
    @rule(handle=HANDLE, slot=GRANT, index=st.integers(0, 5))
    def revoke_token(self, handle: int, slot: int, index: int) -> None:
        """Revoke an access token, at times under a grant that is not its own."""
        digest = self.known(index)
        own = self.history.model.tokens._grant_of.get(digest)
        grant_id = own if own and slot else self.history.name(f"grant-{self.grants[slot]}")
        self.history.ask(
            handle, "tokens", "revoke_token", grant_id=grant_id, digest=digest, now=self.now
        )

    @rule(handle=HANDLE, slot=GRANT, stay=STAYS, early=SELDOM)
    def revoke_grant(self, handle: int, slot: int, stay: int, early: bool) -> None:  # noqa: FBT001 - drawn
        """Revoke a grant, at times one that is yet to be saved."""
        number = self.grants.after(slot) if early else self.grants[slot]
        grant_id, end = self.history.name(f"grant-{number}"), self.end(stay)
        values = {"grant_id": grant_id, "now": self.now, "keep_until": end}
        self.history.ask(handle, "tokens", "revoke_grant", **values)

    @rule(
        handle=HANDLE,
        client=st.sampled_from((*CLIENTS, None)),
        subject=st.sampled_from((*SUBJECTS, "")),
        ahead=st.sampled_from((0, 1, -3)),
        stay=STAYS,
        pause=st.sampled_from((1, 0, 2)),
        late=st.one_of(st.none(), GRANT),
    )
    def revoke_all(
        self,
        handle: int,
        client: str | None,
        subject: str | None,
        ahead: int,
        stay: int,
        pause: int,
        late: int | None,
    ) -> None:
        """Sweep a client, a subject, or both; at times a grant of the fence's own second comes."""
        if client is None and subject is None:
            subject = SUBJECTS[1]
        values = {"now": self.now + ahead, "keep_until": self.end(stay)}
        self.history.ask(handle, "tokens", "revoke_all", **self._range(client, subject), **values)
        if late is not None:
            self.history.now += ahead
            self.grants.renew(late)
            self._save_new(late, 400, 50)
        self.history.now += pause

    # More of what has the most to go wrong: rules are drawn with equal weight.
    save_again = save_token
    rotate_once_more = rotate_refresh_token
    rotate_yet_again = rotate_refresh_token

    # --- purging, and the end ---

    @rule(handle=HANDLE, limit=LIMIT)
    def purge_tokens(self, handle: int, limit: int) -> None:
        """Purge what has ended; the tokens of an ended grant may be counted or not."""
        rows = self.history.model.tokens._rows.values()
        due = [row for row in rows if self.now >= (row.grant.keep_until or self.now + 1)]
        access = [token for row in due for token in row.access.values()]
        expired = sum(self.now >= (token.expires_at or self.now + 1) for token in access)
        refresh = sum((row.current is not None) + (row.previous is not None) for row in due)
        more = len(access) - expired + refresh
        self.history.ask_purge(
            handle, "tokens", "purge_tokens", limit=limit, less=expired, more=more
        )

    def look_at_everything(self) -> None:
        """Look at every token and family, and list all grants."""
        super().look_at_everything()
        for number in range(self.grants.count):
            family = self.family_of(number)
            self.history.ask(number, "tokens", "query_refresh_token", family=family)
        for index, digest in enumerate(self.issued):
            self._query(index, digest)
        self.history.ask_pages(0, "tokens", "list_grants", limit=50, **self._range(None, None))

    def clean(self) -> None:
        """Give every grant an end, then purge all that has one."""
        super().clean()
        ended = {"now": self.now, "keep_until": self.now}
        for grant_id in self.history.model.tokens._rows:
            self.history.remove("tokens", "revoke_grant", grant_id=grant_id, **ended)
        self.history.empty("tokens", "purge_tokens")
