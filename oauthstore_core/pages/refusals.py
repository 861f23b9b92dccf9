"""What goes wrong on a page: told to the visitor in three parts, to the operator by an id."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from authlib.oauth2 import OAuth2Error

from ..errors import StoreError
from ..http import HttpRequest, HttpResponse, MalformedRequestError
from ..oauth2.errors import TemporarilyUnavailableError
from ..redaction import redact
from ..translation import Message
from .rendering import Renderer, TemplateMistakeError

__all__ = [
    "PageError",
    "expired_form",
    "malformed_request",
    "no_decision",
    "oauth_refusal",
    "serve_page",
    "store_outage",
    "template_mistake",
]

logger = logging.getLogger("oauthstore.server")

RETRY_AFTER = 5


@dataclass(eq=False)
class PageError(Exception):
    """A page cannot be shown; an error page is, instead."""

    status: int
    #: The heading: what could not be done.
    title: Message
    #: What was found, and whose fault it is.
    explanation: Message
    #: What the visitor can do.
    advice: Message
    #: Where the explanation is a client's error description: whose fault it is.
    fault: Message | None = None
    #: For the log, never for the page.
    detail: str = ""
    #: The standard's word for it, where there is one.
    code: str = ""
    headers: Iterable[tuple[str, str]] = ()
    #: Where to start again: path and words of the link.
    link: tuple[str, Message] | None = None
    #: Of the log's line.
    level: int = logging.WARNING
    reason_id: str = field(default_factory=lambda: secrets.token_hex(4))

    def response(self, renderer: Renderer, request: HttpRequest) -> HttpResponse:
        """Return the error page in the request's language, and log why.

        Where the owner's template of it has a mistake, it is made of our own.
        """
        # An address, and what Authlib says of a request, quote what was sent.
        found = redact(self.detail or self.explanation)
        logger.log(self.level, "reason %s: %s (%s)", self.reason_id, self.title, found)
        try:
            return self._page(renderer, request)
        except TemplateMistakeError as mistake:
            logger.error("reason %s: %s", self.reason_id, mistake)  # noqa: TRY400 - it says all
            return self._page(renderer.plain, request)

    def _page(self, renderer: Renderer, request: HttpRequest) -> HttpResponse:
        return renderer.page(
            request, "error.html", {"error": self}, status=self.status, headers=self.headers
        )


_EXPLANATIONS = {
    "invalid_client": Message("It calls itself by a client id that is not registered here."),
    "unauthorized_client": Message("It asked for something that it is not registered for."),
    "unsupported_response_type": Message(
        "It asked for an answer of a kind that is not given here."
    ),
    "invalid_scope": Message("It asked for access that does not exist, or that it may not have."),
}


def oauth_refusal(error: OAuth2Error) -> PageError:
    """Return the page for a request that must not be answered by a redirect."""
    if isinstance(error, TemporarilyUnavailableError):
        return store_outage(repr(error.__cause__))
    code = str(error.error)
    description = error.description or ""
    return PageError(
        status=400,
        title=Message("The application sent a request that cannot be completed"),
        explanation=_EXPLANATIONS.get(code) or _described(description),
        fault=Message("This is a mistake of the application, not yours."),
        advice=Message(
            "Go back to the application and start again. If this page comes back, tell the "
            "people who make the application, and give them the words below."
        ),
        detail=f"{code}: {description}",
        code=code,
    )


def _described(description: str) -> Message:
    """Return an error description, which every catalogue has as it has the pages' texts."""
    return Message(description) or Message("Its request was not understood.")


def malformed_request(detail: str) -> PageError:
    """Return the page for a query or a form that cannot be read."""
    return PageError(
        status=400,
        title=Message("This address or form cannot be read"),
        explanation=_described(detail),
        fault=Message("The link that led here is broken."),
        advice=Message("Go back and try again. If you typed the address, look for a slip."),
        detail=detail,
        code="invalid_request",
    )


def expired_form(link: tuple[str, Message]) -> PageError:
    """Return the page for a form whose token is missing, old, or another browser's."""
    return PageError(
        status=403,
        title=Message("This form is no longer valid"),
        explanation=Message(
            "It was open for too long, you signed in or out meanwhile, or your browser did "
            "not send our cookie. Nothing was changed."
        ),
        advice=Message(
            "Open the page again and send the form from there. Cookies must be allowed."
        ),
        link=link,
    )


def no_decision(address: str) -> PageError:
    """Return the page for a consent form that says neither yes nor no."""
    return PageError(
        status=400,
        title=Message("The form came without a decision"),
        explanation=Message("Neither of its two buttons was pressed. Nothing was allowed."),
        advice=Message("Open the page again and choose one."),
        code="invalid_request",
        link=(address, Message("Open the page again")),
    )


def store_outage(detail: str) -> PageError:
    """Return the page for a store that does not answer."""
    return PageError(
        status=503,
        title=Message("This service is not available right now"),
        explanation=Message(
            "Our storage does not answer. This is our fault, and nothing was changed."
        ),
        advice=Message(
            "Try again in a few seconds. If it lasts, tell the operator the words below."
        ),
        detail=detail,
        code="temporarily_unavailable",
        headers=[("Retry-After", str(RETRY_AFTER))],
    )


def template_mistake(detail: str) -> PageError:
    """Return the page for one whose template, the owner's or ours, cannot be rendered."""
    return PageError(
        status=500,
        title=Message("This page cannot be shown"),
        explanation=Message(
            "There is a mistake in how it is made. This is our fault. What you sent may have been "
            "done all the same."
        ),
        advice=Message("Tell the operator the words below."),
        detail=detail,
        code="server_error",
        level=logging.ERROR,
    )


def serve_page(
    renderer: Renderer, request: HttpRequest, view: Callable[[], HttpResponse]
) -> HttpResponse:
    """Return what `view` returns for the request, or the error page for what it raises.

    Where a template has a mistake, the error page is made of our own.
    """
    try:
        return _answer(renderer, request, view)
    except TemplateMistakeError as error:
        return template_mistake(str(error)).response(renderer.plain, request)


def _answer(
    renderer: Renderer, request: HttpRequest, view: Callable[[], HttpResponse]
) -> HttpResponse:
    try:
        return view()
    except PageError as error:
        refusal = error
    except MalformedRequestError as error:
        refusal = malformed_request(str(error))
    except StoreError as error:
        refusal = store_outage(repr(error))
    return refusal.response(renderer, request)
