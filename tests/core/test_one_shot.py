"""Which values, and which results of functions, can be used once."""

from __future__ import annotations

import contextlib
from typing import Any

from cachetory._core.one_shot import is_one_shot, one_shot_result


class Hostile:
    """Fails when it is looked at."""

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError(name)


class Unreadable:
    """Has annotations that are none."""

    __wrapped__: Any
    __annotations__ = 5  # type: ignore[assignment]

    def __call__(self) -> None: ...


def broken() -> NoSuchName: ...  # type: ignore[name-defined]  # noqa: F821


@contextlib.contextmanager
def managed() -> Any:
    yield


@managed()
def decorated() -> list[int]:
    return []


def test_value_that_cannot_be_looked_at_is_no_one_shot() -> None:
    assert not is_one_shot(Hostile())
    assert is_one_shot(iter([]))


def test_result_that_cannot_be_read_is_not_refused() -> None:
    assert one_shot_result(broken, is_awaited=False) is None
    assert one_shot_result(Unreadable(), is_awaited=False) is None
    assert one_shot_result(decorated, is_awaited=False) is None
    assert one_shot_result(managed, is_awaited=False) == "a context manager"
