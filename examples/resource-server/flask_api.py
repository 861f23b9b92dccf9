"""The same API on Flask."""

from __future__ import annotations

import os

from flask import Flask

from oauthstore_core.integrations.flask_oauth2 import ResourceProtector, current_token
from oauthstore_core.introspection import IntrospectionClient, IntrospectionTokenValidator

client = IntrospectionClient(
    os.environ["INTROSPECTION_URL"], os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
)
require_oauth = ResourceProtector()
require_oauth.register_token_validator(
    IntrospectionTokenValidator(
        client,
        audience=os.environ.get("AUDIENCE"),
        # A revoked token is honoured for at most so many seconds.
        cache_seconds=int(os.environ.get("CACHE_SECONDS", "30")),
    )
)
app = Flask(__name__)


@app.get("/reports")
@require_oauth("reports")
def reports() -> dict[str, object]:
    """Return what a client with the scope `reports` may see."""
    return {"reports": ["first", "second"], "for": current_token.client_id}
