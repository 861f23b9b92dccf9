"""The ASGI application: the endpoints of the protocol and the pages around them.

uvicorn's workers import the factories by name, so what they read is in the
environment; see `oauthstore_core.cli.serve`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ..clock import Clock, SystemClock
from ..errors import RoleNotServedError, SettingsError
from ..http import HttpRequest, HttpResponse
from ..integrations.asgi import Application, Handler
from ..integrations.mounted import answer_outages, oauth1_routes, protocol_routes
from ..oauth2.revoking import RevokingMixin
from ..oauth2.server import AuthorizationServer
from ..pages.refusals import PageError
from ..pages.static_files import StaticFile
from ..settings import Settings
from ..stores import REQUIRED_ROLES, open_stores
from ..translation import Message, Translate
from . import health
from .accounts import Accounts
from .cors import Origins, open_to_all
from .demo import SCOPES, demo_settings
from .demo import pages as demo
from .pages import consent, home, oauth1_authorization, sign_in, sign_out
from .pages.routes import page_routes
from .site import OAuth1Site, Site, View, build_site, overrides_of

__all__ = [
    "STANDALONE_ROLES",
    "accounts_of",
    "application_of",
    "create_application",
    "create_demo_application",
    "judge_standalone",
    "open_server",
    "routes_of",
]


#: The roles that the standalone server needs: its accounts, too.
STANDALONE_ROLES = (*REQUIRED_ROLES, "accounts")


def create_application(
    settings: Settings | None = None, *, translate: Translate | None = None
) -> Application:
    """Return the server of these settings, by default those of the environment.

    `translate` is a translator of your own, see `translation.Translation`.
    """
    return application_of(open_server(settings or Settings.load(), translate=translate))


def create_demo_application(settings: Settings | None = None) -> Application:
    """Return the same, with the demo application and its protected resource."""
    server = open_server(demo_settings(settings or Settings.load()))
    return application_of(server, demo_scopes=SCOPES)


def application_of(
    server: AuthorizationServer, *, demo_scopes: Mapping[str, str] | None = None
) -> Application:
    """Return the ASGI application of an open server; its end closes the stores.

    `demo_scopes`, what the demo's scopes mean to a person, adds its pages.
    """
    site = build_site(server, accounts_of(server), demo_scopes=demo_scopes)
    return Application(
        routes_of(site),
        # Whatever the store: requests that threads carry out in a row cost less than each between
        # two system calls, also where there is nothing to wait for.
        blocking=True,
        threaded=(site.paths.sign_in,),
        immediate=(health.ALIVE, site.paths.metadata, *_static_paths(site)),
        not_found=_page(site, _not_found),
        on_shutdown=server.stores.close,
    )


def open_server(
    settings: Settings, clock: Clock | None = None, *, translate: Translate | None = None
) -> AuthorizationServer:
    """Return the authorization server on its open stores, which the caller closes.

    `ConfigurationError`: what is missing or does not fit.
    """
    if problems := judge_standalone(settings):
        raise SettingsError(problems)
    translate = overrides_of(settings).translator(translate)
    clock = SystemClock() if clock is None else clock
    stores = open_stores(settings, required_roles=STANDALONE_ROLES, clock=clock)
    return AuthorizationServer(settings, stores, clock=clock, translate=translate)


def judge_standalone(settings: Settings) -> list[str]:
    """Return what the settings lack for a server of its own."""
    problems = []
    if settings.issuer is None:
        problems.append(
            "`issuer` is not set, but clients must know it. "
            "Set it to this server's address, such as https://auth.example.com."
        )
    if not settings.secret_keys:
        problems.append(
            "`secret_keys` is empty, but sessions and codes are sealed under them. "
            "Let `oauthstore init` make a configuration, or set a key of your own."
        )
    return problems


def accounts_of(server: RevokingMixin) -> Accounts:
    """Return the accounts in a server's stores. `RoleNotServedError`: none of them serves any."""
    store = server.stores.accounts
    if store is None:
        raise RoleNotServedError(
            "The standalone server needs accounts, but no store serves them. "
            "Set `roles.accounts` to a store that does.",
            name="accounts",
        )
    return Accounts(store, server.clock)


def routes_of(site: Site) -> dict[str, dict[str, Handler]]:
    """Return every path with its methods and handlers."""
    paths = site.paths
    routes = _readable_elsewhere(site.server) | {
        health.ALIVE: {"GET": health.alive},
        health.READY: {"GET": health.ready(site.server.stores)},
        paths.home: {"GET": _page(site, home.show)},
        paths.authorize: {"GET": _page(site, consent.show), "POST": _page(site, consent.decide)},
        paths.sign_in: {"GET": _page(site, sign_in.show), "POST": _page(site, sign_in.submit)},
        paths.sign_out: {"GET": _page(site, sign_out.show), "POST": _page(site, sign_out.submit)},
    }
    if site.oauth1 is not None:
        routes |= _oauth1_routes(site, site.oauth1)
    for path, views in page_routes(paths).items():
        routes[path] = {method: _page(site, view) for method, view in views.items()}
    for path, file in zip(_static_paths(site), site.static_files.values(), strict=True):
        routes[path] = {"GET": _file(file)}
    if site.has_demo:
        routes |= _demo_routes(site)
    return routes


def _readable_elsewhere(server: AuthorizationServer) -> dict[str, dict[str, Handler]]:
    """Return the protocol's routes, with CORS where it belongs."""
    routes = protocol_routes(server)
    origins = Origins(server, server.settings.server.allowed_origins)
    for path in (server.paths.token, server.paths.revocation):
        routes[path] = origins.guard(routes[path]["POST"])
    routes[server.paths.metadata] = {"GET": open_to_all(routes[server.paths.metadata]["GET"])}
    return routes


def _oauth1_routes(site: Site, oauth1: OAuth1Site) -> dict[str, dict[str, Handler]]:
    """Return the three endpoints of RFC 5849 section 2."""
    views = oauth1_authorization.views_of(oauth1)
    pages = {method: _page(site, view) for method, view in views.items()}
    return oauth1_routes(oauth1.server) | {oauth1.server.paths.authorization: pages}


def _static_paths(site: Site) -> list[str]:
    return [site.paths.static(file.hashed_name) for file in site.static_files.values()]


def _demo_routes(site: Site) -> dict[str, dict[str, Handler]]:
    root = site.paths.demo
    views = demo.Demo(site)
    return {
        root: {"GET": _page(site, views.show)},
        f"{root}/start": {"GET": _page(site, views.start)},
        f"{root}/callback": {"GET": _page(site, views.receive)},
        f"{root}/refresh": {"POST": _page(site, views.refresh)},
        f"{root}/revoke": {"POST": _page(site, views.revoke)},
        site.paths.demo_resource: {"GET": answer_outages(views.resource.answer)},
    }


def _page(site: Site, view: View) -> Handler:
    return partial(site.serve_page, view)


def _file(file: StaticFile) -> Handler:
    return lambda _: file.response()


def _not_found(site: Site, request: HttpRequest) -> HttpResponse:
    raise PageError(
        status=404,
        title=Message("There is no such page"),
        explanation=Message("The address leads to nothing here."),
        advice=Message("Look for a slip in it, or begin at the first page."),
        detail=f"no path {request.path!r}",
        link=(site.paths.home, Message("To the first page")),
    )
