"""What type checkers make of a Django cache. Checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

from cachetory.django import CachetoryCache, closing_connections


def plain() -> None:
    cache = CachetoryCache("memory://", {})
    assert_type(cache.add("key", 1, timeout=5), bool)
    assert_type(cache.set_many({"a": 1}, version=2), list[Any])
    assert_type(cache.get_many(["a"]), dict[Any, Any])
    assert_type(cache.has_key("key"), bool)
    assert_type(cache.delete("key"), bool)
    cache.set("key", 1, None)
    cache.clear()
    cache.close()


async def awaited() -> None:
    cache = CachetoryCache("memory://", {})
    assert_type(await cache.aadd("key", 1, timeout=5), bool)
    assert_type(await cache.aset_many({"a": 1}, version=2), list[Any])
    assert_type(await cache.aget_many(["a"]), dict[Any, Any])
    assert_type(await cache.ahas_key("key"), bool)
    assert_type(await cache.adelete("key"), bool)
    await cache.aset("key", 1, None)
    await cache.aclear()
    await cache.aclose()


@closing_connections
def decorated(number: int, *, doubled: bool = False) -> str:
    return str(number * (1 + doubled))


assert_type(decorated(1, doubled=True), str)
decorated("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
