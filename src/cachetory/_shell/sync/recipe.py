# Generated from src/cachetory/_shell/async_/recipe.py by tools/unasync.py. Do not edit: edit that file instead.
"""How the values of one call are to be loaded, and what is to become of them."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final, Generic

from cachetory._core.bound_call import BoundCall
from cachetory._core.bulk import check_mapping
from cachetory._core.call_binding import signature_of
from cachetory._core.option_checks import check_loader
from cachetory._core.sentinels import MISSING, Absent
from cachetory._runtime.sync import resolve
from cachetory.durations import to_seconds
from cachetory.errors import ConfigurationError, NoValueError
from cachetory.interfaces.serializers import ValueT
from cachetory.loading import LoadContext, current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cachetory._core.freshness import Plan
    from cachetory._runtime.sync import Eventual


NOT_AT_ALL: Final = Absent.MISSING
"""In the place of a duration: it is not to be stored."""


class Failed:
    """The result for a key whose value could not be loaded.

    Args:
        error: the exception that was raised, and is being handled.
    """

    __slots__ = ("error", "traceback")

    def __init__(self, error: Exception) -> None:
        self.error = error
        # The frame that has caught the error is no part of the load.
        traceback = error.__traceback__
        self.traceback = None if traceback is None else traceback.tb_next

    def forget(self) -> None:
        """Forget the error, since frames of its traceback may refer to this."""
        del self.error, self.traceback


class Recipe(Generic[ValueT]):
    """The loader of a call, its policy, and its own word on how long a value lives.

    Args:
        load: computes the value of one key; with `is_bulk`, it is called with the keys and their
            contexts, and returns a value for each key, or `Failed`.
        plan: the policy.
        is_bulk: whether it loads many keys at once.
        time_to_live: replaces that of the policy; or a function that is called with `key=`.
        if_not_exists: leave a value alone that someone else has set meanwhile.
        exclude: called with the key and the value; if it gives true, the value is not stored.

    Raises:
        InvalidDurationError: for a time to live that is none.
    """

    __slots__ = (
        "_exclude",
        "_time_to_live",
        "_time_to_live_of",
        "if_not_exists",
        "is_bulk",
        "load",
        "plan",
    )

    def __init__(
        self,
        load: Callable[..., Any],
        plan: Plan,
        *,
        is_bulk: bool = False,
        time_to_live: Any = None,
        if_not_exists: bool = False,
        exclude: Callable[[str, Any], Eventual[bool] | bool] | None = None,
    ) -> None:
        check_loader(load)
        self.load = load
        self.plan = plan
        self.is_bulk = is_bulk
        self.if_not_exists = if_not_exists
        self._exclude = exclude
        self._time_to_live_of = time_to_live if callable(time_to_live) else None
        self._time_to_live: float | None = None
        if time_to_live is not None and not callable(time_to_live):
            self._time_to_live = to_seconds(time_to_live)

    def call_for(
        self, contexts: dict[str, LoadContext]
    ) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """Return the function that loads the keys, and its arguments."""
        load: Any = self.load
        if self.is_bulk:
            return load, (contexts,), {}
        if load.__class__ is BoundCall:
            return load.function, load.args, load.kwargs
        if takes_context(load):
            return load, tuple(contexts.values()), {}
        return load, (), {}

    def fresh_for(self, context: LoadContext, value: Any) -> float | Absent | None:
        """Tell for how many seconds a loaded value is fresh: `None` for ever.

        `NOT_AT_ALL` if it is not to be stored.

        Raises:
            InvalidDurationError: for a duration of the user's that is none.
        """
        plan = self.plan
        if not context.is_stored:
            return NOT_AT_ALL
        if context.is_negative:
            return plan.negative_time_to_live or 0.0  # what was there is there no more
        if self._exclude is not None and resolve(self._exclude(context.key, value)):
            return NOT_AT_ALL
        if context.sets_time_to_live:
            chosen: Any = context.time_to_live
        elif self._time_to_live_of is not None:
            chosen = resolve(self._time_to_live_of(key=context.key))
        elif self._time_to_live is not None:
            chosen = self._time_to_live
        elif plan.time_to_live_of is not None:
            chosen = resolve(plan.time_to_live_of(value))
        else:
            chosen = plan.time_to_live
        return None if chosen is None else to_seconds(chosen)


def load_chunks(
    load_many: Callable[..., Any], chunk_size: int | None, contexts: dict[str, LoadContext]
) -> dict[str, Any]:
    """Load the values of many keys, so many at a time; a key left out has no value."""
    values: dict[str, Any] = {}
    common = LoadContext("")
    for keys in _chunks(list(contexts), chunk_size):
        token = current.set(common)
        try:
            loaded: Any = resolve(load_many(list(keys)))
            check_mapping(loaded, load_many)
            values.update((key, _or_none(key, loaded.get(key, MISSING))) for key in keys)
        except Exception as error:
            values.update((key, Failed(error)) for key in keys)
        finally:
            current.reset(token)
    for context in contexts.values():
        context.follow(common)
    return values


def check_chunk_size(chunk_size: int | None) -> None:
    """Refuse chunks of nothing.

    Raises:
        ConfigurationError: for less than one key.
    """
    if chunk_size is not None and (not isinstance(chunk_size, int) or chunk_size < 1):
        msg = f"chunk_size={chunk_size!r} is not a number of keys: give 1 or more, or None"
        raise ConfigurationError(msg)


def takes_context(load: Callable[..., Any]) -> bool:
    """Return whether a loader itself takes one argument: then that is its context.

    A wrapper with `*args` takes none, whatever the function inside does.
    """
    is_bound = isinstance(load, MethodType)
    function: Any = load.__func__ if isinstance(load, MethodType) else load
    if type(function) is FunctionType:
        required = function.__code__.co_argcount - len(function.__defaults__ or ())
        return required == (2 if is_bound else 1)
    from inspect import Parameter  # noqa: PLC0415 (rarely needed, slow to import)

    try:
        parameters = signature_of(load).parameters.values()
    except TypeError:
        return False
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    needed = [it for it in parameters if it.kind in positional and it.default is it.empty]
    return len(needed) == 1


def _or_none(key: str, value: Any) -> Any:
    """Give the value, or what stands in the place of one that there is not."""
    return no_value(key) if value is MISSING else value


def no_value(key: str) -> Failed:
    """Return the result for a key that has no value."""
    return Failed(NoValueError(f"there is no value for {key!r}"))


def _chunks(keys: Sequence[str], size: int | None) -> Iterable[list[str]]:
    step = size or max(len(keys), 1)
    return [list(keys[start : start + step]) for start in range(0, len(keys), step)]
