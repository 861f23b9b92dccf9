"""The edges, named as Authlib names its own: each turns a framework's request into ours."""
