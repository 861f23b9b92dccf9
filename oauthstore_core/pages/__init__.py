"""What pages are made of, whoever serves them: the consent page, its forms, texts and style.

Needs jinja2, which the extras ``[server]``, ``[flask]`` and ``[fastapi]`` bring.
`embedded.EmbeddedConsent` is the page for an application with a sign-in of its own.
"""

from __future__ import annotations

__all__: list[str] = []
