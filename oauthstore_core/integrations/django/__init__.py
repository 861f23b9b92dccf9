"""An app for ``INSTALLED_APPS``: endpoints, consent page, checks and ``manage.py oauthstore``.

::

    INSTALLED_APPS = [..., "oauthstore_core.integrations.django"]
    OAUTHSTORE = {"store": f"sqlite:///{BASE_DIR}/oauth.db", "scopes": {"profile": "See your name"}}

    urlpatterns = [path("", include("oauthstore_core.integrations.django.urls")), ...]

What a project needs besides, such as ``ResourceProtector``, is in `django_oauth2`.
"""
