"""Views of each kind are protected by OAuth 1 alike, in each mode of ours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.http import HttpRequest, HttpResponse

from ..integrations.django_oauth2.view_kinds import KINDS, ask_kind, make_kinds
from .worlds import DjangoWorld


def _tell(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.oauth1_credential.get_oauth_token())  # type: ignore[attr-defined]


@pytest.mark.parametrize(("kind", "server"), KINDS)
def test_a_view_of_any_kind_is_for_those_who_sign(
    ours: DjangoWorld, kind: str, server: str
) -> None:
    urls = make_kinds(ours.require_oauth, _tell)
    client = replace(ours.token(), origin="https://testserver")
    stranger = client.using("unknown", "")

    reached, refused = (
        ask_kind(urls, kind, server, signer.header("GET", f"/{kind}"))
        for signer in (client, stranger)
    )

    assert (reached.status_code, reached.text) == (200, client.token)
    assert (refused.status_code, reached.headers["Vary"]) == (401, "Authorization")
    assert reached.headers["Cache-Control"] == "private"
    assert refused.headers["Cache-Control"] == "no-store"
