"""What a loader is told of its load, and what it may say about the outcome."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context
from datetime import timedelta

import pytest

from cachetory._core.sentinels import MISSING
from cachetory.errors import CachetoryError
from cachetory.loading import LoadContext, current, current_load


@pytest.fixture
def context() -> LoadContext:
    return LoadContext("key")


def test_context_at_first_asks_for_nothing(context: LoadContext) -> None:
    assert context.key == "key"
    assert context.is_stored
    assert not context.is_negative
    assert not context.sets_time_to_live
    assert context.time_to_live is None


def test_context_without_a_stale_value_has_none(context: LoadContext) -> None:
    assert not context.has_stale
    assert context.stale is MISSING


@pytest.mark.parametrize("stale", [None, 0, "", [], False, "value"])
def test_context_has_a_stale_value_whatever_it_is(stale: object) -> None:
    context = LoadContext("key", stale)

    assert context.has_stale
    assert context.stale is stale


@pytest.mark.parametrize("time_to_live", [5, 5.0, timedelta(seconds=5), None, 0])
def test_context_sets_a_time_to_live_for_ever_included(
    context: LoadContext, time_to_live: float | timedelta | None
) -> None:
    context.time_to_live = time_to_live

    assert context.sets_time_to_live
    assert context.time_to_live == time_to_live


def test_context_may_say_that_the_value_is_not_to_be_stored(context: LoadContext) -> None:
    context.do_not_store()
    context.do_not_store()

    assert not context.is_stored
    assert not context.is_negative


def test_context_may_say_that_there_is_no_value(context: LoadContext) -> None:
    context.there_is_none()
    context.there_is_none()

    assert context.is_negative
    assert context.is_stored


def test_context_has_no_room_for_anything_else(context: LoadContext) -> None:
    with pytest.raises(AttributeError):
        context.tags = ["typo"]  # type: ignore[attr-defined]


# Following the context of a load of many keys


def test_context_follows_what_another_asks_for(context: LoadContext) -> None:
    common = LoadContext("")
    common.do_not_store()
    common.there_is_none()
    common.time_to_live = None

    context.follow(common)

    assert not context.is_stored
    assert context.is_negative
    assert context.sets_time_to_live
    assert context.time_to_live is None
    assert context.key == "key"


def test_context_that_follows_one_without_a_word_on_time_sets_none(context: LoadContext) -> None:
    context.follow(LoadContext(""))

    assert not context.sets_time_to_live
    assert context.is_stored
    assert not context.is_negative


# The current load


def test_current_load_outside_of_one_is_an_error_with_the_way_in() -> None:
    with pytest.raises(LookupError, match="is for loaders and cached functions") as caught:
        current_load()

    assert not isinstance(caught.value, (KeyError, CachetoryError))


def test_current_load_is_the_innermost(context: LoadContext) -> None:
    inner = LoadContext("inner")

    def run() -> None:
        current.set(context)
        assert current_load() is context
        token = current.set(inner)
        assert current_load() is inner
        current.reset(token)
        assert current_load() is context

    copy_context().run(run)
    with pytest.raises(LookupError):
        current_load()


async def test_current_load_is_seen_by_tasks_that_the_loader_starts(context: LoadContext) -> None:
    async def ask() -> LoadContext:
        return current_load()

    token = current.set(context)
    try:
        assert await asyncio.create_task(ask()) is context
        assert await asyncio.to_thread(current_load) is context
    finally:
        current.reset(token)


def test_current_load_is_not_seen_by_other_threads(context: LoadContext) -> None:
    errors: list[LookupError] = []

    def ask() -> None:
        try:
            current_load()
        except LookupError as error:
            errors.append(error)

    def run() -> None:
        current.set(context)
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()

    copy_context().run(run)

    assert len(errors) == 1
