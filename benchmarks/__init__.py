"""The same flows, written by hand on Authlib and served by oauthstore, side by side."""
