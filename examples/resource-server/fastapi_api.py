"""An API on FastAPI that asks the authorization server about the tokens it gets."""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import Depends, FastAPI

from oauthstore_core.integrations.fastapi import ResourceProtector
from oauthstore_core.introspection import (
    IntrospectedToken,
    IntrospectionClient,
    IntrospectionTokenValidator,
)

client = IntrospectionClient(
    os.environ["INTROSPECTION_URL"], os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
)
validator = IntrospectionTokenValidator(
    client,
    audience=os.environ.get("AUDIENCE"),
    # A revoked token is honoured for at most so many seconds.
    cache_seconds=int(os.environ.get("CACHE_SECONDS", "30")),
)
protector = ResourceProtector(validator)
app = FastAPI()


@app.get("/reports")
def reports(
    token: Annotated[IntrospectedToken, Depends(protector.require("reports"))],
) -> dict[str, object]:
    """Return what a client with the scope `reports` may see."""
    return {"reports": ["first", "second"], "for": token.client_id}
