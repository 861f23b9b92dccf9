# ruff: noqa: T201 - it talks to a person
"""Runs Authlib's own tests of its Flask servers, on its classes and on ours.

``python -m tests.authlib_suite PATH``: PATH is a checkout of Authlib. Its tests
are copied, for ours with the import prefix replaced as an application does that
moves over. A difference that has no reason in `differences.py` fails.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .comparison import Outcomes, complaints, read_outcomes, summary
from .differences import MEANT

__all__ = ["main"]

#: Of a checkout, what the suite consists of.
PARTS = (
    *("tests/__init__.py", "tests/util.py", "tests/files"),
    *("tests/flask/__init__.py", "tests/flask/cache.py"),
    *("tests/flask/test_oauth1", "tests/flask/test_oauth2"),
)
SUITE = "tests/flask"
THEIRS, OURS = "authlib.integrations.", "oauthstore_core.integrations."


def main(arguments: list[str]) -> int:
    """Run both and compare; return the exit code."""
    if len(arguments) != 1 or not Path(arguments[0], PARTS[-1]).is_dir():
        print(
            "A checkout of Authlib was asked for, whose tests are to be run. "
            f"There is none at {arguments}. "
            "Clone it: git clone https://github.com/authlib/authlib; then name its folder."
        )
        return 2
    checkout = Path(arguments[0]).resolve()
    with tempfile.TemporaryDirectory(prefix="oauthstore-authlib-") as folder:
        stock = _run(checkout, Path(folder, "stock"), THEIRS)
        ours = _run(checkout, Path(folder, "ours"), OURS)
    print(f"Authlib: {summary(stock)}\nOurs:    {summary(ours)}")
    found = list(complaints(stock, ours, MEANT))
    print(*found, f"{len(MEANT)} differences are meant, {len(found)} are not.", sep="\n")
    return 1 if found or not stock else 0


def _run(checkout: Path, folder: Path, prefix: str) -> Outcomes:
    for part in PARTS:
        target = folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (checkout / part).is_dir():
            shutil.copytree(checkout / part, target)
        else:
            shutil.copy(checkout / part, target)
    for module in folder.rglob("*.py"):
        module.write_text(module.read_text().replace(THEIRS, prefix))
    (folder / "pytest.ini").write_text("[pytest]\n")
    report = folder / "report.xml"
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", SUITE]
    # Not the checkout's Authlib, but the installed one; the working directory holds `tests` only.
    subprocess.run([sys.executable, *command], cwd=folder, check=False, capture_output=True)  # noqa: S603 - our own command
    return read_outcomes(report)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
