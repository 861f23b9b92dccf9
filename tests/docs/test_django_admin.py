"""The page on Django's admin site: in a project as `startproject` makes one, with its database."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .test_django import ROOT, Project

PAGE = ROOT / "docs/django-admin.md"
TEXT = PAGE.read_text("utf-8")
(SITE,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

#: What is done in a process of the project's own.
TRY = """
import django
django.setup()
from django.contrib.auth.models import Permission, User
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import Client

ours = Permission.objects.filter(content_type__app_label="oauthstore")
print("permissions", *sorted(each.codename for each in ours))
staff = User.objects.create_user("staff", is_staff=True)
browser = Client(headers={"host": "127.0.0.1"})
browser.force_login(staff)
print("without", browser.get("/admin/oauthstore/client/").status_code)
for codename in ("add_client", "view_client", "delete_client"):
    staff.user_permissions.add(Permission.objects.get(codename=codename))
form = {
    "client_id": "album", "client_name": "Album", "grant_types": ["client_credentials"],
    "scope": ["profile"], "token_endpoint_auth_method": "client_secret_basic",
}
added = browser.post("/admin/oauthstore/client/add/", form)
print("added", added.status_code, 'id="client_secret"' in added.content.decode())
print("listed", "Album" in browser.get("/admin/oauthstore/client/").content.decode())
print("change", browser.post("/admin/oauthstore/client/album/rotate/").status_code)
print("grants", browser.get("/admin/oauthstore/grant/").status_code)
print("index", "Album" in browser.get("/admin/").content.decode())
browser.post("/admin/oauthstore/client/album/delete/")
print("log", *[(e.action_flag, e.object_repr) for e in LogEntry.objects.order_by("pk")])
root = User.objects.create_superuser("root")
browser.force_login(root)
print("operators", browser.get("/operators/oauthstore/grant/").status_code)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.run("python manage.py migrate --verbosity 0")
    return project


def _tables(project: Project) -> str:
    ask = "from django.db import connection; print(connection.introspection.table_names())"
    return project.run(f"python manage.py shell -v 0 -c '{ask}'")


def test_the_models_need_no_migration_no_table_and_no_exception_anywhere(project: Project) -> None:
    assert "No changes" in project.run("python manage.py makemigrations --check")
    assert "oauthstore" not in _tables(project)
    assert "oauthstore" not in project.run(
        "python manage.py dumpdata --all --exclude contenttypes --exclude auth"
    )
    assert "no issues" in project.run("python manage.py check")
    assert "(no-op)" in project.run("python manage.py sqlmigrate oauthstore 0001")
    project.run("python manage.py remove_stale_contenttypes --noinput")
    project.run("python manage.py flush --noinput")
    project.run("python manage.py migrate oauthstore zero --verbosity 0")


def test_staff_with_permissions_of_the_database_and_a_site_of_its_own_work_as_the_page_says(
    project: Project,
) -> None:
    project.add("mysite/urls.py", SITE)
    project.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
    (project.folder / "try.py").write_text(TRY)

    printed = project.run("python try.py")

    wanted = (
        "permissions add_client change_client delete_client delete_grant view_client view_grant",
        "without 403",
        "added 200 True",
        "listed True",
        "change 403",
        "grants 403",
        "index True",
        "log (1, 'Album') (3, 'Album')",
        "operators 200",
    )
    assert [line for line in wanted if line not in printed] == []


def test_without_the_admin_site_nothing_is_different(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.add("mysite/settings.py", 'INSTALLED_APPS.remove("django.contrib.admin")\n')
    urls = project.folder / "mysite/urls.py"
    text = urls.read_text()
    text = text.replace("from django.contrib import admin\n", "")
    urls.write_text(text.replace("path('admin/', admin.site.urls),", ""))

    assert "no issues" in project.run("python manage.py check")
    project.run("python manage.py migrate --verbosity 0")
    assert "No changes" in project.run("python manage.py makemigrations --check")


def test_a_project_without_accounts_and_database_starts_as_before(tmp_path: Path) -> None:
    project = Project(tmp_path)
    bare = (
        'INSTALLED_APPS = ["oauthstore_core.integrations.django"]\nDATABASES = {}\n'
        "MIDDLEWARE = []\nTEMPLATES[0]['OPTIONS'] = {}\n"
    )
    project.add("mysite/settings.py", bare)
    (project.folder / "mysite/urls.py").write_text("urlpatterns = []\n")

    assert "no issues" in project.run("python manage.py check")
    assert project.run("python manage.py oauthstore client list") is not None


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)

    assert [link for link in links if not (PAGE.parent / link).exists()] == []
