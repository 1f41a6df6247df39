"""Entries and keys go back and forth between this library and release 3.5.1 itself."""

from __future__ import annotations

import pytest

from tests.backends.addresses import patient
from tests.compat import release_program

pytestmark = [pytest.mark.release, pytest.mark.timeout(200)]


def test_entries_written_by_the_release_are_read(release, valkey_server):
    url = patient(valkey_server.fresh_url())

    release("write", url)

    assert release_program.read(url) == []


def test_entries_written_here_are_read_by_the_release(release, valkey_server):
    url = patient(valkey_server.fresh_url())

    release_program.write(url)

    assert release("read", url) == []


def test_default_keys_are_those_of_the_release(release):
    assert release_program.keys() == release("keys")
