"""The one entry point of every check: ``python3 noxfile.py [SESSION...]``.

Needs Python 3.11 or newer and the package index, nothing else: nox itself goes
into a private environment, `.bootstrap/`, on the first run. Without arguments
it runs the everyday checks; ``--list`` shows all of them, ``demo`` starts the
server.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
NOX = "2026.10.20"

# --- the private environment ------------------------------------------------


def run_in_private_environment(arguments: list[str]) -> None:
    """Continue as nox in an environment that holds it; does not return."""
    python = provide_nox()
    if arguments and not arguments[0].startswith("-"):
        arguments = ["--session", *arguments]
    command = [str(python), "-m", "nox", "--noxfile", str(HERE / "noxfile.py"), *arguments]
    if os.name == "nt":
        sys.exit(subprocess.call(command))
    # Replaces this process: a signal then has one process less to pass through.
    os.execv(python, command)


def provide_nox() -> Path:
    """Return the Python of an environment with nox; creates it if need be.

    It is built beside its place and moved there when complete, so that neither
    an interrupted run nor two at a time leave half of one behind.
    """
    if sys.version_info < (3, 11):  # noqa: UP036 - the very check that this is about
        give_up(
            "noxfile.py needs Python 3.11 or newer.",
            f"This is Python {platform.python_version()} ({sys.executable}).",
            "Run it with a newer one, for example: python3.12 noxfile.py",
        )
    home = HERE / ".bootstrap" / f"nox-{NOX}-python-{platform.python_version()}"
    program = Path("Scripts/python.exe") if os.name == "nt" else Path("bin/python")
    if (home / program).exists():
        return home / program
    print(f"noxfile.py: installing nox into {home.relative_to(HERE)}, once", file=sys.stderr)
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=home.parent))
    try:
        install_nox(building, building / program)
        building.rename(home)
    except OSError:
        if not (home / program).exists():  # else another run was first: its is as good
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return home / program


def install_nox(environment: Path, python: Path) -> None:
    """Create the environment with `venv` and install nox; with the outer pip where it must be."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        options: list[str] = []
        pip = [str(python), "-m", "pip"]
    elif importlib.util.find_spec("venv") and importlib.util.find_spec("pip"):
        options = ["--without-pip"]
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
    else:
        version = ".".join(platform.python_version_tuple()[:2])
        give_up(
            "noxfile.py keeps nox in a virtual environment of its own.",
            f"Python {version} ({sys.executable}) has neither ensurepip nor pip to create one.",
            f"On Debian and Ubuntu: apt install python{version}-venv. Elsewhere, use a Python "
            "that has the whole standard library.",
        )
    try:
        subprocess.run([sys.executable, "-m", "venv", *options, str(environment)], check=True)
        quiet = ["--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", *quiet, f"nox=={NOX}"], check=True)
    except subprocess.CalledProcessError as error:
        give_up(
            "noxfile.py tried to install nox into a virtual environment.",
            f"It ended with exit code {error.returncode}; the reason stands above.",
            "Is the package index reachable? Where it is not the public one, set PIP_INDEX_URL.",
        )


def give_up(asked: str, found: str, to_do: str) -> NoReturn:
    """Say what was asked, what was found and what to do, and exit with 1."""
    sys.exit(f"{asked}\n{found}\n{to_do}")


if __name__ == "__main__":
    run_in_private_environment(sys.argv[1:])

# --- sessions: from here on, nox is there -----------------------------------

import hashlib  # noqa: E402
from functools import partial  # noqa: E402

import nox  # noqa: E402
from packaging.requirements import Requirement  # noqa: E402

nox.needs_version = f">={NOX.split('.', maxsplit=1)[0]}"
nox.options.sessions = ["lint", "typing", "tests"]
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True
nox.options.error_on_missing_interpreters = True

#: The core, its backends, and the backends that stand for other people's.
PROJECTS = [
    Path("pyproject.toml"),
    *(path for d in ("backends", "examples") for path in sorted(Path(d).glob("*/pyproject.toml"))),
]
CORE = nox.project.load_toml(PROJECTS[0])
BACKENDS = [str(project.parent) for project in PROJECTS[1:]]


def with_extras(project: Path) -> str:
    """Return what to install for a backend with all that it may be installed with."""
    extras = nox.project.load_toml(project)["project"].get("optional-dependencies", {})
    return f"{project.parent}[{','.join(extras)}]" if extras else str(project.parent)


#: All of them from the checkout: a change of a module needs no new installation.
EDITABLE = [
    *("--editable", ".[django,drf,fastapi,flask,introspection,ninja,server,starlette,testing]"),
    *(part for path in PROJECTS[1:] for part in ("--editable", with_extras(path))),
]
#: No test waits that long; one that does hangs.
PYTEST = ["pytest", "--timeout=120"]
PARALLEL = ["--numprocesses=auto", "--dist=worksteal"]
#: The kit runs on several stores, every day; session `kit` runs it as before a release.
QUICK_KIT = {
    "OAUTHSTORE_TEST_ROUNDS": "5",
    "OAUTHSTORE_TEST_GENERATIONS": "200",
    "OAUTHSTORE_TEST_HISTORIES": "30",
}
#: What it is before a release.
WHOLE_KIT = {
    "OAUTHSTORE_TEST_ROUNDS": "200",
    "OAUTHSTORE_TEST_GENERATIONS": "10000",
    "OAUTHSTORE_TEST_HISTORIES": "1000",
}
#: On servers and Django's ORM, where a round takes longer: before a release the above by variables.
SHORTER_KIT = {
    "OAUTHSTORE_TEST_ROUNDS": "10",
    "OAUTHSTORE_TEST_GENERATIONS": "500",
    "OAUTHSTORE_TEST_HISTORIES": "60",
}
#: What is tested with the newest Django.
DJANGO = [
    *(f"tests/integrations/{name}" for name in ("django_admin", "django_oauth2")),
    *("tests/django_oauth1", "tests/docs/test_django.py", "backends/django/tests"),
]
#: Where the suites are that run the kit.
SUITES = ("tests", "backends", "examples")


def group(*names: str) -> list[str]:
    """Return what these dependency groups of pyproject.toml ask for."""
    return list(nox.project.dependency_groups(CORE, *names))


def install(session: nox.Session, *requirements: str) -> None:
    """Install into the session's environment, unless it holds just that from an earlier run.

    To install anew, for instance for later versions of what is not pinned:
    ``python3 noxfile.py --no-reuse-existing-virtualenvs ...``.
    """
    version = Path("oauthstore_core/_version.py")
    parts = [*requirements, *(path.read_text() for path in (*PROJECTS, version))]
    wanted = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    stamp = Path(session.virtualenv.location, "installed.sha256")
    if stamp.exists() and stamp.read_text() == wanted:
        session.debug("The environment is up to date.")
        return
    stamp.unlink(missing_ok=True)
    session.install(*requirements)
    stamp.write_text(wanted)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff."""
    install(session, *group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def typing(session: nox.Session) -> None:
    """Check types with mypy and pyright, both strict."""
    install(session, *EDITABLE, "nox", *group("typing", "test"))
    session.run("mypy")
    session.run("pyright")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the everyday tests: all that need no other program and no long time."""
    install(session, *EDITABLE, *group("test"))
    session.run(*PYTEST, *PARALLEL, *session.posargs, env={**QUICK_KIT, **os.environ})


@nox.session
def servers(session: nox.Session) -> None:
    """Run the kit on PostgreSQL and Valkey and, where one is named, on other servers."""
    install(session, *EDITABLE, *group("test"))
    quick = {**QUICK_KIT, **os.environ}
    session.run(*PYTEST, *PARALLEL, "-m", "servers", *session.posargs, env=quick)


@nox.session(venv_backend="none")
def mongodb(session: nox.Session) -> None:
    """Start a server of MongoDB's protocol, FerretDB, until Ctrl-C; print its URL for the tests.

    As root on Linux. The first time, it installs FerretDB in a folder that is kept.
    """
    program = "backends/mongo/tests/server_processes.py"
    session.run(sys.executable, program, *session.posargs, external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Run every block of the README and the documentation; `tests` does so too."""
    install(session, *EDITABLE, *group("test"))
    session.run(*PYTEST, "tests/docs", *session.posargs)


@nox.session
def translations(session: nox.Session) -> None:
    """Bring the catalogues of translations up to date with the source, and compile them."""
    install(session, *EDITABLE, *group("test"))
    session.run("python", "-m", "tests.translation", *session.posargs)


@nox.session
def races(session: nox.Session) -> None:
    """Race requests over HTTP against worker processes, and kill these and their stores."""
    install(session, *EDITABLE, *group("test"))
    # One test at a time: they bring processes of their own.
    session.run(*PYTEST, "--timeout=900", "-m", "race", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run what takes long or needs a server, but for the kit and the races."""
    install(session, *EDITABLE, *group("test"))
    chosen = [*PYTEST, *PARALLEL, "--timeout=900", "-m", "(slow or servers) and not race"]
    chosen.append("--ignore-glob=*test_*conformance.py")
    session.run(*chosen, *session.posargs, env={**QUICK_KIT, **os.environ})


@nox.session
def kit(session: nox.Session) -> None:
    """Run the whole kit on every store: 200 rounds of each race, 10 on servers and Django's ORM."""
    install(session, *EDITABLE, *group("test"))
    suites = {str(p) for d in SUITES for p in Path(d).rglob("test_*conformance.py")}
    quickest = {"backends/sqla/tests/test_conformance.py"}  # SQLite; beside it memory and LMDB
    quickest |= {name for name in suites if not name.startswith("backends")}
    # The kit's processes and a server's disk leave room for a second case beside.
    command = [*PYTEST, *PARALLEL, "--timeout=900", "-m", "not race", *session.posargs]
    session.run(*command, *sorted(quickest), env={**WHOLE_KIT, **os.environ})
    session.run(*command, *sorted(suites - quickest), env={**SHORTER_KIT, **os.environ})


@nox.session
def mutants(session: nox.Session) -> None:
    """Change each condition of the atomic verbs, one at a time: the kit is to notice each."""
    install(session, *EDITABLE, *group("test"))
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session
def authlib(session: nox.Session) -> None:
    """Run the tests that a checkout of Authlib has of its Flask server, on its classes and ours."""
    install(session, *EDITABLE, *group("test"))
    session.run("python", "-m", "tests.authlib_suite", *session.posargs)


@nox.session
def clients(session: nox.Session) -> None:
    """Let OAuth clients that others wrote use the server; a skipped test fails."""
    install(session, *EDITABLE, *group("test", "clients"))
    session.run(
        *PYTEST,
        *PARALLEL,
        "--timeout=300",
        "-m",
        "clients",
        *session.posargs,
        env={"OAUTHSTORE_TEST_FORBID_SKIPS": "1"},
    )


@nox.session
def browser(session: nox.Session) -> None:
    """Use the pages with a real Chromium (Debian's package or $CHROMIUM) and npm's axe-core."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        session.error(
            "The browser tests need Chromium. There is no `chromium` on the path and no $CHROMIUM. "
            "Install it (Debian: apt install chromium), or set CHROMIUM to its program."
        )
    install(session, *EDITABLE, *group("test", "browser"))
    session.run(
        *PYTEST,
        *PARALLEL,
        "-m",
        "browser",
        *session.posargs,
        env={"OAUTHSTORE_TEST_FORBID_SKIPS": "1", "CHROMIUM": chromium},
    )


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the everyday tests with the lowest versions that we say we work with."""
    session.install(*EDITABLE, *group("test"), "--constraint", str(write_lowest(session)))
    session.run(*PYTEST, *PARALLEL, *session.posargs)


def write_lowest(session: nox.Session) -> Path:
    """Write pip constraints that pin each direct dependency to its lower bound."""
    tables = [nox.project.load_toml(path)["project"] for path in PROJECTS]
    wanted = [text for table in tables for text in table["dependencies"]]
    wanted += [
        text for texts in CORE["project"]["optional-dependencies"].values() for text in texts
    ]
    pins: dict[str, str] = {}
    for requirement in map(Requirement, wanted):
        floors = [s.version for s in requirement.specifier if s.operator == ">="]
        if floors and not requirement.name.startswith("oauthstore-"):
            marker = f"; {requirement.marker}" if requirement.marker else ""
            pins[requirement.name] = f"{requirement.name}=={floors[0]}{marker}"
    path = Path(session.create_tmp(), "lowest.txt")
    path.write_text("\n".join(sorted(pins.values())) + "\n")
    return path


def newest_python() -> str | None:
    """Return the newest Python that is here, where this one is too old for the newest Django."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for minor in range(14, 11, -1):
        # What pyenv has on the path is a program of its own, which may refuse.
        kept = sorted(pyenv.glob(f"versions/3.{minor}.*/bin/python"))
        found = shutil.which(f"python3.{minor}") or ""
        if kept or (found and "pyenv" not in found):
            return str(kept[-1]) if kept else found
    return None


@nox.session(python=newest_python())
def newest(session: nox.Session) -> None:
    """Run the tests of Django on its newest release, which asks for a Python of its own age."""
    if session.python is None:
        session.skip("Django's newest release needs Python 3.12 or newer, and none is found.")
    install(session, *EDITABLE, *group("test"))
    session.run("python", "-m", "django", "--version")
    # From Python 3.13 on, SQLite tells of what Django keeps open: a database in memory.
    command = [*PYTEST, *PARALLEL, "-W", "ignore:unclosed database:ResourceWarning"]
    chosen = ["-k", "not conformance"] if not session.posargs else session.posargs
    session.run(*command, *chosen, *DJANGO, env={**QUICK_KIT, **os.environ})


@nox.session
def wheels(session: nox.Session) -> None:
    """Build all distributions, and try the wheels in an environment that knows no checkout."""
    install(session, *EDITABLE, *group("wheels", "test"))
    with tempfile.TemporaryDirectory(prefix="oauthstore-wheels-") as name:
        outside = Path(name)
        dist = outside / "dist"
        for project in (".", *BACKENDS):
            session.run(
                "python", "-m", "build", "--installer=pip", f"--outdir={dist}", project, silent=True
            )
        session.run(
            *PYTEST, "-m", "wheels", "tests/packaging", env={"OAUTHSTORE_TEST_DIST": str(dist)}
        )
        try_wheels(session, outside, sorted(dist.glob("*.whl")))


def try_wheels(session: nox.Session, outside: Path, built: list[Path]) -> None:
    """Install nothing but the wheels and what they need; run command, conformance and a server."""
    session.run("python", "-m", "virtualenv", "--quiet", str(outside / "venv"))
    scripts = outside / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = str(scripts / "python")
    targets = [
        f"{p}[server,testing]" if p.name.startswith("oauthstore_core-") else str(p) for p in built
    ]
    session.run(python, "-m", "pip", "install", "--quiet", *targets, *group("test"), external=True)
    session.run(python, "-m", "pip", "check", external=True)
    config = Path("pyproject.toml").resolve()
    theirs = [b for b in BACKENDS if b.startswith("examples")]
    for folder in (*(f"{backend}/tests" for backend in BACKENDS), "tests/live", "tests/foreign"):
        shutil.copytree(folder, outside / folder)
    with session.chdir(outside):
        session.run(str(scripts / "oauthstore"), "--version", external=True)
        session.run(str(scripts / "oauthstore"), "backend", "list", external=True)
        command = [python, "-m", *PYTEST, *PARALLEL, "-c", str(config), f"--rootdir={outside}"]
        command += ["-p", "no:cacheprovider"]
        run = partial(session.run, *command, env={**QUICK_KIT, **os.environ}, external=True)
        # The kit and a server on somebody else's plugin; of ours, what installing could spoil.
        run(*(f"{backend}/tests/test_conformance.py" for backend in theirs), "tests/foreign")
        ours = [f"backends/{name}/tests/test_conformance.py" for name in ("redis", "sqla")]
        run(*ours, "-m", "not race", "-k", "TestCapabilities or TestOperations or TestClientStore")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Load the same flows by hand and ours under Flask and Django, side by side; needs wrk."""
    install(session, *EDITABLE, *group("test", "benchmarks"))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """Start the real server on SQLite in `.demo/`, with a demo client and account."""
    install(session, "--editable", ".[server]", "--editable", "backends/sqla")
    data = HERE / ".demo"
    data.mkdir(exist_ok=True)
    os.chdir(data)
    program = str(Path(session.bin, "oauthstore"))
    command = [program, "serve", "--demo", *session.posargs]
    if os.name == "nt":
        session.run(*command)
        return
    # The server takes nox's place: Ctrl-C and SIGTERM reach it and nobody else.
    sys.stdout.flush()
    os.execve(program, command, {**os.environ, "PYTHONUNBUFFERED": "1"})
