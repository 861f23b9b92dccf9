"""A project's own tests, run as `manage.py test` runs them: what the README says of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

SETTINGS = """
from pathlib import Path
FOLDER = Path(__file__).parent
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "db.sqlite3",
        "TEST": {"NAME": FOLDER / "test.sqlite3"},
    }
}
INSTALLED_APPS = ["oauthstore_django"]
SECRET_KEY = "of a test"
"""
TESTS = """
from django.test import TestCase, TransactionTestCase
from oauthstore_core.errors import ConflictError
from oauthstore_core.testing.samples import client
from oauthstore_django import plugin
from oauthstore_django.models import Client


class Emptied(TransactionTestCase):
    def setUp(self):
        self.store = plugin.open("django://default", {})
        self.addCleanup(self.store.close)

    def test_one(self):
        self.assertEqual(Client.objects.count(), 0)
        self.store.clients.save_client(client())
        self.assertEqual(Client.objects.count(), 1)

    def test_two(self):
        self.test_one()


class RolledBack(TestCase):
    def test_both_wait_for_each_other(self):
        store = plugin.open("django://default", {"busy_timeout": 0.1})
        self.addCleanup(store.close)
        Client.objects.create(client_id="c", source="x", created_at=1, version=1, payload="{}")
        self.assertIsNone(store.clients.query_client("c"))
        with self.assertRaises(ConflictError):
            store.clients.save_client(client())
"""


def test_a_projects_tests_find_the_stores_tables_empty(tmp_path: Path) -> None:
    (tmp_path / "project_settings.py").write_text(SETTINGS)
    (tmp_path / "test_of_the_project.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "django", "test", "test_of_the_project"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "project_settings"},
    )

    assert done.returncode == 0, done.stderr
    assert re.search(r"Ran 3 tests", done.stderr)
    assert not (tmp_path / "test.sqlite3").exists()
