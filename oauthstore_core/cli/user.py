"""``oauthstore user``: the accounts that sign in at the standalone server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from ..records import Account
from ..server.accounts import Accounts, is_administrator, normalize_name
from ..server.application import accounts_of
from .confirmation import confirm
from .failures import NotFoundFailure
from .invocation import Invocation, global_options, moment, pass_invocation, show_rows
from .secrets_input import ask_password

__all__ = ["user"]

_PAGE = 100


@click.group()
def user() -> None:
    """Add, list and delete accounts, and set their passwords."""


_password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from stdin instead of asking twice."
)


@user.command()
@click.argument("name")
@_password_stdin
@click.option(
    "--administrator", is_flag=True, help="It may register and delete applications on the pages."
)
@global_options
@pass_invocation
def add(invocation: Invocation, name: str, *, password_stdin: bool, administrator: bool) -> None:
    """Add an account."""
    password = ask_password(from_stdin=password_stdin)
    with invocation.accounts() as accounts:
        account = accounts.create(name, password, administrator=administrator)
    told = _described(account)
    invocation.tell(told, lambda: click.echo(f"Added {account.name}, subject {account.subject}."))


@user.command("list")
@global_options
@pass_invocation
def list_(invocation: Invocation) -> None:
    """List the accounts."""
    with invocation.accounts() as accounts:
        found = [_described(account) for account in _all_accounts(accounts)]
    rows = [
        (
            item["name"],
            item["subject"],
            moment(item["created_at"]),
            "yes" if item["administrator"] else "no",
        )
        for item in found
    ]
    columns = ("NAME", "SUBJECT", "CREATED", "ADMINISTRATOR")
    invocation.tell(found, lambda: show_rows(columns, rows))


@user.command()
@click.argument("name")
@_password_stdin
@global_options
@pass_invocation
def set_password(invocation: Invocation, name: str, *, password_stdin: bool) -> None:
    """Set another password; every session of the account ends."""
    password = ask_password(from_stdin=password_stdin)
    with invocation.accounts() as accounts:
        account = accounts.change_password(_found(accounts, name), password)
    told = _described(account)
    invocation.tell(told, lambda: click.echo(f"{account.name} has another password now."))


@user.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@global_options
@pass_invocation
def delete(invocation: Invocation, name: str, *, yes: bool) -> None:
    """Delete an account and revoke everything that it allowed."""
    confirm(f"Delete the account {name} and revoke all that it allowed?", yes=yes)
    with invocation.management() as management:
        accounts = accounts_of(management)
        # First that nothing new begins; the account last, so that this can be repeated.
        account = accounts.lock(_found(accounts, name))
        revoked = management.revoke_all(subject=account.subject)
        accounts.store.delete_account(account.subject)
    told = _described(account) | {"deleted": True, "grants_revoked": revoked}
    invocation.tell(
        told, lambda: click.echo(f"Deleted {account.name}; {revoked} grants were revoked.")
    )


def _found(accounts: Accounts, name: str) -> Account:
    account = accounts.store.query_account(normalize_name(name))
    if account is None:
        raise NotFoundFailure(f"There is no account {name!r}. See all: oauthstore user list")
    return account


def _all_accounts(accounts: Accounts) -> Iterator[Account]:
    cursor: str | None = None
    while True:
        page = accounts.store.list_accounts(cursor, _PAGE)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _described(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "subject": account.subject,
        "created_at": account.created_at,
        "administrator": is_administrator(account),
    }
