"""The first schema."""

import django.db.models.deletion
from django.db import migrations, models

import oauthstore_django.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "subject",
                    oauthstore_django.fields.IdentifierField(primary_key=True, serialize=False),
                ),
                ("name", oauthstore_django.fields.IdentifierField()),
                ("created_at", oauthstore_django.fields.NumberField()),
                ("version", oauthstore_django.fields.NumberField()),
                ("payload", oauthstore_django.fields.PayloadField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("name",), name="oauthstore_account_name")
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("digest", oauthstore_django.fields.DigestField(primary_key=True, serialize=False)),
                ("closes_at", oauthstore_django.fields.NumberField()),
                ("count", oauthstore_django.fields.NumberField()),
            ],
            options={
                "indexes": [models.Index(fields=["closes_at"], name="oauthstore_attempt_closes")],
            },
        ),
        migrations.CreateModel(
            name="Client",
            fields=[
                (
                    "client_id",
                    oauthstore_django.fields.IdentifierField(primary_key=True, serialize=False),
                ),
                ("owner", oauthstore_django.fields.IdentifierField(null=True)),
                ("source", oauthstore_django.fields.IdentifierField()),
                ("created_at", oauthstore_django.fields.NumberField()),
                ("expires_at", oauthstore_django.fields.NumberField(null=True)),
                ("version", oauthstore_django.fields.NumberField()),
                ("payload", oauthstore_django.fields.PayloadField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["owner", "client_id"], name="oauthstore_client_owner"),
                    models.Index(fields=["expires_at"], name="oauthstore_client_expires"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Credential",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind",
                        "digest",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", oauthstore_django.fields.IdentifierField()),
                ("digest", oauthstore_django.fields.DigestField()),
                ("client_id", oauthstore_django.fields.IdentifierField()),
                ("expires_at", oauthstore_django.fields.NumberField()),
                ("keep_until", oauthstore_django.fields.NumberField()),
                ("alias", oauthstore_django.fields.DigestField(null=True)),
                ("grant_id", oauthstore_django.fields.IdentifierField(null=True)),
                ("subject", oauthstore_django.fields.IdentifierField(null=True)),
                ("state", oauthstore_django.fields.IdentifierField()),
                ("granted_at", oauthstore_django.fields.NumberField(null=True)),
                ("interval", oauthstore_django.fields.NumberField(null=True)),
                ("polled_at", oauthstore_django.fields.NumberField(null=True)),
                ("payload", oauthstore_django.fields.PayloadField()),
                ("hasty", oauthstore_django.fields.NumberField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["keep_until"], name="oauthstore_credential_keep")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "alias"), name="oauthstore_credential_alias"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Fence",
            fields=[
                ("scope", oauthstore_django.fields.DigestField(primary_key=True, serialize=False)),
                ("at", oauthstore_django.fields.NumberField()),
                ("keep_until", oauthstore_django.fields.NumberField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["keep_until"], name="oauthstore_fence_keep_until")
                ],
            },
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                (
                    "grant_id",
                    oauthstore_django.fields.IdentifierField(primary_key=True, serialize=False),
                ),
                ("client_id", oauthstore_django.fields.IdentifierField()),
                ("subject", oauthstore_django.fields.IdentifierField(null=True)),
                ("family", oauthstore_django.fields.DigestField(null=True)),
                ("granted_at", oauthstore_django.fields.NumberField()),
                ("keep_until", oauthstore_django.fields.NumberField(null=True)),
                ("revoked_at", oauthstore_django.fields.NumberField(null=True)),
                ("payload", oauthstore_django.fields.PayloadField()),
                ("current_digest", oauthstore_django.fields.DigestField(null=True)),
                ("current_issued_at", oauthstore_django.fields.NumberField(null=True)),
                ("current_expires_at", oauthstore_django.fields.NumberField(null=True)),
                ("current_generation", oauthstore_django.fields.NumberField(null=True)),
                ("current_rotated_at", oauthstore_django.fields.NumberField(null=True)),
                ("current_payload", oauthstore_django.fields.PayloadField(null=True)),
                ("current_state", oauthstore_django.fields.IdentifierField(null=True)),
                ("previous_digest", oauthstore_django.fields.DigestField(null=True)),
                ("previous_issued_at", oauthstore_django.fields.NumberField(null=True)),
                ("previous_expires_at", oauthstore_django.fields.NumberField(null=True)),
                ("previous_generation", oauthstore_django.fields.NumberField(null=True)),
                ("previous_rotated_at", oauthstore_django.fields.NumberField(null=True)),
                ("previous_payload", oauthstore_django.fields.PayloadField(null=True)),
                ("sealed_response", oauthstore_django.fields.SealedField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["client_id", "grant_id"], name="oauthstore_grant_client"),
                    models.Index(
                        fields=["subject", "client_id", "grant_id"], name="oauthstore_grant_subject"
                    ),
                    models.Index(
                        fields=["keep_until", "grant_id"], name="oauthstore_grant_keep_until"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("family",), name="oauthstore_grant_family")
                ],
            },
        ),
        migrations.CreateModel(
            name="Nonce",
            fields=[
                ("digest", oauthstore_django.fields.DigestField(primary_key=True, serialize=False)),
                ("expires_at", oauthstore_django.fields.NumberField()),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at"], name="oauthstore_nonce_expires")],
            },
        ),
        migrations.CreateModel(
            name="Token",
            fields=[
                ("digest", oauthstore_django.fields.DigestField(primary_key=True, serialize=False)),
                ("kind", oauthstore_django.fields.IdentifierField()),
                ("issued_at", oauthstore_django.fields.NumberField()),
                ("expires_at", oauthstore_django.fields.NumberField(null=True)),
                ("state", oauthstore_django.fields.IdentifierField()),
                ("generation", oauthstore_django.fields.NumberField()),
                ("rotated_at", oauthstore_django.fields.NumberField(null=True)),
                ("payload", oauthstore_django.fields.PayloadField()),
                (
                    "grant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="oauthstore_django.grant",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["grant"], name="oauthstore_token_grant"),
                    models.Index(fields=["expires_at"], name="oauthstore_token_expires"),
                ],
            },
        ),
    ]
