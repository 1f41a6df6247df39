# Generated from tests/compat/async_/test_data_3_5_1.py by tools/unasync.py. Do not edit: edit that file instead.
"""What release 3.5.1 has stored is read through a cache, whatever the serializer."""

from __future__ import annotations

from pathlib import Path

import pytest

from cachetory.sync import Cache, MemoryBackend, from_url
from tests.backends.addresses import patient
from tests.serializers.golden.generate import VALUES

GOLDEN = Path(__file__).parents[2] / "serializers" / "golden" / "3.5.1"

every_chain = pytest.mark.parametrize("schemes", VALUES)


def stored_by_the_release(schemes):
    return (GOLDEN / f"{schemes}.bin").read_bytes()


@pytest.fixture(params=["memory", "redis"])
def backend(request):
    """Give a backend of each kind, empty."""
    url = "memory://"
    if request.param == "redis":
        url = patient(request.getfixturevalue("valkey_server").fresh_url())
    with from_url(url) as backend:
        yield backend


@every_chain
def test_payload_of_the_release_is_read(backend, schemes):
    cache = Cache(backend=backend, serializer=f"{schemes}://", prefix="app:")

    backend.set("app:key", stored_by_the_release(schemes))

    assert cache.get("key") == VALUES[schemes]
    assert cache.get_many("key") == {"key": VALUES[schemes]}


@every_chain
def test_payload_begins_as_that_of_the_release(backend, schemes):
    cache = Cache(backend=backend, serializer=f"{schemes}://")

    cache.set("key", VALUES[schemes])

    payload = backend.get("key")
    assert payload[:2] == stored_by_the_release(schemes)[:2]


def test_text_of_json_that_the_release_has_kept_in_memory_is_read():
    backend = MemoryBackend()
    cache = Cache(backend=backend, serializer="json://")

    backend.set("key", stored_by_the_release("json").decode())

    assert cache.get("key") == VALUES["json"]
