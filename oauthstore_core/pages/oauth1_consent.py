"""The consent page of OAuth 1: the same question, and for a client without callback its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from authlib.oauth1.rfc5849.errors import OAuth1Error

from ..http import HttpRequest, HttpResponse, redirect
from ..oauth1.core import ServerCore
from ..oauth1.credentials import OUT_OF_BAND
from ..oauth1.decisions import AuthorizationDecision
from ..translation import Message
from .consent import SignInNeededError, Visitor, address_of, client_host
from .csrf import CsrfTokens, single
from .headers import form_target
from .refusals import PageError, expired_form, no_decision, store_outage
from .rendering import Renderer

__all__ = ["OAuth1ConsentPage"]

_Result = TypeVar("_Result")


class OAuth1ConsentPage:
    """Shows the question and decides it; the edges know who is signed in."""

    def __init__(self, server: ServerCore, renderer: Renderer, csrf: CsrfTokens) -> None:
        self._server = server
        self._renderer = renderer
        self._csrf = csrf

    def show(self, request: HttpRequest, visitor: Visitor | None) -> HttpResponse:
        """Answer GET: the question.

        `SignInNeededError`: nobody is signed in. `PageError`: a page of ours
        instead, such as for a temporary credential that somebody has decided.
        """
        asked = _refusing(lambda: self._server.check_authorization_request(request))
        if visitor is None:
            raise SignInNeededError
        callback: str = asked.credential.get_redirect_uri()
        has_callback = callback != OUT_OF_BAND
        context = {
            **visitor.context,
            "account": visitor.account,
            "action": address_of(request),
            "csrf": self._csrf.issue(visitor.binding, request.path, request.query),
            "client": asked.client,
            "client_host": client_host(asked.client),
            "redirect_uri": callback if has_callback else None,
            # RFC 5849 knows neither scopes nor an end.
            "scopes": None,
            "resources": (),
            "lifetime": None,
            "renewable": None,
        }
        targets = [form_target(callback)] if has_callback else []
        return self._renderer.page(request, "consent.html", context, form_targets=targets)

    def decide(self, request: HttpRequest, visitor: Visitor | None) -> HttpResponse:
        """Answer POST: back to the client, or the verifier for a person to type.

        Raises as `show` does; `PageError` also for a form that was not rendered
        for this visitor and this very request within the hour.
        """
        if visitor is None:
            raise SignInNeededError
        if not self._csrf.verify(visitor.binding, request):
            raise expired_form((address_of(request), Message("Open the page again")))
        decision = single(request.form, "decision")
        if decision not in {"allow", "deny"}:
            raise no_decision(address_of(request))
        owner = visitor.owner if decision == "allow" else None
        # The form is the page's own; what is asked for is in the address.
        decided = _refusing(lambda: self._server.decide_authorization(request, owner))
        if decided.location is not None:
            return redirect(decided.location)
        return self._answer_here(request, visitor, decided)

    def _answer_here(
        self, request: HttpRequest, visitor: Visitor, decided: AuthorizationDecision
    ) -> HttpResponse:
        client_id: str = decided.request.credential.get_client_id()
        client = self._server.get_client_by_id(client_id)
        context: dict[str, Any] = {
            **visitor.context,
            "name": client_id if client is None else client.client_name,
            "verifier": decided.verifier,
        }
        return self._renderer.page(request, "verifier.html", context)


def _refusing(ask: Callable[[], _Result]) -> _Result:
    try:
        return ask()
    except OAuth1Error as error:
        raise _refusal(error) from error


def _refusal(error: OAuth1Error) -> PageError:
    """Return the page for a request that cannot be granted; there is nobody to redirect to."""
    if error.error == "temporarily_unavailable":
        return store_outage(repr(error.__cause__))
    reason = getattr(error, "reason", None) or error.description
    return PageError(
        status=400,
        title=Message("This request for access is no longer valid"),
        explanation=Message(
            "It was answered before, it is too old, or the application never made it. Nothing "
            "was allowed just now."
        ),
        advice=Message("Go back to the application and start again."),
        detail=f"{error.error}: {reason}",
        code=str(error.error),
    )
