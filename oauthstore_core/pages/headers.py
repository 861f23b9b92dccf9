"""The header fields of every page: nothing foreign is loaded, framed, kept or told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

__all__ = ["form_target", "page_headers"]

#: CSP's host-source without wildcards.
_HOST = re.compile(r"[A-Za-z0-9._-]+(?::[0-9]+)?")


def page_headers(
    form_targets: Iterable[str] = (), *, style: str = "'self'"
) -> list[tuple[str, str]]:
    """Return the fields of a page whose forms may also lead to these targets.

    `style` is the source of the page's style sheet.
    """
    form_action = " ".join(["'self'", *form_targets])
    policy = (
        f"default-src 'none'; style-src {style}; img-src 'self'; "
        f"form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
    )
    return [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
    ]


def form_target(redirect_uri: str) -> str:
    """Return the CSP source to which the answer to a form may redirect.

    A browser applies `form-action` to the redirects that follow a form, too.
    """
    parts = urlsplit(redirect_uri)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        # A custom scheme; or an IPv6 address, for which CSP has no notation; or a host with
        # characters that would end the source, or the policy.
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{host}"
