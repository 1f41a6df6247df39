"""Containers: the built-in and well-known types whose values hold other values."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from datetime import datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cachetory._core.keys.names import is_importable, unkeyable
from cachetory._core.keys.numpy_scalars import is_numpy_record_type, record_text
from cachetory._core.keys.storage import attributes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._core.keys.names import Walk

    Container = Callable[[Any, "Walk"], str]


def _ordered(base: Any, opening: str, closing: str) -> Container:
    return lambda value, walk: f"{opening}{','.join(walk.texts(base.__iter__(value)))}{closing}"


def _unordered(base: Any, opening: str, closing: str) -> Container:
    return lambda value, walk: (
        f"{opening}{','.join(sorted(walk.texts(base.__iter__(value))))}{closing}"
    )


def _dict(value: Any, walk: Walk) -> str:
    base: Any = dict
    return f"{{{','.join(sorted(walk.pairs(base.items(value))))}}}"


def _ordered_dict(value: Any, walk: Walk) -> str:
    base: Any = OrderedDict
    return f"OrderedDict({','.join(walk.pairs(base.items(value)))})"


def _defaultdict(value: Any, walk: Walk) -> str:
    base: Any = defaultdict
    factory = base.default_factory.__get__(value)
    return f"defaultdict({walk.text(factory)},{_dict(value, walk)})"


def _deque(value: Any, walk: Walk) -> str:
    base: Any = deque
    length = base.maxlen.__get__(value)
    return f"deque({length},{','.join(walk.texts(base.__iter__(value)))})"


def _slice(value: Any, walk: Walk) -> str:
    return f"slice({','.join(walk.texts((value.start, value.stop, value.step)))})"


def _moment(base: Any) -> Container:
    """Write a `datetime` or `time`, with its time zone."""
    zone_of, fold_of, isoformat = base.tzinfo.__get__, base.fold.__get__, base.isoformat
    name = base.__name__

    def text(value: Any, walk: Walk) -> str:
        zone = zone_of(value)
        try:
            local = isoformat(value)
        except Exception:
            raise unkeyable(zone, "it cannot tell the offset from UTC") from None
        fold = ",fold" if fold_of(value) else ""
        return f"{name}({local}{fold}{'' if zone is None else ',' + walk.text(zone)})"

    return text


CONTAINERS: dict[type, Container] = {
    tuple: _ordered(tuple, "(", ")"),
    list: _ordered(list, "[", "]"),
    set: _unordered(set, "set{", "}"),
    frozenset: _unordered(frozenset, "frozenset{", "}"),
    dict: _dict,
    OrderedDict: _ordered_dict,
    defaultdict: _defaultdict,
    deque: _deque,
    slice: _slice,
    datetime: _moment(datetime),
    time: _moment(time),
}


@lru_cache(maxsize=1024)
def container_of(cls: type) -> Container | None:
    """Return the function for a container type, `None` for any other class."""
    if cls in CONTAINERS:
        return CONTAINERS[cls]
    if is_numpy_record_type(cls):
        return record_text
    make = _BY_NAME.get(f"{cls.__module__}:{cls.__qualname__}")
    return make(cls) if make is not None and is_importable(cls) else None


def _secret(cls: type) -> Container:
    """Write a digest in place of a secret, since keys can be read in the store."""

    def text(value: Any, walk: Walk) -> str:
        from hashlib import blake2b  # noqa: PLC0415  # rarely needed

        secret = walk.text(attributes_of(value)["_secret_value"])
        return f"{cls.__name__}({blake2b(secret.encode(), digest_size=16).hexdigest()})"

    return text


def _url(_: type) -> Container:
    return lambda value, walk: walk.text(attributes_of(value)["_url"])


_BY_NAME: dict[str, Callable[[type], Container]] = {
    **{f"pydantic.types:{it}": _secret for it in ("SecretStr", "SecretBytes", "Secret")},
    **{f"pydantic.networks:{it}": _url for it in ("_BaseUrl", "_BaseMultiHostUrl")},
}
