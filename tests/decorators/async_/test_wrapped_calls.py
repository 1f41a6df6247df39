"""Functions below any wrappers give the same results with a cache and without one."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cachetory.caches.async_ import Cache
from cachetory.decorators.async_ import cached
from cachetory.errors import ConfigurationError, UnkeyableArgumentError
from tests.backends.addresses import patient
from tests.decorators.async_.stacks import Call, Stack, calls, stacks

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = int(os.environ.get("CACHETORY_EXAMPLES", "40"))
"""How many examples each store tries; set the variable for a long run."""

_prefixes = count()


@pytest.fixture(
    params=[
        ("memory", "noop://"),
        ("memory", "pickle://"),
        ("sqlite", "pickle://"),
        ("redis", "json://"),
    ],
    ids=lambda it: f"{it[0]}-{it[1][:-3]}",
)
def options(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    store, serializer = request.param
    url = "memory://"
    if store == "redis":
        url = patient(request.getfixturevalue("valkey_server").fresh_url())
    elif store == "sqlite":
        url = f"sqlite:///{tmp_path}/cache.db"
    return {"backend": url, "serializer": serializer}


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(stack=stacks, calls=st.lists(calls(), min_size=1, max_size=6))
async def test_cached_calls_below_any_wrappers_equal_uncached_ones(
    options: dict[str, Any], stack: Stack, calls: list[Call]
) -> None:
    async with Cache[Any, Any](**options, prefix=f"{next(_prefixes)}:") as cache:
        decorate = cached(cache, ignore=stack.ignore, version=stack.version)
        try:
            function = stack.holding(decorate)
        except ConfigurationError:  # `ignore=` names no parameter of this stack
            assume(False)
        for call in [*calls, *calls]:
            await _check(stack, function, call)


async def _check(stack: Stack, function: Any, call: Call) -> None:
    expected = await _outcome(stack, stack.holding(lambda it: it), call)
    expected_log = list(stack.log)
    got = await _outcome(stack, function, call)

    if isinstance(got, UnkeyableArgumentError):
        assert call.is_opaque
    elif isinstance(expected, Exception):
        is_ignored = not call.kwargs.keys().isdisjoint(stack.ignore)  # so it may be a hit
        assert is_ignored or type(got) is type(expected)
    else:
        assert got == expected
        assert stack.log in ([], expected_log) or stack.log == expected_log[-len(stack.log) :]


async def _outcome(stack: Stack, function: Any, call: Call) -> Any:
    stack.log.clear()
    try:
        return await function(call)(*call.args, **call.kwargs)
    except TypeError as error:
        return error
