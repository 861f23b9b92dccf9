"""Clients, users and tokens from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import pytest

from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.http import Headers, HttpRequest
from oauthstore_core.oauth2.revoking import RevokingMixin
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.records import Grant
from oauthstore_core.server.application import accounts_of, open_server
from oauthstore_core.settings import Settings

from .conftest import Run, Tell

PASSWORD = "correct horse battery"


def issue(
    server: AuthorizationServer, client_id: str, secret: str, resource: str = ""
) -> dict[str, Any]:
    body = f"grant_type=client_credentials&client_id={client_id}&client_secret={secret}"
    body += f"&resource={resource}"
    headers = Headers([("Content-Type", "application/x-www-form-urlencoded")])
    request = HttpRequest("POST", "/token", headers=headers, body=body.encode())
    answer: dict[str, Any] = json.loads(server.create_token_response(request).body)
    return answer


def issue_from_store(made: dict[str, Any], resource: str = "") -> dict[str, Any]:
    server = open_server(Settings.load(environ={}, overrides={"resources": [resource or "a:b"]}))
    with server.stores:
        return issue(server, made["client_id"], made["client_secret"], resource)


def create(tell: Tell, *options: str, stdin: str | None = None) -> dict[str, Any]:
    method = ("--token-endpoint-auth-method", "client_secret_post")
    made: dict[str, Any] = tell("client", "create", *method, *options, stdin=stdin)
    return made


class TestClients:
    """`client`."""

    def test_json_is_the_answer_of_rfc_7591(self, tell: Tell) -> None:
        made = tell(
            *("client", "create", "--client-name", "Album", "--scope", "a b"),
            *("--redirect-uri", "https://a.example/cb", "--redirect-uri", "https://a.example/2"),
        )

        assert made["redirect_uris"] == ["https://a.example/cb", "https://a.example/2"]
        assert made["grant_types"] == ["authorization_code", "refresh_token"]
        assert made["response_types"] == ["code"]
        assert made["token_endpoint_auth_method"] == "client_secret_basic"
        assert made["client_secret_expires_at"] == 0
        assert made["client_secret"]

    def test_id_and_secret_are_printed_and_the_secret_works(self, run: Run, tell: Tell) -> None:
        told = run("client", "create", "--token-endpoint-auth-method", "client_secret_post").stdout
        lines = dict(line.split(maxsplit=1) for line in told.splitlines())
        secret = lines["client_secret"].split()[0]

        answer = issue_from_store({"client_id": lines["client_id"], "client_secret": secret})

        assert "access_token" in answer
        assert "shown this once" in lines["client_secret"]
        assert secret not in run("client", "show", lines["client_id"]).output

    def test_a_public_client_has_no_secret(self, tell: Tell) -> None:
        made = tell(
            *("client", "create", "--redirect-uri", "com.example.app:/cb"),
            *("--token-endpoint-auth-method", "none"),
        )

        assert "client_secret" not in made

    def test_a_registration_from_elsewhere_is_taken_over(self, tell: Tell) -> None:
        made = create(tell, "--client-id", "old", "--client-secret-stdin", stdin="weak\n")

        assert made["client_id"] == "old"
        assert "access_token" in issue_from_store({"client_id": "old", "client_secret": "weak"})

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            (("--redirect-uri", "http://evil.example/cb"), "invalid_redirect_uri"),
            (("--grant-type", "password"), "invalid_client_metadata"),
            (("--grant-type", "authorization_code"), "invalid_redirect_uri"),
        ],
    )
    def test_what_the_standard_forbids_is_refused_in_its_words(
        self, run: Run, tell: Tell, options: tuple[str, ...], error: str
    ) -> None:
        assert error in run("client", "create", *options, exit_code=1).stderr

    def test_a_resource_server_is_registered_with_its_resources(
        self, run: Run, tell: Tell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OAUTHSTORE_RESOURCES", "https://a.example urn:b:c")
        options = ("--resource-server", "--resource", "https://a.example", "--resource", "urn:b:c")
        made = create(tell, *options)

        shown = tell("client", "show", made["client_id"])

        assert shown["resources"] == ["https://a.example", "urn:b:c"]
        assert "https://a.example, urn:b:c" in run("client", "show", made["client_id"]).stdout

    def test_a_resource_that_the_server_does_not_know_is_refused(
        self, run: Run, tell: Tell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        options = ("client", "create", "--resource-server", "--resource", "https://a.example/")

        none = run(*options, exit_code=1).stderr
        monkeypatch.setenv("OAUTHSTORE_RESOURCES", "https://a.example")
        other = run(*options, exit_code=1).stderr

        assert "knows no resource https://a.example/ (its setting `resources` has: none)" in none
        assert "(its setting `resources` has: https://a.example)" in other

    def test_only_a_resource_server_has_resources(
        self, run: Run, tell: Tell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OAUTHSTORE_RESOURCES", "urn:b:c")

        refused = run("client", "create", "--resource", "urn:b:c", exit_code=1).stderr

        assert "resource server" in refused

    def test_a_taken_client_id_is_refused_and_the_store_is_not_blamed(
        self, run: Run, tell: Tell
    ) -> None:
        create(tell, "--client-id", "mine")

        result = run("client", "create", "--client-id", "mine", exit_code=1)

        assert "mine" in result.stderr
        assert "ping" not in result.stderr

    def test_all_are_listed_and_one_is_shown(self, run: Run, tell: Tell) -> None:
        made = [create(tell, "--client-name", f"n{number}")["client_id"] for number in range(3)]

        listed = tell("client", "list")

        assert sorted(item["client_id"] for item in listed) == sorted(made)
        assert tell("client", "show", made[0])["client_name"] == "n0"
        assert "CLIENT ID" in run("client", "list").stdout

    def test_deleting_takes_the_tokens_along_and_needs_a_yes(self, run: Run, tell: Tell) -> None:
        made = create(tell)
        token = issue_from_store(made)["access_token"]

        refused = run("client", "delete", made["client_id"], exit_code=1)
        told = tell("client", "delete", made["client_id"], "--yes")

        assert "--yes" in refused.stderr
        assert told["grants_revoked"] == 1
        assert tell("token", "inspect", stdin=token)["state"] == "revoked"
        run("client", "show", made["client_id"], exit_code=3)
        run("client", "delete", made["client_id"], "--yes", exit_code=3)

    def test_markup_in_a_name_is_printed_as_it_is(self, run: Run, tell: Tell) -> None:
        create(tell, "--client-name", "[red]x[/red]")

        assert "[red]x[/red]" in run("client", "list").stdout


class TestUsers:
    """`user`."""

    def test_an_added_user_can_sign_in(self, tell: Tell) -> None:
        told = tell("user", "add", "Alice", "--password-stdin", stdin=f"{PASSWORD}\n")

        server = open_server(Settings.load(environ={}))
        with server.stores:
            account = accounts_of(server).verify("alice", PASSWORD)
        assert account is not None
        assert told["subject"] == account.subject

    def test_without_a_terminal_it_says_how_to_give_the_password(
        self, run: Run, tell: Tell
    ) -> None:
        assert "--password-stdin" in run("user", "add", "alice", exit_code=1).stderr

    @pytest.mark.parametrize("password", ["", "short"])
    def test_a_poor_password_is_refused(self, run: Run, tell: Tell, password: str) -> None:
        run("user", "add", "alice", "--password-stdin", stdin=password, exit_code=1)

        assert tell("user", "list") == []

    def test_a_taken_name_is_refused(self, run: Run, tell: Tell) -> None:
        tell("user", "add", "alice", "--password-stdin", stdin=PASSWORD)

        result = run("user", "add", "ALICE", "--password-stdin", stdin=PASSWORD, exit_code=1)

        assert "taken" in result.stderr or "exists" in result.stderr

    def test_a_password_can_be_changed_and_a_user_deleted(self, run: Run, tell: Tell) -> None:
        tell("user", "add", "alice", "--password-stdin", stdin=PASSWORD)

        tell("user", "set-password", "alice", "--password-stdin", stdin="another password")
        deleted = tell("user", "delete", "alice", "--yes")

        assert deleted["deleted"] is True
        assert tell("user", "list") == []
        run("user", "delete", "alice", "--yes", exit_code=3)

    def test_an_administrator_is_one_by_option_only(self, tell: Tell) -> None:
        tell("user", "add", "alice", "--administrator", "--password-stdin", stdin=PASSWORD)
        tell("user", "add", "bob", "--password-stdin", stdin=PASSWORD)

        marked = {told["name"]: told["administrator"] for told in tell("user", "list")}
        assert marked == {"alice": True, "bob": False}

    def test_a_deletion_that_was_cut_off_locks_the_user_out_and_can_be_repeated(
        self, run: Run, tell: Tell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> NoReturn:
            raise StoreUnavailableError("gone")

        subject = tell("user", "add", "alice", "--password-stdin", stdin=PASSWORD)["subject"]
        server = open_server(Settings.load(environ={}))
        with server.stores:
            server.stores.tokens.save_token(Grant("g", "c", subject, granted_at=1), [])
        with monkeypatch.context() as outage:
            outage.setattr(RevokingMixin, "revoke_all", fail)
            run("user", "delete", "alice", "--yes", exit_code=4)

        server = open_server(Settings.load(environ={}))
        with server.stores:
            assert accounts_of(server).verify("alice", PASSWORD) is None
        assert tell("user", "delete", "alice", "--yes")["grants_revoked"] == 1


class TestTokens:
    """`token`."""

    def test_a_token_is_inspected_by_fingerprint_and_revoked(self, run: Run, tell: Tell) -> None:
        made = create(tell, "--scope", "a")
        token = issue_from_store(made)["access_token"]

        before = tell("token", "inspect", stdin=f"{token}\n")
        shown = run("token", "inspect", "-", stdin=token).output
        revoked = tell("token", "revoke", stdin=token)
        after = tell("token", "inspect", stdin=token)

        assert before["client_id"] == made["client_id"]
        assert (before["kind"], before["state"], before["scope"]) == ("access", "active", "a")
        assert len(before["fingerprint"]) == 8
        assert token not in shown
        assert revoked["fingerprint"] == before["fingerprint"]
        assert revoked["revoked"] == "token"
        assert after["state"] == "revoked"

    def test_a_token_s_audience_is_shown(
        self, run: Run, tell: Tell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OAUTHSTORE_RESOURCES", "urn:b:c")
        made = create(tell)
        named, plain = issue_from_store(made, "urn:b:c"), issue_from_store(made)

        assert tell("token", "inspect", stdin=named["access_token"])["audience"] == ["urn:b:c"]
        assert "urn:b:c" in run("token", "inspect", stdin=named["access_token"]).stdout
        assert tell("token", "inspect", stdin=plain["access_token"])["audience"] == []
        shown = run("token", "inspect", stdin=plain["access_token"]).stdout
        assert "none in particular" in shown

    def test_where_an_access_token_takes_its_grant_along_it_says_so(
        self, tell: Tell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = issue_from_store(create(tell))["access_token"]
        monkeypatch.setenv("OAUTHSTORE_REVOKE_ACCESS_TOKEN_REVOKES_GRANT", "true")

        assert tell("token", "revoke", stdin=token)["revoked"] == "grant"

    @pytest.mark.parametrize("verb", ["inspect", "revoke"])
    def test_an_unknown_token_ends_with_3(self, run: Run, tell: Tell, verb: str) -> None:
        run("token", verb, stdin="nothing", exit_code=3)

    def test_nothing_on_stdin_is_told(self, run: Run, tell: Tell) -> None:
        assert "stdin" in run("token", "inspect", stdin="", exit_code=1).stderr

    def test_a_token_on_the_command_line_is_taken_with_a_warning(
        self, run: Run, tell: Tell, folder: Path
    ) -> None:
        token = issue_from_store(create(tell))["access_token"]

        result = run("token", "inspect", "--", token)

        assert "stdin" in result.stderr
        assert token not in result.stderr
