"""Serializers turn values into what a backend stores, and back; `from_url` joins them by `+`.

Each class is imported on first use, so that one who needs `pickle` alone does not wait for others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from cachetory.serializers.schemes import from_url, register

if TYPE_CHECKING:
    from cachetory.serializers import chained, compressors, json, msgpack, noop, pickle
    from cachetory.serializers.chained import ChainedSerializer
    from cachetory.serializers.json import JsonSerializer
    from cachetory.serializers.msgpack import MsgPackSerializer
    from cachetory.serializers.noop import NoopSerializer
    from cachetory.serializers.pickle import PickleSerializer

__all__ = [
    "ChainedSerializer",
    "JsonSerializer",
    "MsgPackSerializer",
    "NoopSerializer",
    "PickleSerializer",
    "chained",
    "compressors",
    "from_url",
    "json",
    "msgpack",
    "noop",
    "pickle",
    "register",
]

_MODULES = {
    "ChainedSerializer": "chained",
    "JsonSerializer": "json",
    "MsgPackSerializer": "msgpack",
    "NoopSerializer": "noop",
    "PickleSerializer": "pickle",
}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
