"""SQL storage for oauthstore, on SQLAlchemy Core."""
