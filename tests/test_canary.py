"""The watch for secrets sees them in every part of a log record."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from tests.canary import PASSWORD, VALUE, CanaryHandler, reveals_secret


@pytest.fixture
def handler() -> CanaryHandler:
    return CanaryHandler()


def _record(message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord(
        "cachetory", logging.DEBUG, "file.py", 7, message, arguments, sys.exc_info()
    )


def test_record_without_secret_is_passed_over(handler: CanaryHandler) -> None:
    handler.handle(_record("a key of %d bytes", 3))

    assert handler.sightings == []


def test_secret_in_message_is_seen(handler: CanaryHandler) -> None:
    handler.handle(_record("cannot connect to redis://:%s@host", PASSWORD))

    assert handler.sightings == ["the log record of file.py:7"]


def test_secret_in_traceback_is_seen(handler: CanaryHandler) -> None:
    try:
        int(VALUE)
    except ValueError:
        handler.handle(_record("undecodable"))

    assert handler.sightings


def test_secret_in_extra_field_is_seen(handler: CanaryHandler) -> None:
    record = _record("stored")
    record.value = [VALUE.encode()]

    handler.handle(record)

    assert handler.sightings


@pytest.mark.parametrize("secret", [PASSWORD, VALUE])
def test_secret_in_text_is_seen(secret: str) -> None:
    assert reveals_secret(f"<{secret}>")
    assert not reveals_secret("canary")


def test_watch_fails_the_tests_that_reveal_a_secret(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests.canary import CanaryWatch\n"
        "def pytest_configure(config): config.pluginmanager.register(CanaryWatch())\n"
    )
    (tmp_path / "test_inner.py").write_text(
        "import logging\n"
        "from tests.canary import PASSWORD, VALUE\n"
        "def test_print(): print(VALUE)\n"
        "def test_log(): logging.getLogger('cachetory.x').debug('at %s', PASSWORD)\n"
        "def test_harmless(): print('value')\n"
    )

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        check=False,
        text=True,
    )

    assert "2 failed, 1 passed" in run.stdout, run.stdout
    assert "test_harmless" not in run.stdout
