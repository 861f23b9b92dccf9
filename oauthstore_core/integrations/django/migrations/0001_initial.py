"""Models without tables: nothing is done to the database."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Client and grant, for permissions and history."""

    initial = True

    dependencies: ClassVar = []

    operations: ClassVar = [
        migrations.CreateModel(
            name="Client",
            fields=[
                ("client_id", models.TextField(primary_key=True, serialize=False)),
            ],
            options={
                "verbose_name": "client",
                "verbose_name_plural": "clients",
                "managed": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
            ],
            options={
                "verbose_name": "grant",
                "verbose_name_plural": "grants",
                "managed": False,
                "default_permissions": ("view", "delete"),
                "base_manager_name": "objects",
            },
        ),
    ]
