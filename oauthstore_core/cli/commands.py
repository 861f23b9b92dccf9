"""The root of the command line, with every noun."""

from __future__ import annotations

import click

from .._version import __version__
from .backend import backend
from .client import client
from .configuration import config
from .failures import EXIT_CODES, Commands
from .grant import grant
from .initialize import init
from .invocation import global_options
from .migrate import migrate
from .perform import perform
from .plugin import plugin
from .purge import purge
from .serve import serve
from .token import token
from .user import user

__all__ = ["oauthstore"]

_EPILOG = f"""{EXIT_CODES}
\b
Shell completion:
  bash  eval "$(_OAUTHSTORE_COMPLETE=bash_source oauthstore)"
  zsh   eval "$(_OAUTHSTORE_COMPLETE=zsh_source oauthstore)"
  fish  _OAUTHSTORE_COMPLETE=fish_source oauthstore | source
"""


@click.group(
    cls=Commands,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="oauthstore")
@global_options
def oauthstore() -> None:
    """Run an OAuth authorization server and look after its store.

    The global options may stand before or after the command.
    """


_COMMANDS = (
    *(serve, init, client, user, token, grant),
    *(purge, migrate, backend, config, plugin, perform),
)
for _command in _COMMANDS:
    oauthstore.add_command(_command)
