"""Runs the tests on the supported Pythons that the machine has: `make test-all`."""

import os
import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False  # nox prints which are missing
nox.options.sessions = ["tests"]

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
"""As the classifiers in pyproject.toml say; a test compares them."""

_PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
# pyenv's own commands find one version at a time.
os.environ["PATH"] = os.pathsep.join(
    [*(str(path) for path in sorted(_PYENV.glob("3.1[1-9].*/bin"))), os.environ["PATH"]]
)

NEWEST = max((version for version in PYTHONS if shutil.which(f"python{version}")), key=PYTHONS.index, default=None)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on each Python. What follows `--` goes to pytest; without it, all tests run."""
    run_tests(session)


@nox.session(python=NEWEST)
def newest(session: nox.Session) -> None:
    """Run the tests on the newest Python that the machine has."""
    run_tests(session)


def run_tests(session: nox.Session) -> None:
    """Install the locked dependencies and the library, and run pytest."""
    session.install("--quiet", "--no-compile", "--require-hashes", "-r", "requirements-dev.txt")
    session.install("--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")
    parallel = ("--numprocesses", "auto", "--dist", "worksteal")
    session.run("python", "-m", "pytest", *parallel, "-m", "not serial and not slow", *session.posargs)
    none_is_left = 5  # what pytest exits with
    serial = ("-m", "serial and not slow")
    session.run("python", "-m", "pytest", *serial, *session.posargs, success_codes=[0, none_is_left])
