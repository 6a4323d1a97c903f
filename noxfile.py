"""Runs the tests on each supported Python that the machine has: `make test-all`."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False  # it says which are missing

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
"""As the classifiers in pyproject.toml say; a test compares them."""


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests with the locked dependencies. What follows `--` goes to pytest; without it, all tests run."""
    session.install("--quiet", "--require-hashes", "-r", "requirements-dev.txt")
    session.install("--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")
    parallel = ("--numprocesses", "auto", "--dist", "worksteal")
    session.run("python", "-m", "pytest", *parallel, "-m", "not serial", *session.posargs)
    session.run("python", "-m", "pytest", "-m", "serial", *session.posargs, success_codes=[0, 5])  # 5: no test is left
