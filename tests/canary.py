"""Secrets for tests to hand to the library, and a watch for any that come out of it again.

Wherever a test needs a password or a value that must not show, it takes these. A test fails if
any log record, from DEBUG up, or any captured output contains one of them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

PASSWORD = "canary-password-7d41e09c"
VALUE = "canary-value-b2f65a38"
SECRETS = (PASSWORD, VALUE)


def reveals_secret(text: str) -> bool:
    """Tell whether any of the secrets stands in the text."""
    return any(secret in text for secret in SECRETS)


class CanaryHandler(logging.Handler):
    """Keeps the place of each log statement whose record reveals a secret, in any of its parts."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.sightings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Look at the message, the traceback, the arguments and what `extra=` has added."""
        if reveals_secret(f"{self.format(record)} {vars(record)!r}"):
            self.sightings.append(f"the log record of {record.pathname}:{record.lineno}")


class CanaryWatch:
    """A pytest plugin that fails the test in which a secret was revealed."""

    def __init__(self) -> None:
        self._handler = CanaryHandler()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Listen to all loggers while a test and its fixtures run."""
        root, ours = logging.getLogger(), logging.getLogger("cachetory")
        level = ours.level
        root.addHandler(self._handler)
        ours.setLevel(logging.DEBUG)
        try:
            return (yield)
        finally:
            ours.setLevel(level)
            root.removeHandler(self._handler)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self,
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Look through what was captured, once the test has run, and once its fixtures have."""
        report = yield
        places, self._handler.sightings = self._handler.sightings, []
        places += [name for name, text in report.sections if reveals_secret(text)]
        if places and report.passed:
            report.outcome = "failed"
            report.longrepr = f"a secret of tests/canary.py stands in {', '.join(places)}"
        return report
