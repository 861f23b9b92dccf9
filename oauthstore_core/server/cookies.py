"""How our cookies are written and read: host-only, for the whole site, not for scripts."""

from __future__ import annotations

from dataclasses import dataclass

from ..http import HttpRequest

__all__ = ["Cookies"]


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and attributes, by whether the issuer is https."""

    secure: bool

    def name(self, purpose: str) -> str:
        """Return the cookie's name; `__Host-` keeps other hosts from setting it."""
        return f"__Host-{purpose}" if self.secure else purpose

    def read(self, request: HttpRequest, purpose: str) -> str | None:
        """Return the cookie's value, or None."""
        return request.cookies.get(self.name(purpose))

    def write(self, purpose: str, value: str, max_age: int | None = None) -> tuple[str, str]:
        """Return the header that sets it; without `max_age` it ends with the browser."""
        parts = [f"{self.name(purpose)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        if max_age is not None:
            parts.append(f"Max-Age={max_age}")
        if self.secure:
            parts.append("Secure")
        return ("Set-Cookie", "; ".join(parts))

    def clear(self, purpose: str) -> tuple[str, str]:
        """Return the header that removes it."""
        return self.write(purpose, "", max_age=0)
