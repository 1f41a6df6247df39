# Generated from tests/decorators/async_/test_bulk_results.py by tools/unasync.py. Do not edit: edit that file instead.
"""Functions and loaders of many items that return no mapping, and items that are no list."""

from __future__ import annotations

from collections import ChainMap, OrderedDict, defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from cachetory.decorators.sync import cached_many
from cachetory.errors import UncacheableFunctionError

if TYPE_CHECKING:
    from cachetory.caches.sync import Cache

    AnyCache = Cache[Any, Any]


class Rows(Mapping[int, str]):
    """A mapping of the user's own."""

    def __init__(self, rows: dict[int, str]) -> None:
        self.rows = rows

    def __getitem__(self, number: int) -> str:
        return self.rows[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


NO_MAPPINGS: list[Any] = [None, [1, 2], [(1, "a")], (1, 2), iter([1, 2]), "12", 5, {1, 2}]
MAPPINGS: list[Any] = [
    *(dict, OrderedDict, MappingProxyType, ChainMap, Rows),
    lambda rows: defaultdict(str, rows),
]


@pytest.mark.parametrize("returned", NO_MAPPINGS, ids=lambda it: type(it).__name__)
def test_result_that_is_no_mapping_is_an_error_that_says_so(
    any_cache: AnyCache, returned: Any
) -> None:
    def rows(numbers: list[int]) -> Any:
        return returned

    function = cached_many(any_cache, version=1)(rows)
    message = rf"rows` returned a {type(returned).__name__}, but .* mapping from item to result"

    for call in (function, function.refresh):
        with pytest.raises(TypeError, match=message):
            call([1, 2])


@pytest.mark.parametrize("returned", NO_MAPPINGS, ids=lambda it: type(it).__name__)
def test_result_that_is_no_mapping_is_an_error_without_a_cache(returned: Any) -> None:
    def rows(numbers: list[int]) -> Any:
        return returned

    function = cached_many(None, version=1)(rows)

    for call in (function, function.refresh):
        with pytest.raises(TypeError, match="mapping from item to result"):
            call([1, 2])


@pytest.mark.parametrize("returned", NO_MAPPINGS, ids=lambda it: type(it).__name__)
def test_loader_of_many_that_returns_no_mapping_is_an_error(
    any_cache: AnyCache, returned: Any
) -> None:
    def load(keys: list[str]) -> Any:
        return returned

    for call in (any_cache.get_or_set_many, any_cache.refresh_many):
        with pytest.raises(TypeError, match=r"load` returned a .* mapping"):
            call(["1", "2"], load)


@pytest.mark.parametrize("make", MAPPINGS)
def test_every_mapping_is_taken(any_cache: AnyCache, make: Any) -> None:
    def rows(numbers: list[int]) -> Any:
        return make({it: str(it) for it in numbers if it != 3})

    function = cached_many(any_cache, version=1)(rows)

    for _ in range(2):
        assert function([1, 2, 3]) == {1: "1", 2: "2"}
    assert function.refresh([1, 3]) == {1: "1"}


def test_mapping_with_defaults_has_no_value_for_what_it_leaves_out(
    any_cache: AnyCache,
) -> None:
    def load(keys: list[str]) -> Any:
        return defaultdict(lambda: "default", {"1": "one"})

    assert any_cache.get_or_set_many(["1", "2"], load) == {"1": "one"}


@pytest.mark.parametrize("items", ["12", b"12", bytearray(b"12")])
def test_one_string_instead_of_items_is_refused(any_cache: AnyCache, items: Any) -> None:
    calls = []

    def rows(numbers: list[Any]) -> Any:
        calls.append(numbers)
        return {}

    function = cached_many(any_cache, version=1)(rows)

    for call in (function, function.refresh, function.purge, function.lookup, function.key):
        with pytest.raises(TypeError, match=r"many items, not one .*: write \["):
            call(items)
    assert calls == []


def test_one_string_instead_of_keys_is_refused(any_cache: AnyCache) -> None:
    def load(keys: list[str]) -> Any:
        return dict.fromkeys(keys, 1)

    for call in (any_cache.get_or_set_many, any_cache.refresh_many):
        with pytest.raises(TypeError, match=r"write \['key'\]"):
            call("key", load)


@pytest.mark.parametrize("items", [5, None, 1.5])
def test_items_that_are_no_collection_are_refused(any_cache: AnyCache, items: Any) -> None:
    def rows(numbers: list[Any]) -> Any:
        return {}

    with pytest.raises(TypeError, match="takes a list of items, not"):
        cached_many(any_cache, version=1)(rows)(items)


@pytest.mark.parametrize(
    "make", [list, tuple, iter, dict.fromkeys, set, lambda it: (n for n in it)]
)
def test_items_may_be_any_iterable(any_cache: AnyCache, make: Any) -> None:
    def rows(numbers: list[Any]) -> Any:
        return {it: it for it in numbers}

    function = cached_many(any_cache, version=1)(rows)

    assert function(make([1, 2])) == {1: 1, 2: 2}
    assert function(numbers=make([2, 3])) == {2: 2, 3: 3}


def test_items_one_by_one_are_refused_when_decorating(any_cache: AnyCache) -> None:
    def rows(*numbers: int) -> Any:
        return {}

    with pytest.raises((UncacheableFunctionError, ValueError), match="takes items one by one"):
        cached_many(any_cache, version=1)(rows)
