"""SQLAlchemy mixins and functions for OAuth 1, as Authlib had them before its version 1.0.

For an application that keeps its own models (own mode): names, columns and
signatures are Authlib's, so tables that it made go on to work. What differs: a
verifier is compared in constant time and written once, and a nonce is told by
the database's unique constraint, so that of two requests at once one is first.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, Final

from authlib.oauth1 import ClientMixin, TemporaryCredentialMixin, TokenCredentialMixin
from authlib.oauth1.rfc5849.errors import InvalidTokenError

try:
    from sqlalchemy import Integer, String, Text, UniqueConstraint
    from sqlalchemy.exc import IntegrityError
    from sqlalchemy.orm import Mapped, mapped_column
except ModuleNotFoundError as error:
    if error.name != "sqlalchemy":
        raise
    raise ImportError(
        "oauthstore_core.integrations.sqla_oauth1 needs sqlalchemy, which is not installed. "
        "Install it: pip install 'sqlalchemy>=2'"
    ) from error

from ..digests import digest

__all__ = [
    "OAuth1ClientMixin",
    "OAuth1TemporaryCredentialMixin",
    "OAuth1TimestampNonceMixin",
    "OAuth1TokenCredentialMixin",
    "create_exists_nonce_func",
    "create_query_client_func",
    "create_query_token_func",
    "register_authorization_hooks",
    "register_nonce_hooks",
    "register_temporary_credential_hooks",
    "register_token_credential_hooks",
]

_NONCE_LENGTH: Final = 48

#: Nonce, timestamp, client id and token to whether they were seen before.
ExistsNonce = Callable[[str, str, str, "str | None"], bool]


class OAuth1ClientMixin(ClientMixin):
    """The columns of a client; its secret is stored as it is, since HMAC needs it."""

    client_id: Mapped[str | None] = mapped_column(String(48), index=True)
    client_secret: Mapped[str] = mapped_column(String(120))
    default_redirect_uri: Mapped[str] = mapped_column(Text, default="")

    def get_default_redirect_uri(self) -> str:
        """Return where people are sent whose client named no callback; may be empty."""
        return self.default_redirect_uri

    def get_client_secret(self) -> str:
        """Return the shared secret."""
        return self.client_secret

    def get_rsa_public_key(self) -> str | None:
        """Return the client's key in PEM, by default none; the RSA methods need one."""
        return None


class _OfUser:
    """What belongs to a user, by the model's column `user_id`."""

    user_id: Any

    def set_user_id(self, user_id: Any) -> None:
        """Note whose it is; where the model has its older name `set_grant_user`, by that."""
        older = getattr(self, "set_grant_user", None)
        if older is not None:
            older(user_id)
        elif hasattr(self, "user_id"):
            self.user_id = user_id
        else:
            raise NotImplementedError(self._no_column("set_user_id"))

    def _no_column(self, method: str) -> str:
        return (
            f"{type(self).__name__} was asked by `{method}` whose it is, but it has no column "
            f"`user_id`. Give it one, or override `{method}`."
        )


class OAuth1TemporaryCredentialMixin(_OfUser, TemporaryCredentialMixin):
    """The columns of a temporary credential (RFC 5849 section 2.1)."""

    client_id: Mapped[str | None] = mapped_column(String(48), index=True)
    oauth_token: Mapped[str | None] = mapped_column(String(84), unique=True, index=True)
    oauth_token_secret: Mapped[str | None] = mapped_column(String(84))
    oauth_verifier: Mapped[str | None] = mapped_column(String(84))
    oauth_callback: Mapped[str | None] = mapped_column(Text, default="")

    def get_user_id(self) -> Any:
        """Return who authorized it, None while nobody has."""
        if hasattr(self, "user_id"):
            return self.user_id
        raise NotImplementedError(self._no_column("get_user_id"))

    def get_client_id(self) -> str | None:
        """Return whose it is."""
        return self.client_id

    def get_redirect_uri(self) -> str | None:
        """Return the callback, which may be ``oob``."""
        return self.oauth_callback

    def check_verifier(self, verifier: str) -> bool:
        """Tell whether a verifier is the one that was issued, in constant time."""
        issued = self.oauth_verifier
        return bool(issued) and hmac.compare_digest(str(issued).encode(), verifier.encode())

    def get_oauth_token(self) -> str | None:
        """Return its identifier."""
        return self.oauth_token

    def get_oauth_token_secret(self) -> str | None:
        """Return its secret."""
        return self.oauth_token_secret


class OAuth1TimestampNonceMixin:
    """The columns of a nonce (RFC 5849 section 3.3), unique together."""

    __table_args__ = (
        UniqueConstraint("client_id", "timestamp", "nonce", "oauth_token", name="unique_nonce"),
    )
    client_id: Mapped[str] = mapped_column(String(48))
    timestamp: Mapped[int] = mapped_column(Integer)
    nonce: Mapped[str] = mapped_column(String(_NONCE_LENGTH))
    oauth_token: Mapped[str | None] = mapped_column(String(84))


class OAuth1TokenCredentialMixin(_OfUser, TokenCredentialMixin):
    """The columns of a token credential (RFC 5849 section 2.3)."""

    client_id: Mapped[str | None] = mapped_column(String(48), index=True)
    oauth_token: Mapped[str | None] = mapped_column(String(84), unique=True, index=True)
    oauth_token_secret: Mapped[str | None] = mapped_column(String(84))

    def get_oauth_token(self) -> str | None:
        """Return its identifier."""
        return self.oauth_token

    def get_oauth_token_secret(self) -> str | None:
        """Return its secret."""
        return self.oauth_token_secret


def create_query_client_func(session: Any, model_class: Any) -> Callable[[str], Any]:
    """Return what finds a client by its id, for a server and a resource protector."""

    def query_client(client_id: str) -> Any:
        return session.query(model_class).filter_by(client_id=client_id).first()

    return query_client


def create_query_token_func(session: Any, model_class: Any) -> Callable[[str, str], Any]:
    """Return what finds a client's token credential, for a resource protector."""

    def query_token(client_id: str, oauth_token: str) -> Any:
        credentials = session.query(model_class)
        return credentials.filter_by(client_id=client_id, oauth_token=oauth_token).first()

    return query_token


def register_temporary_credential_hooks(
    authorization_server: Any, session: Any, model_class: Any
) -> None:
    """Keep a server's temporary credentials in a model's table."""

    def create_temporary_credential(
        token: dict[str, str], client_id: str, redirect_uri: str | None
    ) -> Any:
        item = model_class(
            client_id=client_id,
            oauth_token=token["oauth_token"],
            oauth_token_secret=token["oauth_token_secret"],
            oauth_callback=redirect_uri,
        )
        session.add(item)
        session.commit()
        return item

    def get_temporary_credential(oauth_token: str) -> Any:
        return session.query(model_class).filter_by(oauth_token=oauth_token).first()

    def delete_temporary_credential(oauth_token: str) -> None:
        found = session.query(model_class).filter_by(oauth_token=oauth_token)
        found.delete(synchronize_session=False)
        session.commit()

    def create_authorization_verifier(credential: Any, grant_user: Any, verifier: str) -> Any:
        # A condition of the update: of two people at once one authorizes it.
        pending = session.query(model_class).filter_by(
            oauth_token=credential.get_oauth_token(), oauth_verifier=None
        )
        if pending.update({"oauth_verifier": verifier}, synchronize_session=False) != 1:
            session.rollback()
            raise InvalidTokenError
        session.refresh(credential)
        credential.set_user_id(grant_user.get_user_id())
        session.commit()
        return credential

    for hook in (
        create_temporary_credential,
        get_temporary_credential,
        delete_temporary_credential,
        create_authorization_verifier,
    ):
        authorization_server.register_hook(hook.__name__, hook)


def create_exists_nonce_func(session: Any, model_class: Any) -> ExistsNonce:
    """Return what tells whether a nonce was seen before, and remembers it, in one step.

    Of any number of calls at once, one gets False: the table's unique
    constraint decides. A nonce that is longer than the column is kept by its
    digest. Old rows are the application's to delete: those whose timestamp is
    more than 600 s old tell nothing any more.
    """

    def exists_nonce(
        nonce: str, timestamp: str | int, client_id: str, oauth_token: str | None
    ) -> bool:
        # Without a token the empty one: databases take two NULLs for different.
        item = model_class(
            nonce=nonce if len(nonce) <= _NONCE_LENGTH else digest(nonce)[:_NONCE_LENGTH],
            timestamp=int(timestamp),
            client_id=client_id,
            oauth_token=oauth_token or "",
        )
        session.add(item)
        try:
            session.commit()
        except IntegrityError:
            session.rollback()
            return True
        return False

    return exists_nonce


def register_nonce_hooks(authorization_server: Any, session: Any, model_class: Any) -> None:
    """Keep a server's nonces in a model's table."""
    exists_nonce = create_exists_nonce_func(session, model_class)
    authorization_server.register_hook("exists_nonce", exists_nonce)


def register_token_credential_hooks(
    authorization_server: Any, session: Any, model_class: Any
) -> None:
    """Keep a server's token credentials in a model's table."""

    def create_token_credential(token: dict[str, str], temporary_credential: Any) -> Any:
        item = model_class(
            oauth_token=token["oauth_token"],
            oauth_token_secret=token["oauth_token_secret"],
            client_id=temporary_credential.get_client_id(),
        )
        item.set_user_id(temporary_credential.get_user_id())
        session.add(item)
        session.commit()
        return item

    authorization_server.register_hook("create_token_credential", create_token_credential)


def register_authorization_hooks(
    authorization_server: Any,
    session: Any,
    token_credential_model: Any,
    temporary_credential_model: Any = None,
    timestamp_nonce_model: Any = None,
) -> None:
    """Keep what there is a model for in its table; the rest is where the server has it."""
    register_token_credential_hooks(authorization_server, session, token_credential_model)
    if temporary_credential_model is not None:
        register_temporary_credential_hooks(
            authorization_server, session, temporary_credential_model
        )
    if timestamp_nonce_model is not None:
        register_nonce_hooks(authorization_server, session, timestamp_nonce_model)
