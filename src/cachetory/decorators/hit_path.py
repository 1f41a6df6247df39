"""Compile a function whose calls find their entry in the store of this process at the first look.

Deriving a key costs more than a hit does. So the entries that calls have found are remembered by
the arguments themselves, as long as these are of a few plain types whose values are never equal
across types. An entry knows when it is dead or expired (see `cachetory._core.store`), so that
nothing has to be told when it is deleted, replaced or evicted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory._core.call_binding import write_header
from cachetory._core.eviction import SATURATED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from inspect import Parameter, Signature

    from cachetory._core.counters import Counters
    from cachetory._core.store import Entry, Store

    Arguments = Any
    """The one argument of a call, or a tuple of its arguments, without the ignored ones."""

MOST_REMEMBERED = 10_000
"""Calls remembered at most for one function; then it starts afresh."""

_PLAIN = frozenset({str, int, type(None)})  # not bool, not float: 1 == True == 1.0


class Memory:
    """The entries that the calls of one function have found, by their arguments."""

    __slots__ = ("_entries", "_prefix", "_store", "recall", "scope")

    def __init__(self, store: Store[Any], prefix: str) -> None:
        self._store = store
        self._prefix = prefix
        self._entries: dict[Arguments, Entry[Any]] = {}
        self.recall: Callable[[Arguments], Entry[Any] | None] = self._entries.get
        self.scope: dict[str, Any] = {}

    def remember(self, arguments: Arguments, key: str) -> None:
        """Remember the entry of a call, unless its arguments are long, which a digest tells."""
        entry = self._store.entries.get(self._prefix + key)
        if entry is None or not key.endswith(")"):
            return
        if len(self._entries) >= MOST_REMEMBERED:
            self._entries.clear()
        self._store.clock()  # a store may choose its clock when it first needs the time
        self.scope["_clock"] = self._store.clock
        self._entries[arguments] = entry


def compile_hit_path(
    signature: Signature | None,
    ignore: Collection[str],
    *,
    define: str,
    wait: str,
    prepare: Callable[..., Any],
    get_or_set: Callable[..., Any],
    options: Mapping[str, Any],
    memory: Memory,
    counters: Counters,
    clock: Callable[[], float],
) -> Callable[..., Any]:
    """Make a function with the signature that tries the memory before it calls `get_or_set`.

    Args:
        signature: the parameters it takes; then a call may be passed on by other names and
            positions than it was written with. `None` if calls are passed on as they are.
        ignore: names of those that take no part in the key.
        define: `"def"` or `"async def"`.
        wait: `"await "` if the result of `call` has to be awaited, else nothing.
        prepare: gives the key of a call, and the loader of its result.
        get_or_set: takes these two, for calls that the memory does not know.
        options: keyword arguments of `get_or_set`.
        memory: what calls have found.
        counters: count the hits.
        clock: tells the time in the seconds of the store.
    """
    form = None if signature is None else _form_of(list(signature.parameters.values()), ignore)
    parameters, plain, arguments, passed = form or _ANY_CALL
    named: list[Parameter] = []
    if form is not None and signature is not None:
        named = list(signature.parameters.values())
    source = f"""
{define} cached({parameters}):
    if {plain}:
        _entry = _recall({arguments})
        if _entry is not None:
            _value = _entry.value
            if _entry.deadline > _clock():
                if _entry.frequency < {SATURATED}:
                    _entry.frequency += 1
                _counters.hits += 1
                return _value
        _key, _load = {wait}_prepare({passed})
        _value = {wait}_get_or_set(_key, _load, **_options)
        _remember({arguments}, _key)
        return _value
    _key, _load = {wait}_prepare({passed})
    return {wait}_get_or_set(_key, _load, **_options)
"""
    scope: dict[str, Any] = {
        "_plain": _PLAIN,
        "_all_plain": _PLAIN.issuperset,
        "_map": map,
        "_type": type,
        "_recall": memory.recall,
        "_clock": clock,
        "_counters": counters,
        "_prepare": prepare,
        "_get_or_set": get_or_set,
        "_options": options,
        "_remember": memory.remember,
        **{f"_default_{it.name}": it.default for it in named},
    }
    memory.scope = scope
    exec(source, scope)  # noqa: S102 (made of identifiers only)
    function: Callable[..., Any] = scope["cached"]
    return function


_ANY_CALL = (
    "*args, **kwargs",
    "not kwargs and _all_plain(_map(_type, args))",
    "args",
    "*args, **kwargs",
)
"""The form of a function that passes calls on as they are written."""


def _form_of(
    parameters: list[Parameter], ignore: Collection[str]
) -> tuple[str, str, str, str] | None:
    """Write the parameters, the test of the arguments, their tuple, and the call to pass on.

    `None` for `*args` and `**kwargs`, and for names that the compiled function uses itself.
    """
    if any(
        it.kind in (it.VAR_POSITIONAL, it.VAR_KEYWORD)
        or it.name.startswith("_")
        or not it.name.isidentifier()
        for it in parameters
    ):
        return None
    kept = [it.name for it in parameters if it.name not in ignore]
    return (
        write_header(parameters, "_"),
        " and ".join(f"_type({name}) in _plain" for name in kept) or "True",
        kept[0] if len(kept) == 1 else f"({''.join(f'{name}, ' for name in kept)})",
        ", ".join(
            f"{it.name}={it.name}" if it.kind is it.KEYWORD_ONLY else it.name for it in parameters
        ),
    )
