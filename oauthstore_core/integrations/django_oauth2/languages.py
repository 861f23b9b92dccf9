"""The language of pages and errors as Django activated it, and a project's own catalogues.

Django looks for catalogues of the domain ``django`` in LOCALE_PATHS and the
apps; we look there for those of the domain ``oauthstore``, in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.signals import setting_changed
from django.utils.translation import get_language

from ...http import HttpRequest
from ...translation import Texts, Translate, Translation
from ...translation.catalogues import ENGLISH, load_catalogue
from ...translation.languages import asked_language, choose_language, look_up
from .requests import DjangoHttpRequest

__all__ = ["DjangoTranslation", "project_folders", "project_translation"]


class DjangoTranslation(Translation):
    """Speaks as the rest of the project does: what Django has activated, where we know it.

    An authorization request may name a language of `languages` by ``ui_locales``,
    which goes before; and where Django does not negotiate, the header
    ``Accept-Language`` chooses among `languages`.
    """

    def __init__(self, languages: Iterable[str] = (), translate: Translate | None = None) -> None:
        """Offer `languages` besides, see `Translation`."""
        self._folders = project_folders()
        super().__init__(languages, translate, self._folders)
        self._translate = translate
        self._activated: dict[str, Texts] = {}

    def texts_for(self, request: HttpRequest | None) -> Texts:
        """Return the texts in the language of a request."""
        named = None if request is None else asked_language(request, self._offered)
        if named is None and request is not None and self._chooses(request):
            named = choose_language(request, self._offered)
        if named is not None:
            return self._texts[named.lower()]
        return self.current_texts()

    def _chooses(self, request: HttpRequest) -> bool:
        """Tell whether the choice is ours: there is one, and no middleware has made it."""
        if len(self._offered) == 1:
            return False
        if not settings.USE_I18N:
            return True
        # Django's middleware leaves the one; a project's own activates another than the usual.
        native = request.native if isinstance(request, DjangoHttpRequest) else None
        activated = (get_language() or "").lower()
        return not hasattr(native, "LANGUAGE_CODE") and activated == settings.LANGUAGE_CODE.lower()

    def current_texts(self) -> Texts:
        """Return the texts in the activated language, English where there are none."""
        tag = (get_language() if settings.USE_I18N else None) or ENGLISH
        if tag not in self._activated:
            self._activated[tag] = self._find(tag)
        return self._activated[tag]

    def _find(self, tag: str) -> Texts:
        if tag.lower() in self._texts:
            return self._texts[tag.lower()]
        catalogue = load_catalogue(tag, self._folders)
        if catalogue is not None:
            return Texts(tag, catalogue, self._translate)
        # A project's own translator knows those that are offered.
        return self._texts[(look_up(tag.lower(), self._offered) or ENGLISH).lower()]


def project_folders() -> Sequence[Path]:
    """Return where the project and its apps have catalogues, in Django's order."""
    named = [Path(folder) for folder in settings.LOCALE_PATHS]
    return (*named, *(Path(app.path, "locale") for app in apps.get_app_configs()))


@cache
def project_translation() -> DjangoTranslation:
    """Return what speaks where no server does, such as for a protector by introspection."""
    return DjangoTranslation()


def _heed(*, setting: str, **_: object) -> None:
    if setting in {"LOCALE_PATHS", "INSTALLED_APPS"}:
        project_translation.cache_clear()


setting_changed.connect(_heed, dispatch_uid="oauthstore_core.integrations.django_oauth2.languages")
