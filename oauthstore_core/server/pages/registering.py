"""Registering an application, for administrators: a form in people's words for RFC 7591's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from authlib.oauth2 import OAuth2Error

from ...digests import generate_identifier
from ...errors import DuplicateError
from ...http import HttpRequest, HttpResponse, Pairs
from ...oauth2.clients import ClientRecord
from ...oauth2.redirect_uris import problem_with
from ...oauth2.registration import Registration
from ...pages.csrf import single
from ...pages.refusals import PageError
from ...translation import Message
from ..sessions import Session
from ..site import Site
from .applications import ShownSecret, address_of_client, show_secret

__all__ = ["KINDS", "Asked", "FormProblemError", "show", "submit"]

#: What kind of client, with the grant type that it cannot do without.
KINDS: Final[Mapping[str, str]] = {
    "confidential": "authorization_code",
    "public": "authorization_code",
    "service": "client_credentials",
}


class FormProblemError(Exception):
    """The form cannot be accepted as it was filled in."""

    def __init__(self, message: Message, culprit: str = "") -> None:
        super().__init__(message)
        #: What is wrong, for people.
        self.message = message
        #: What was typed, or what the registration said of it.
        self.culprit = culprit


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed into the form."""

    name: str = ""
    uri: str = ""
    kind: str = ""
    redirect_uris: str = ""
    scopes: Sequence[str] = ()
    posts_secret: bool = False
    renews: bool = True

    @classmethod
    def of(cls, form: Pairs) -> Asked:
        """Return what a form says."""
        return cls(
            name=(single(form, "client_name") or "").strip(),
            uri=(single(form, "client_uri") or "").strip(),
            kind=single(form, "kind") or "",
            redirect_uris=single(form, "redirect_uris") or "",
            scopes=[word for name, value in form if name == "scope" for word in value.split()],
            posts_secret=single(form, "posts_secret") == "yes",
            renews=single(form, "renews") == "yes",
        )

    def metadata(self, grants: Sequence[str]) -> Mapping[str, Any]:
        """Return RFC 7591's metadata. `FormProblemError`: what is missing or wrong."""
        if not self.name:
            raise FormProblemError(Message("An application needs a name that people know."))
        if self.kind not in KINDS or KINDS[self.kind] not in grants:
            raise FormProblemError(Message("Choose what kind of application it is."))
        if self.uri and _host_of_home_page(self.uri) is None:
            raise FormProblemError(
                Message("The address of a home page begins with https://."), self.uri
            )
        renewing = self.kind != "service" and self.renews and "refresh_token" in grants
        return {
            "client_name": self.name,
            "client_uri": self.uri or None,
            "redirect_uris": self._checked_redirect_uris(),
            "grant_types": [KINDS[self.kind], *(["refresh_token"] if renewing else [])],
            "token_endpoint_auth_method": self._method(),
            "scope": " ".join(self.scopes) or None,
        }

    def _checked_redirect_uris(self) -> Sequence[str] | None:
        uris = self.redirect_uris.split()
        if self.kind == "service" and uris:
            raise FormProblemError(Message("A service that acts for itself has no redirect URIs."))
        if self.kind != "service" and not uris:
            raise FormProblemError(Message("It needs a redirect URI, where people go back to."))
        for uri in uris:
            if problem_with(uri) is not None:
                raise FormProblemError(
                    Message(
                        "A redirect URI begins with https://, or for an app on the device with "
                        "http://127.0.0.1 or com.example.app:, and has no fragment."
                    ),
                    uri,
                )
        return uris or None

    def _method(self) -> str:
        if self.kind == "public":
            return "none"
        return "client_secret_post" if self.posts_secret else "client_secret_basic"


def _host_of_home_page(uri: str) -> str | None:
    """Return the host of an address; None where it is none that people should be shown."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    fits = parts.scheme == "https" and uri.isascii() and uri.isprintable() and " " not in uri
    return parts.hostname if fits else None


def show(site: Site, request: HttpRequest, session: Session) -> HttpResponse:
    """Answer GET: the form, for a client id that is chosen by now."""
    kinds = _kinds(site)
    asked = Asked(kind=kinds[0] if kinds else "")
    return _form(site, request, session, asked)


def submit(site: Site, request: HttpRequest, session: Session) -> HttpResponse:
    """Answer POST: registered, with the secret this once; or the form again with what is wrong.

    The client id is part of the form, so that one that is sent twice registers once.
    """
    site.refuse_forged(session.session_id, request, link=site.paths.of_applications["new"])
    asked, client_id = Asked.of(request.form), single(request.query, "client_id") or ""
    try:
        registration = _register(site, client_id, asked)
    except FormProblemError as problem:
        return _form(site, request, session, asked, problem)
    except DuplicateError as error:
        raise _sent_twice(site, client_id) from error
    server = site.server
    client = ClientRecord(registration.client, server.key_ring, server.clock.now())
    shown = ShownSecret(client, registration.client_secret, is_new=True)
    return show_secret(site, request, session, shown)


def _register(site: Site, client_id: str, asked: Asked) -> Registration:
    """Return the stored client. `FormProblemError`: it cannot be as asked."""
    server = site.server
    metadata = asked.metadata(server.settings.grants)
    try:
        return server.register_client(metadata, client_id=client_id, scopes=tuple(site.scopes))
    except OAuth2Error as error:
        message = Message("The application cannot be registered like this.")
        raise FormProblemError(message, str(error.description)) from error


def _kinds(site: Site) -> Sequence[str]:
    return [kind for kind, grant in KINDS.items() if grant in site.server.settings.grants]


def _form(
    site: Site,
    request: HttpRequest,
    session: Session,
    asked: Asked,
    problem: FormProblemError | None = None,
) -> HttpResponse:
    path = site.paths.of_applications["new"]
    query = [("client_id", generate_identifier())]
    context = site.context(session) | {
        "action": f"{path}?{urlencode(query)}",
        "csrf": site.csrf.issue(session.session_id, path, query),
        "asked": asked,
        "kinds": _kinds(site),
        "known": site.consent.describe_scopes(" ".join(site.scopes)),
        "can_renew": "refresh_token" in site.server.settings.grants,
        "problem": problem,
    }
    status = 200 if problem is None else 422
    return site.renderer.page(request, "register.html", context, status=status)


def _sent_twice(site: Site, client_id: str) -> PageError:
    return PageError(
        status=409,
        title=Message("The application is registered already"),
        explanation=Message("This form was sent a second time. It registered once."),
        advice=Message("If you could not read its secret, rotate it: that shows another one."),
        link=(address_of_client(site, "show", client_id), Message("To the application")),
    )
