"""The SQLAlchemy mixins and functions for OAuth 1, on SQLite."""

# ruff: noqa: ANN401 - hooks, sessions and models are as Authlib takes them, without a type

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from authlib.oauth1.rfc5849.errors import InvalidTokenError
from sqlalchemy import Engine, Integer, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session

from oauthstore_core.integrations import sqla_oauth1 as sqla

NONCE = ("nonce", "1800000000", "c1", None)


class Base(DeclarativeBase):
    pass


class OfUser:
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(Integer)


class Client(OfUser, sqla.OAuth1ClientMixin, Base):
    __tablename__ = "client"


class Temporary(OfUser, sqla.OAuth1TemporaryCredentialMixin, Base):
    __tablename__ = "temporary"


class Token(OfUser, sqla.OAuth1TokenCredentialMixin, Base):
    __tablename__ = "token"


class Nonce(sqla.OAuth1TimestampNonceMixin, Base):
    __tablename__ = "nonce"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)


class Ownerless(sqla.OAuth1TemporaryCredentialMixin, Base):
    __tablename__ = "ownerless"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)


class Hooks(dict[str, Any]):
    """What a server is told by `register_hook`."""

    def register_hook(self, name: str, hook: Any) -> None:
        self[name] = hook


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/models.db")
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA journal_mode=WAL"))
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Any]:
    session = scoped_session(lambda: Session(engine))
    yield session
    session.remove()


@pytest.fixture
def hooks(session: Any) -> Hooks:
    hooks = Hooks()
    sqla.register_authorization_hooks(hooks, session, Token, Temporary, Nonce)
    return hooks


def user(number: int) -> SimpleNamespace:
    return SimpleNamespace(get_user_id=lambda: number)


def issue(hooks: Hooks) -> Any:
    token = {"oauth_token": "t1", "oauth_token_secret": "s1"}
    return hooks["create_temporary_credential"](token, "c1", "https://app.example/cb")


def test_a_client_is_found_by_its_id(session: Any) -> None:
    session.add(Client(client_id="c1", client_secret="secret"))
    session.commit()
    query_client = sqla.create_query_client_func(session, Client)

    found = query_client("c1")

    assert (found.get_client_secret(), found.get_default_redirect_uri()) == ("secret", "")
    assert found.get_rsa_public_key() is None
    assert query_client("c2") is None


def test_a_temporary_credential_becomes_a_token_credential_of_the_same_client_and_user(
    hooks: Hooks, session: Any
) -> None:
    issue(hooks)
    temporary = hooks["get_temporary_credential"]("t1")
    hooks["create_authorization_verifier"](temporary, user(7), "verifier")
    assert temporary.get_redirect_uri() == "https://app.example/cb"
    hooks["create_token_credential"]({"oauth_token": "t2", "oauth_token_secret": "s2"}, temporary)
    hooks["delete_temporary_credential"]("t1")

    found = sqla.create_query_token_func(session, Token)("c1", "t2")

    assert (found.get_oauth_token(), found.get_oauth_token_secret()) == ("t2", "s2")
    assert found.user_id == 7
    assert hooks["get_temporary_credential"]("t1") is None
    assert sqla.create_query_token_func(session, Token)("c2", "t2") is None


def test_no_verifier_fits_before_one_was_issued(hooks: Hooks) -> None:
    temporary = issue(hooks)

    assert [temporary.check_verifier(value) for value in ("", "None", "vérifier")] == [False] * 3

    hooks["create_authorization_verifier"](temporary, user(7), "verifier")
    assert temporary.check_verifier("verifier")
    assert not temporary.check_verifier("Verifier")


def test_the_second_person_who_authorizes_it_changes_nothing(hooks: Hooks) -> None:
    temporary = issue(hooks)
    hooks["create_authorization_verifier"](temporary, user(7), "first")

    with pytest.raises(InvalidTokenError):
        hooks["create_authorization_verifier"](temporary, user(8), "second")

    found = hooks["get_temporary_credential"]("t1")
    assert (found.get_user_id(), found.check_verifier("first")) == (7, True)


@pytest.mark.parametrize(
    "other",
    [
        ("other", *NONCE[1:]),
        ("nonce", "1800000001", "c1", None),
        ("nonce", "1800000000", "c2", None),
        ("nonce", "1800000000", "c1", "t1"),
        ("n" * 4000, *NONCE[1:]),
    ],
)
def test_a_nonce_is_seen_with_its_timestamp_client_and_token(
    hooks: Hooks, other: tuple[str, str, str, str | None]
) -> None:
    exists_nonce = hooks["exists_nonce"]

    assert [exists_nonce(*NONCE), exists_nonce(*other)] == [False, False]
    assert [exists_nonce(*NONCE), exists_nonce(*other)] == [True, True]


def test_of_threads_with_the_same_nonce_one_is_first(hooks: Hooks, session: Any) -> None:
    for number in range(20):
        nonce, answers = (f"n{number}", *NONCE[1:]), list[bool]()
        barrier = threading.Barrier(4)

        def present(nonce: Any = nonce, barrier: Any = barrier, answers: Any = answers) -> None:
            barrier.wait()
            answers.append(hooks["exists_nonce"](*nonce))
            session.remove()

        threads = [threading.Thread(target=present) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(answers) == [False, True, True, True]
    assert len(session.scalars(select(Nonce)).all()) == 20


def test_a_seen_nonce_leaves_the_session_fit_for_use(hooks: Hooks, session: Any) -> None:
    hooks["exists_nonce"](*NONCE)
    assert hooks["exists_nonce"](*NONCE)

    session.add(Client(client_id="c1", client_secret="secret"))
    session.commit()

    assert session.scalars(select(Client.client_id)).all() == ["c1"]


def test_the_older_name_of_the_method_that_notes_the_user_is_called() -> None:
    class Older(sqla.OAuth1TokenCredentialMixin):
        def set_grant_user(self, grant_user: object) -> None:
            self.granted_by = grant_user

    token = Older()
    token.set_user_id(7)

    assert token.granted_by == 7


def test_a_model_without_a_user_is_told_what_to_add() -> None:
    with pytest.raises(NotImplementedError, match=r"Ownerless .* no column `user_id`\. Give it"):
        Ownerless().get_user_id()
    with pytest.raises(NotImplementedError, match=r"override `set_user_id`"):
        Ownerless().set_user_id(7)


def test_the_columns_are_those_that_authlib_made() -> None:
    columns = {
        model.__tablename__: sorted(model.__table__.columns.keys())  # type: ignore[attr-defined]  # mapped
        for model in (Client, Temporary, Token, Nonce)
    }

    assert columns == {
        "client": ["client_id", "client_secret", "default_redirect_uri", "id", "user_id"],
        "temporary": [
            *("client_id", "id", "oauth_callback", "oauth_token"),
            *("oauth_token_secret", "oauth_verifier", "user_id"),
        ],
        "token": ["client_id", "id", "oauth_token", "oauth_token_secret", "user_id"],
        "nonce": ["client_id", "id", "nonce", "oauth_token", "timestamp"],
    }
