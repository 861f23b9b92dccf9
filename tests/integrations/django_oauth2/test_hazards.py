"""The table of Authlib's hazards, which is Flask's, in a Django project in store mode."""

from __future__ import annotations

from typing import Any, cast

import pytest
from authlib.oauth2.rfc6749.grants import ImplicitGrant

from ..flask_oauth2.hazards import Hazard
from ..flask_oauth2.own_grants import PasswordGrant
from ..flask_oauth2.site import decide
from ..flask_oauth2.test_hazards import HAZARDS
from ..flask_oauth2.worlds import CALLBACK, GRANT_TYPES, World
from .site import Site, make_site


class DjangoWorld(World):
    """The project, with the confidential client c1, whose secret is `secret`, and alice."""

    def __init__(self, site: Site) -> None:
        self.name, self.app, self.server = "store", site.app, site.server
        self.authorize = lambda url: cast("str", decide(site.browser, url).location)

    def send(self, path: str, form: Any = None, **options: Any) -> Any:  # noqa: ANN401 - as there
        method = "GET" if form is None else "POST"
        return self.app.test_client().open(path, method=method, data=form, **options)


def _open_world() -> DjangoWorld:
    site = make_site(reuse_grace=0)
    site.server.register_grant(PasswordGrant)
    site.server.register_grant(ImplicitGrant)
    shared = {"redirect_uris": [CALLBACK], "scope": "profile mail"}
    site.server.register_client(
        {**shared, "grant_types": GRANT_TYPES}, client_id="c1", client_secret="secret"
    )
    public = {"grant_types": ["implicit"], "token_endpoint_auth_method": "none"}
    site.server.register_client({**shared, **public}, client_id="c2")
    return DjangoWorld(site)


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.name)
def test_a_hazard_is_closed_as_on_flask(hazard: Hazard) -> None:
    assert hazard.attempt(_open_world()) == hazard.expected("store")
