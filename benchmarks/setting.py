"""What both sides are told: where the database is, how it syncs, and who the client is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "METADATA",
    "OAUTH_TOKEN",
    "OAUTH_TOKEN_SECRET",
    "SCOPE",
    "SECRET_KEY",
    "Setting",
]

SCOPE: Final = "profile"
CLIENT_ID: Final = "benchmark"
CLIENT_SECRET: Final = "benchmark-secret-of-the-only-client-there-is"
#: The token credential of OAuth 1 that requests are signed with.
OAUTH_TOKEN: Final = "the-token-credential-of-a-benchmark-user"
OAUTH_TOKEN_SECRET: Final = "the-secret-of-that-token-credential-48-long-or-so"
#: Flask's, of both: without a session nobody is signed in who could consent.
SECRET_KEY: Final = "the secret key of a benchmark, which guards nothing"
#: RFC 7591.
METADATA: Final = {
    "client_name": "Benchmark",
    "grant_types": ["client_credentials"],
    "response_types": [],
    "token_endpoint_auth_method": "client_secret_basic",
    "scope": SCOPE,
}
_DATABASE: Final = "BENCHMARK_DATABASE"
_SYNCHRONOUS: Final = "BENCHMARK_SYNCHRONOUS"


@dataclass(frozen=True, slots=True)
class Setting:
    """A database file, and SQLite's `synchronous` for it: FULL or NORMAL."""

    database: Path
    synchronous: str

    @property
    def url(self) -> str:
        """The database as SQLAlchemy and oauthstore name it."""
        return f"sqlite:///{self.database}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables from which a server's process learns of it."""
        return {_DATABASE: str(self.database), _SYNCHRONOUS: self.synchronous}

    @classmethod
    def of_environment(cls) -> Self:
        """Return what the runner has set for this process."""
        return cls(Path(os.environ[_DATABASE]), os.environ[_SYNCHRONOUS])
