"""What a cache says when it is given what cannot work: the value, and the way out."""

from __future__ import annotations

from typing import Any

import pytest

from cachetory.backends.async_ import MemoryBackend
from cachetory.caches.async_ import Cache
from cachetory.errors import ConfigurationError
from cachetory.serializers import PickleSerializer

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no backend": ({"backend": None}, r"backend=None is not a backend.* URL such as 'redis://"),
    "backend class": ({"backend": MemoryBackend}, r"backend=MemoryBackend is a class: give an"),
    "backend object": ({"backend": object()}, r"backend=<object> is not a backend.*`get`"),
    "backend number": ({"backend": 5}, r"backend=5 is not a backend"),
    "no serializer": ({"serializer": None}, r"serializer=None is not a serializer.*'pickle://'"),
    "serializer class": ({"serializer": PickleSerializer}, r"serializer=PickleSerializer is a cl"),
    "serializer module": ({"serializer": pytest}, r"serializer=<module> is not a serializer"),
    "no prefix": ({"prefix": None}, r"prefix=None is not a string: write prefix='' for none"),
    "prefix bytes": ({"prefix": b"app:"}, r"prefix=b'app:' is not a string"),
    "policy dict": (
        {"policy": {"time_to_live": 5, "lease": 2}},
        r"is not a policy: write policy=Policy\(time_to_live=5, lease=2\)",
    ),
    "policy number": ({"policy": 60}, r"policy=60 is not a policy: write policy=Policy\(time_to"),
    "envelope": ({"envelope": "yes"}, r"envelope='yes' is not True, False or None"),
    "listener": ({"on_event": 5}, r"on_event=5 cannot be called: give a function"),
    "clock": ({"wall_clock": 5.0}, r"wall_clock=5.0 cannot be called: give a function"),
    "executor": ({"serialize_executor": 4}, r"serialize_executor=4 is not an executor: give a T"),
    "url without scheme": ({"backend": "localhost:6379"}, r"write the scheme first.*redis://"),
    "database": ({"backend": "redis://host/abc"}, r"`redis://host/abc` .*such as `/0`, not `/abc`"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_option_that_cannot_work_is_refused_by_the_constructor(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Cache(**{"backend": "memory://", "serializer": "noop://", **options})


def test_field_of_a_policy_as_an_option_is_refused_with_the_way_out() -> None:
    with pytest.raises(TypeError, match=r"write policy=Policy\(time_to_live=60\)"):
        Cache(backend="memory://", serializer="noop://", time_to_live=60)  # type: ignore[call-arg]


def test_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="Cache has no option `ttl`"):
        Cache(backend="memory://", serializer="noop://", ttl=60)  # type: ignore[call-arg]


def test_object_in_a_message_shows_no_password() -> None:
    class Settings:
        def __repr__(self) -> str:
            return "password"

    with pytest.raises(ConfigurationError) as caught:
        Cache(backend=Settings(), serializer="noop://")  # type: ignore[arg-type]
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("load", [5, "value", None, [1]], ids=repr)
async def test_loader_that_cannot_be_called_is_refused(load: Any) -> None:
    cache = Cache[Any, Any](backend="memory://", serializer="noop://")

    for call in (cache.get_or_set, cache.refresh):
        with pytest.raises(TypeError, match="is not a loader: give a function that returns the"):
            await call("key", load)


def test_cache_is_not_imported_from_the_package_itself() -> None:
    with pytest.raises(ImportError, match=r"use `from cachetory\.sync import Cache`"):
        from cachetory import Cache  # type: ignore[attr-defined]  # noqa: F401, PLC0415


def test_other_names_are_no_attributes_of_the_package() -> None:
    import cachetory  # noqa: PLC0415

    assert not hasattr(cachetory, "nothing")
