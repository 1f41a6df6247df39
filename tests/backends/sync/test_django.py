# Generated from tests/backends/async_/test_django.py by tools/unasync.py. Do not edit: edit that file instead.
"""What the Django backend does besides the contract: aliases, keys, and Django's ways with time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache as default_cache
from django.core.cache import caches
from django.core.cache.backends import base, locmem
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache

from cachetory.backends.sync import DjangoBackend, from_url
from cachetory.errors import ConfigurationError
from cachetory.testing.sync_only import collect
from tests.backends.django_project import set_up

set_up()

NOW = 1_000_000.0


@pytest.fixture(autouse=True)
def _empty_caches_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (base, locmem):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: NOW))
    for alias in ("default", "MixedCase"):
        caches[alias].clear()


def seconds_left(alias: str, key: str) -> float | None:
    """Tell how long an entry of a cache in memory lives from now on; `None` is for ever."""
    cache: Any = caches[alias]
    moment = cache._expire_info[cache.make_key(key)]
    return None if moment is None else moment - NOW


# Aliases


def test_alias_is_taken_as_written() -> None:
    with from_url("django://MixedCase") as backend:
        backend.set("key", b"value")

    assert caches["MixedCase"].get("key") == b"value"
    assert default_cache.get("key") is None


@pytest.mark.parametrize("alias", ["mixedcase", "MIXEDCASE", "nobody"])
def test_alias_that_is_unknown_lists_the_others(alias: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        from_url(f"django://{alias}")

    told = str(caught.value)
    for known in ("default", "MixedCase", "file", "database"):
        assert f"`django://{known}`" in told
    assert f"`django://{alias}` names no cache" in told


def test_alias_left_out_is_the_default_one() -> None:
    for backend in (from_url("django://"), from_url("django://default"), DjangoBackend()):
        backend.set("key", b"value")
        assert default_cache.get("key") == b"value"
        default_cache.clear()


@pytest.mark.parametrize("url", ["django://default?timeout=5", "django://default?KEY_PREFIX=a"])
def test_from_url_takes_no_parameters(url: str) -> None:
    with pytest.raises(ConfigurationError, match="it takes no parameters"):
        from_url(url)


def test_from_url_of_subclass_makes_its_instance() -> None:
    class Mine(DjangoBackend):
        pass

    assert type(Mine.from_url("django://default")) is Mine


# Keys and values


def test_keys_are_those_that_django_makes_of_ours() -> None:
    from_url("django://MixedCase").set("key", "value")

    cache: Any = caches["MixedCase"]
    assert list(cache._cache) == ["mixed:7:key"]


def test_values_that_django_wrote_are_read() -> None:
    caches["MixedCase"].set_many({"one": 1, "none": None})
    backend = from_url("django://MixedCase")

    assert backend.get("one") == 1
    assert backend.get("none") is None
    assert dict(collect(backend.get_many("one", "none", "missing"))) == {
        "one": 1,
        "none": None,
    }


def test_value_none_is_told_from_no_value() -> None:
    backend = from_url("django://default")
    backend.set("none", None)

    assert backend.get("none") is None
    assert backend.contains("none") is True
    assert backend.set("none", 1, if_not_exists=True) is False
    with pytest.raises(KeyError):
        backend.get("missing")


def test_cache_of_the_user_is_used() -> None:
    cache = LocMemCache("of-the-user-sync", {"TIMEOUT": 5})
    backend = DjangoBackend(cache)
    backend.set("key", b"value")
    backend.close()

    assert cache.get("key") == b"value"
    assert backend.get("key") == b"value"


def test_cache_that_keeps_nothing_is_taken_for_what_it_is() -> None:
    backend = DjangoBackend(DummyCache("dummy", {}))

    assert backend.set("key", b"value") is True
    assert backend.contains("key") is False
    assert collect(backend.get_many("key")) == []
    assert backend.delete("key") is False


# Time


def test_eternal_is_eternal_whatever_the_default_timeout() -> None:
    backend = from_url("django://MixedCase")  # its own TIMEOUT is a second
    backend.set("set", b"value")
    backend.set("added", b"value", if_not_exists=True)
    backend.set_many([("bulk", b"value")])
    for key in ("in", "at"):
        backend.set(key, b"value", time_to_live=60)
    backend.expire_in("in", None)
    backend.expire_at("at", None)

    for key in ("set", "added", "bulk", "in", "at"):
        assert seconds_left("MixedCase", key) is None


@pytest.mark.parametrize("time_to_live", [1e-9, 0.001, 0.25, 0.999])
def test_time_below_a_second_keeps_its_fraction(time_to_live: float) -> None:
    backend = from_url("django://default")
    backend.set("set", b"value", time_to_live=time_to_live)
    backend.set("added", b"value", time_to_live=time_to_live, if_not_exists=True)
    backend.set_many([("bulk", b"value")], time_to_live=time_to_live)
    backend.set("in", b"value")
    backend.expire_in("in", time_to_live)

    for key in ("set", "added", "bulk", "in"):
        assert seconds_left("default", key) == pytest.approx(max(time_to_live, 0.001))


def test_time_above_a_second_is_left_as_it_is() -> None:
    from_url("django://default").set("key", b"value", time_to_live=100.5)

    assert seconds_left("default", "key") == 100.5


def test_prefix_cannot_be_cleared_since_django_lists_no_keys() -> None:
    with pytest.raises(NotImplementedError, match="DjangoBackend cannot delete keys by their"):
        from_url("django://default").clear_prefix("prefix")
