"""OAuth 1.0a (RFC 5849): the authorization server and resource protection, on Authlib's classes."""
