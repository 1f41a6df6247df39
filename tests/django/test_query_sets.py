"""A query set that has not asked the database yet may be cached from an event loop, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from tests.backends.django_project import async_close_connections, set_up

set_up()

from django.contrib.contenttypes.models import ContentType  # noqa: E402 (a model needs a project)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cachetory.django import CachetoryCache


def make_some() -> None:
    with connection.schema_editor() as editor:
        editor.create_model(ContentType)
    ContentType.objects.bulk_create([ContentType(model=name) for name in ("one", "two")])


def remove_them() -> None:
    with connection.schema_editor() as editor:
        editor.delete_model(ContentType)


@pytest.fixture
async def kinds() -> AsyncIterator[Any]:
    await sync_to_async(make_some)()
    yield ContentType.objects.order_by("model").values_list("model", flat=True)
    await sync_to_async(remove_them)()
    await async_close_connections()


async def test_query_set_that_is_set_is_asked_first(cache: CachetoryCache, kinds: Any) -> None:
    await cache.aset("set", kinds)
    await cache.aset_many({"many": kinds.all(), "number": 1})
    assert await cache.aadd("added", kinds.all())

    found = await cache.aget_many(["set", "many", "added"])
    assert [list(it) for it in found.values()] == [["one", "two"]] * 3


@pytest.mark.parametrize("way", ["value", "function", "coroutine"])
async def test_query_set_that_is_loaded_is_stored(
    cache: CachetoryCache, kinds: Any, way: str
) -> None:
    async def load() -> Any:
        return kinds

    default = {"value": kinds, "function": lambda: kinds, "coroutine": load}[way]

    assert list(await cache.aget_or_set("key", default)) == ["one", "two"]
    assert list(await cache.aget("key")) == ["one", "two"]
