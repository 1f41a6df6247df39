# Generated from tests/decorators/async_/test_arguments.py by tools/unasync.py. Do not edit: edit that file instead.
"""Functions whose arguments differ only in what their class hides, over several stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached
from cachetory.errors import UnkeyableArgumentError
from tests.backends.addresses import patient
from tests.core import argument_classes as classes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "redis":
        return patient(request.getfixturevalue("valkey_server").fresh_url())
    return "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/cache.db"


@pytest.fixture
def cache(url: str) -> Iterator[Cache[Any, Any]]:
    with Cache[Any, Any](backend=url, serializer="json://", prefix="app:") as cache:
        yield cache


CALLS: list[Any] = []


def position(argument: Any) -> int:
    CALLS.append(argument)
    return len(CALLS)


def test_calls_with_different_arguments_never_share_a_result(cache: Cache[Any, Any]) -> None:
    arguments = [*classes.DIFFERENT[::7], *classes.third_party()]
    arguments += [classes.Money(5, "EUR"), classes.Money(5, "USD")]
    function = cached(cache)(position)

    first = [function(it) for it in arguments]
    second = [function(it) for it in arguments]

    assert len(set(first)) == len(set(map(id, arguments)))
    assert second == first


def test_call_with_a_secret_stores_no_key_that_shows_it(cache: Cache[Any, Any]) -> None:
    pydantic = pytest.importorskip("pydantic")
    function = cached(cache)(position)

    result = function(pydantic.SecretStr("swordfish"))

    assert function(pydantic.SecretStr("swordfish")) == result
    assert function(pydantic.SecretStr("haddock")) != result
    assert "swordfish" not in function.key(pydantic.SecretStr("swordfish"))


def test_call_with_an_array_is_refused_with_the_way_out(cache: Cache[Any, Any]) -> None:
    numpy = pytest.importorskip("numpy")
    function = cached(cache)(position)

    with pytest.raises(UnkeyableArgumentError, match=r"`argument`.*arrays.*key=\.\.\."):
        function(numpy.zeros(3))
