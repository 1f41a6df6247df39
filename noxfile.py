"""The tests on every Python at hand, and on the oldest to the newest redis-py."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True


@nox.session(python=["3.10", "3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """Run all tests; further arguments go to pytest."""
    session.install("-r", "requirements/dev.txt", "-e", ".[all]")
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
@nox.parametrize("version", ["6", "7", "8"])
def redis(session: nox.Session, version: str) -> None:
    """Run the tests that concern Redis with a major version of redis-py."""
    session.install("-r", "requirements/dev.txt", "-e", ".[all]")
    session.install(f"redis=={version}.*")
    session.run("pytest", "-n", "2", "-k", "redis", *session.posargs)
