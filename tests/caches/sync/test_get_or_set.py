# Generated from tests/caches/async_/test_get_or_set.py by tools/unasync.py. Do not edit: edit that file instead.
"""What one caller of `get_or_set` gets; concurrent ones are in `tests/shell`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.caches.sync import Cache
from cachetory.errors import InvalidDurationError
from tests.shell.sync.loads import Load

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory.backends.sync import MemoryBackend
    from tests.clock import ManualClock


def eventually(value: Any) -> Any:
    """Give the value when awaited."""
    return value


def at_once(value: Any) -> Any:
    """Give the value."""
    return value


FORMS = pytest.mark.parametrize("form", [eventually, at_once])
"""Whatever is called back may be of either kind."""


@pytest.fixture
def load() -> Load:
    return Load()


def test_missing_value_is_loaded_once_and_kept(cache: Cache[Any], load: Load) -> None:
    assert cache.get_or_set("key", load) == 1
    assert cache.get_or_set("key", load) == 1
    assert cache.get("key") == 1
    assert load.calls == 1


def test_value_that_is_there_is_not_loaded(cache: Cache[Any], load: Load) -> None:
    cache.set("key", "there")

    assert cache.get_or_set("key", load) == "there"
    assert load.calls == 0


@FORMS
def test_loader_may_give_none(cache: Cache[Any], form: Callable[[Any], Any]) -> None:
    calls: list[int] = []

    def load() -> Any:
        calls.append(1)
        return form(None)

    assert cache.get_or_set("key", load) is None
    assert cache.get_or_set("key", load) is None
    assert cache.get("key", "default") is None
    assert len(calls) == 1


def test_value_is_for_ever_without_a_time_to_live(
    cache: Cache[Any], load: Load, clock: ManualClock
) -> None:
    cache.get_or_set("key", load)
    clock.advance(1e9)

    assert cache.get_or_set("key", load) == 1


@pytest.mark.parametrize("time_to_live", [5, 5.0, timedelta(seconds=5)])
def test_value_is_loaded_again_when_it_has_expired(
    cache: Cache[Any], load: Load, clock: ManualClock, time_to_live: float | timedelta
) -> None:
    cache.get_or_set("key", load, time_to_live=time_to_live)
    clock.advance(4.5)
    assert cache.get_or_set("key", load, time_to_live=time_to_live) == 1
    clock.advance(0.5)

    assert cache.get_or_set("key", load, time_to_live=time_to_live) == 2


@FORMS
def test_time_to_live_may_be_asked_for_by_key(
    cache: Cache[Any], load: Load, clock: ManualClock, form: Callable[[Any], Any]
) -> None:
    asked: list[str] = []

    def time_to_live(*, key: str) -> Any:
        asked.append(key)
        return form(5 if key == "short" else None)

    for key in ("short", "short", "long"):
        cache.get_or_set(key, load, time_to_live=time_to_live)
    clock.advance(5)

    assert asked == ["short", "long"]
    assert cache.get_many("short", "long") == {"long": 2}


@pytest.mark.parametrize("time_to_live", [0, -1, timedelta(0)])
def test_value_with_no_time_left_is_returned_and_not_kept(
    cache: Cache[Any], load: Load, time_to_live: float | timedelta
) -> None:
    assert cache.get_or_set("key", load, time_to_live=time_to_live) == 1
    assert cache.get_or_set("key", load, time_to_live=time_to_live) == 2
    assert not cache.contains("key")


def test_time_to_live_that_is_none_is_refused_before_anything_is_computed(
    cache: Cache[Any], load: Load
) -> None:
    for time_to_live in (float("nan"), True, "5"):
        with pytest.raises(InvalidDurationError):
            cache.get_or_set("key", load, time_to_live=time_to_live)  # type: ignore[arg-type]
    assert load.calls == 0
    assert not cache.contains("key")


def test_value_whose_time_to_live_turns_out_to_be_none_is_returned_and_not_kept(
    cache: Cache[Any], load: Load
) -> None:
    assert cache.get_or_set("key", load, time_to_live=lambda key: float("nan")) == 1
    assert not cache.contains("key")
    assert cache.stats().not_stored == 1


def test_undecodable_value_is_replaced_even_if_not_exists(load: Load) -> None:
    cache = Cache[Any](backend="memory://", serializer="json://")
    cache.backend.set("key", b"foreign bytes")

    values = [cache.get_or_set("key", load, if_not_exists=True) for _ in range(3)]

    assert values == [1, 1, 1]


@FORMS
def test_excluded_value_is_returned_and_not_kept(
    cache: Cache[Any], load: Load, form: Callable[[Any], Any]
) -> None:
    asked: list[tuple[str, int]] = []

    def exclude(key: str, value: int) -> Any:
        asked.append((key, value))
        return form(value == 1)

    values = [cache.get_or_set("key", load, exclude=exclude) for _ in range(3)]

    assert values == [1, 2, 2]
    assert asked == [("key", 1), ("key", 2)]
    assert cache.stats().not_stored == 1


def test_excluded_value_needs_no_time_to_live(cache: Cache[Any], load: Load) -> None:
    def time_to_live(*, key: str) -> int:
        raise AssertionError(key)

    value = cache.get_or_set(
        "key", load, exclude=lambda key, value: True, time_to_live=time_to_live
    )

    assert value == 1


@pytest.mark.parametrize(("if_not_exists", "kept"), [(True, "theirs"), (False, "theirs")])
def test_value_that_another_process_has_set_meanwhile(
    cache: Cache[Any],
    backend: MemoryBackend[Any],
    *,
    if_not_exists: bool,
    kept: object,
) -> None:
    twin = Cache[Any](backend=backend, serializer="pickle://")
    cache = Cache[Any](backend=backend, serializer="pickle://")
    twin.set("key", "theirs")
    wire = backend.get("key")
    twin.delete("key")

    def load() -> int:
        backend.set("key", wire)  # past the cache, as another process does
        return 1

    assert cache.get_or_set("key", load, if_not_exists=if_not_exists) == 1
    assert cache.get("key") == kept


def test_error_of_the_loader_is_raised_and_not_kept(cache: Cache[Any], load: Load) -> None:
    def fail() -> int:
        raise KeyError("not a miss")

    with pytest.raises(KeyError, match="not a miss"):
        cache.get_or_set("key", fail)
    assert cache.get_or_set("key", load) == 1
    assert cache.stats().load_failures == 1


@pytest.mark.parametrize("option", ["exclude", "time_to_live"])
def test_error_of_a_callback_is_raised_and_nothing_is_kept(
    cache: Cache[Any], load: Load, option: str
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cache.get_or_set("key", load, **{option: fail})  # type: ignore[arg-type]
    assert cache.get_or_set("key", load) == 2


def test_value_that_cannot_be_serialized_is_returned_and_counted(
    backend: MemoryBackend[Any],
) -> None:
    cache = Cache[Any](backend=backend, serializer="json://")
    value = object()

    assert cache.get_or_set("key", lambda: value) is value
    assert backend.size == 0
    assert (cache.stats().not_stored, cache.stats().sets) == (1, 0)
    with pytest.raises(TypeError):
        cache.set("key", value)


def test_value_that_the_store_finds_too_heavy_is_returned(clock: ManualClock) -> None:
    cache = Cache[bytes](backend="memory://?max-weight=100", serializer="pickle://")
    value = b"x" * 1000

    assert cache.get_or_set("key", lambda: value) == value
    assert not cache.contains("key")


def test_loader_sees_the_key_as_it_was_before(
    cache: Cache[Any], backend: MemoryBackend[Any], prefix: str
) -> None:
    cache.get_or_set("key", lambda: 1, time_to_live=lambda key: 5 if key == "key" else 0)

    assert backend.local_store.keys() == [f"{prefix}key"]
