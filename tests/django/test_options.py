"""What the settings of a cache may say, and how mistakes are told."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from cachetory.django import CachetoryCache
from cachetory.policy import Policy
from cachetory.serializers import JsonSerializer
from tests.canary import PASSWORD
from tests.django.stores import fresh_memory, make


def told(url: Any, options: dict[str, Any] | None = None, **settings: Any) -> str:
    """Tell what is said of settings that cannot work."""
    with pytest.raises(ImproperlyConfigured) as caught:
        make(url, options, **settings)
    return str(caught.value)


def test_cache_is_found_by_its_path_in_the_settings() -> None:
    settings = {
        "default": {"BACKEND": "cachetory.django.CachetoryCache", "LOCATION": fresh_memory()},
    }
    with override_settings(CACHES=settings):
        caches["default"].set("key", 1)

        assert isinstance(caches["default"], CachetoryCache)
        assert caches["default"].get("key") == 1


def test_unknown_option_is_told_with_the_known_ones() -> None:
    assert told("memory://", {"SERIALISER": "json://"}) == (
        "`OPTIONS` of a CachetoryCache has no `SERIALISER`; known ones are `ON_BACKEND_ERROR`, "
        "`POLICY`, `SERIALIZER`"
    )
    assert "`memory://?max-entries=1000`" in told("memory://", {"MAX_ENTRIES": 5})


@pytest.mark.parametrize("name", ["SERIALIZER", "POLICY", "ON_BACKEND_ERROR"])
def test_option_in_the_wrong_place_is_told(name: str) -> None:
    message = f"`{name}` of a CachetoryCache belongs in its `OPTIONS`"
    assert told("memory://", **{name: "json://"}) == message


@pytest.mark.parametrize("location", ["", None, ["redis://a", "redis://b"], 5])
def test_location_that_is_no_url_is_told(location: Any) -> None:
    assert "`LOCATION` of a CachetoryCache is the URL" in told(location)


@pytest.mark.parametrize(
    ("url", "options", "part"),
    [
        ("nothing://", {}, "`nothing://`"),
        ("memory://?max-entries=x", {}, "`max-entries=x`"),
        ("memory://", {"SERIALIZER": "yaml://"}, "`yaml://`"),
        ("memory://", {"ON_BACKEND_ERROR": "ignore"}, '"miss" or "raise", not \'ignore\''),
        ("memory://", {"POLICY": {"jiter": 1}}, "no field `jiter`; it has time_to_live"),
        ("memory://", {"POLICY": {"jitter": 2}}, "jitter is a number from 0 to 1, not 2"),
        ("memory://", {"POLICY": {"lease": "long"}}, "'long'"),
        ("memory://", {"POLICY": 5}, "is a Policy, or a dict of its fields, not a int"),
        ("memory://", {"POLICY": {"time_to_live": 5}}, "`TIMEOUT` of the cache says that"),
        ("memory://", {"POLICY": Policy(time_to_live=5)}, "`TIMEOUT` of the cache says that"),
    ],
)
def test_option_that_cannot_work_is_told(url: str, options: dict[str, Any], part: str) -> None:
    assert part in told(url, options)


@pytest.mark.parametrize(
    "url",
    [
        f"redis://user:{PASSWORD}@localhost/?nonsense=1",
        f"nothing://user:{PASSWORD}@localhost",
        f"redis://user:{PASSWORD}@localhost:port",
    ],
)
def test_password_is_never_told(url: str) -> None:
    assert PASSWORD not in told(url)
    assert PASSWORD not in told([url])
    cache = make(f"redis://user:{PASSWORD}@localhost")
    assert PASSWORD not in repr(cache)
    assert PASSWORD not in repr(vars(cache))


def test_policy_is_given_by_its_fields_or_as_it_is() -> None:
    for policy in ({"stale_if_error": 60}, Policy(stale_if_error=60)):
        cache = make(fresh_memory(), {"POLICY": policy})

        assert cache._sync._cache.policy == Policy(
            stale_if_error=60, lease=5.0 if isinstance(policy, dict) else None
        )


def test_serializer_is_given_by_its_url_or_as_it_is() -> None:
    for serializer in ("json://", JsonSerializer()):
        cache = make(fresh_memory(), {"SERIALIZER": serializer})
        cache.set("key", (1, 2))

        assert cache.get("key") == [1, 2]
        assert cache.incr(cache.add("n", 1) and "n") == 2
