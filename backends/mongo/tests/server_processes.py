"""A real server of MongoDB's protocol, as processes of ours: FerretDB 2.7 on DocumentDB 1.0.

DocumentDB is an extension of PostgreSQL, and FerretDB the gateway in front of it. Neither is in
Debian 12, so they live in a small Debian sid of their own, in a folder that is kept: made once
by root, in about three minutes. What runs there has temporary data and free ports, never runs as
root, listens on 127.0.0.1 only, and ends with the process that started it. Needs nothing but the
standard library.

As a program, it installs what is missing, starts a server, sets the variable that tells the tests
where it is, and runs a command; without a command it prints the URL and waits for Ctrl-C:

    python3 server_processes.py [COMMAND [ARGUMENT...]]
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

__all__ = ["FerretDB", "ServerProcess", "enter", "home", "install", "run_with_server"]

#: Names the server that tests are to use.
VARIABLE = "OAUTHSTORE_TEST_MONGODB_URL"
#: Names the folder of the installation, if it is not to be in the user's cache.
HOME = "OAUTHSTORE_TEST_FERRETDB_HOME"
_MODULE = "github.com/FerretDB/FerretDB/v2/cmd/ferretdb@v2.7.0"
#: The first Go that builds it.
_GO = (1, 25)
_PROGRAMS = "/usr/lib/postgresql/18/bin"
#: Seconds in which a server starts or ends.
_PATIENCE = 60
_SETTINGS = """
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
cron.host = '127.0.0.1'
unix_socket_directories = ''
listen_addresses = '127.0.0.1'
max_connections = 200
deadlock_timeout = 50ms
"""
#: Waits for the end of its stdin, which comes with the end of who started it; then kills the
#: processes whose ids stand in the folder, and removes it.
_KEEPER = """
cd / && trap '' INT TERM HUP
while read -r _; do :; done
cat "$1"/*.pid 2>/dev/null | while read -r pid; do kill -9 "$pid" 2>/dev/null; done
sleep 0.2; rm -rf -- "$1"
"""
#: Runs a program in the small Debian, with the folder $2 as /srv, and ends with its parent. The
#: mounts are seen by nobody else and go with it, and so does every process that it starts.
_ENTER = """
root=$1; folder=$2; shift 2
mount --rbind /dev "$root/dev" && mount -t tmpfs tmpfs "$root/dev/shm"
mount -t proc proc "$root/proc" && mount --bind "$folder" "$root/srv"
exec chroot --userspec=postgres:postgres "$root" "$@"
"""


# --- installing -------------------------------------------------------------


def home() -> Path:
    """Return the folder in which the installation is, or is to be."""
    named = os.environ.get(HOME)
    return Path(named) if named else Path.home() / ".cache" / "oauthstore" / "ferretdb"


def install() -> Path:
    """Return the small Debian with both programs in it; make it if it is not there."""
    debian = home() / "debian"
    if (debian / "usr/local/bin/ferretdb").exists():
        return debian
    if os.geteuid() != 0:
        _give_up(
            f"FerretDB and DocumentDB were to be installed in {home()}.",
            "That takes a Debian of its own (debootstrap, chroot), and you are not root.",
            f"Run this as root once, or set {VARIABLE} to the URL of a server.",
        )
    home().mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix="building-", dir=home()))
    try:
        _bootstrap(building)
        _add_documentdb(building)
        _add_ferretdb(building)
        building.chmod(0o755)
        building.rename(debian)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return debian


def _bootstrap(root: Path) -> None:
    if shutil.which("debootstrap") is None:
        _run("apt-get", "update", "-q")
        _run("apt-get", "install", "-q", "-y", "--no-install-recommends", "debootstrap")
    _run("debootstrap", "--variant=minbase", "sid", str(root))
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")  # packages are to start nothing
    policy.chmod(0o755)


def _add_documentdb(root: Path) -> None:
    # With the machine's own certificates, and its way to the package index.
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    if certificates.exists():
        (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
        shutil.copy(certificates, root / "etc/ssl/certs")
    _inside(root, "apt-get -q -o Acquire::Check-Valid-Until=false update")
    _inside(root, f"{_APT} install postgresql-18-documentdb")


def _add_ferretdb(root: Path) -> None:
    go = shutil.which("go")
    if go is not None and _version(go) >= _GO:
        binaries = {"GOBIN": str(root / "usr/local/bin")}
        _run(go, "install", _MODULE, environ=binaries)
        return
    # Debian sid's Go is new enough. It is removed again with what it left.
    _inside(root, f"{_APT} install golang-go")
    _inside(root, f"GOBIN=/usr/local/bin GOPATH=/tmp/go GOCACHE=/tmp/gocache go install {_MODULE}")
    _inside(root, f"rm -rf /tmp/go /tmp/gocache; {_APT} --autoremove purge golang-go")


_APT = "DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends"


def _version(go: str) -> tuple[int, ...]:
    told = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)  # noqa: S603
    numbers = told.stdout.strip().removeprefix("go").split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdigit())


def _inside(root: Path, script: str) -> None:
    """Run a shell script in the small Debian, as root."""
    mounts = f'mount -t proc proc "{root}/proc" && mount --rbind /dev "{root}/dev"'
    _run("unshare", "--mount", "sh", "-ec", f'{mounts}; chroot "{root}" sh -ec "$0"', script)


def _run(*command: str, environ: dict[str, str] | None = None) -> None:
    print("+", *command, file=sys.stderr, flush=True)  # noqa: T201 - a command line talks
    # What it prints is for people to watch; stdout may be a command's that comes later.
    done = subprocess.run(  # noqa: S603 - our own command
        command, env={**os.environ, **(environ or {})}, stdout=sys.stderr, check=False
    )
    if done.returncode:
        _give_up(
            f"FerretDB and DocumentDB were to be installed in {home()}.",
            f"{command[0]} ended with exit code {done.returncode}; the reason stands above.",
            "Are the package indexes of Debian and Go reachable? (GOPROXY names Go's.)",
        )


# --- running ----------------------------------------------------------------


class ServerProcess:
    """A program in the small Debian, on a port; it can be killed and started again."""

    def __init__(self, root: Path, folder: Path, port: int, command: Sequence[str]) -> None:
        self.port = port
        self._name = Path(command[0]).name
        self._command = enter(root, folder, command)
        self._log = folder / f"{self._name}.log"
        self._pid = folder / f"{self._name}.pid"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return once it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._pid.write_text(f"{self._first()}\n")
        give_up = time.monotonic() + _PATIENCE
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > give_up:
                end = self._log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self._name} does not serve:\n{end}")
            time.sleep(0.02)

    def _first(self) -> int:
        """Return the first process of the namespaces, with which all others end."""
        assert self._process is not None
        pid = self._process.pid
        while not (children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
            time.sleep(0.002)
        return int(children[0])

    def kill(self) -> None:
        """Kill all of its processes at once (SIGKILL), as a crash of the machine would."""
        if self._process is None or self._process.poll() is not None:
            return
        os.kill(self._first(), signal.SIGKILL)
        self._process.wait(_PATIENCE)
        self._pid.unlink(missing_ok=True)
        while _listens(self.port):
            time.sleep(0.005)

    def signal(self, number: signal.Signals) -> None:
        """Send its first process a signal."""
        os.kill(self._first(), number)


class FerretDB:
    """The gateway and its PostgreSQL, on data of their own in a temporary folder."""

    def __init__(self, root: Path) -> None:
        """Make the data, and the keeper that removes it; `start` makes it serve."""
        self.folder = Path(tempfile.mkdtemp(prefix="oauthstore-ferretdb-"))
        self._keeper = subprocess.Popen(  # noqa: S603 - our own command
            ["/bin/sh", "-c", _KEEPER, "sh", str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        ports = _free_port(), _free_port()
        _make_data(root, self.folder, ports[0])
        postgres = [f"{_PROGRAMS}/postgres", "-D", "/srv/data"]
        #: The gateway's PostgreSQL.
        self.database = ServerProcess(root, self.folder, ports[0], postgres)
        gateway = [
            "/usr/local/bin/ferretdb",
            f"--postgresql-url=postgres://postgres@127.0.0.1:{ports[0]}/postgres",
            f"--listen-addr=127.0.0.1:{ports[1]}",
            *("--debug-addr=-", "--no-auth", "--telemetry=disable", "--state-dir=/srv"),
            "--log-level=ERROR",
        ]
        self.gateway = ServerProcess(root, self.folder, ports[1], gateway)

    @property
    def url(self) -> str:
        """The URL of an administrator."""
        return f"mongodb://127.0.0.1:{self.gateway.port}/"

    def start(self) -> None:
        """Start both, and return once they serve."""
        self.database.start()
        self.gateway.start()

    def kill(self) -> None:
        """Kill both, as a crash of the machine would."""
        self.gateway.kill()
        self.database.kill()

    def freeze(self) -> None:
        """Stop the gateway: it is there, and does not answer."""
        self.gateway.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.gateway.signal(signal.SIGCONT)

    def close(self) -> None:
        """End both, and remove the data."""
        assert self._keeper.stdin is not None
        self.kill()
        self._keeper.stdin.close()
        self._keeper.wait(_PATIENCE)


def enter(root: Path, folder: Path, command: Sequence[str]) -> list[str]:
    """Return what runs a command in the small Debian, alone in namespaces that end with it."""
    alone = ["unshare", "--mount", "--pid", "--ipc", "--fork"]
    return [*alone, "sh", "-ec", _ENTER, "sh", str(root), str(folder), *command]


def _make_data(root: Path, folder: Path, port: int) -> None:
    folder.chmod(0o711)
    data, users = folder / "data", (root / "etc/passwd").read_text().splitlines()
    numbers = next(line.split(":")[2:4] for line in users if line.startswith("postgres:"))
    data.mkdir()
    os.chown(data, *map(int, numbers))
    os.chown(folder, *map(int, numbers))
    initdb = [f"{_PROGRAMS}/initdb", "-D", "/srv/data", "-A", "trust", "-E", "UTF8", "--no-sync"]
    _prepare(enter(root, folder, initdb), "")
    with (data / "postgresql.conf").open("a") as settings:
        # The extension notes it, for the jobs by which it removes what TTL indexes name.
        settings.write(f"{_SETTINGS}port = {port}\n")
    single = [f"{_PROGRAMS}/postgres", "--single", "-D", "/srv/data", "postgres"]
    _prepare(enter(root, folder, single), "CREATE EXTENSION documentdb CASCADE")


def _prepare(command: Sequence[str], script: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        command, input=script, capture_output=True, text=True, check=False
    )
    if done.returncode or "ERROR" in done.stderr:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)):
        return True
    return False


# --- the program ------------------------------------------------------------


def run_with_server(command: Sequence[str]) -> int:
    """Run a command while a server serves, and return its exit code.

    Where the variable names a server already, none is started.
    """
    if os.environ.get(VARIABLE):
        return subprocess.call(command)  # noqa: S603 - what we were told
    with closing(FerretDB(install())) as server:
        server.start()
        if command:
            return subprocess.call(command, env={**os.environ, VARIABLE: server.url})  # noqa: S603
        print(f"{VARIABLE}={server.url}", flush=True)  # noqa: T201 - what it was started for
        signal.pause()
    return 0


def _give_up(asked: str, found: str, to_do: str) -> NoReturn:
    sys.exit(f"{asked}\n{found}\n{to_do}")


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _exit)
    with suppress(KeyboardInterrupt):
        sys.exit(run_with_server(sys.argv[1:]))
