"""OAuth 2: the neutral authorization server and resource protection, on Authlib."""
