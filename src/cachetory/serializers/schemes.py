"""Make serializers from URLs: which scheme is which class, and which layer a parameter is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetory._core.registry import Registry
from cachetory._core.urls import Url, parse, redact, unknown_parameter
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from cachetory._core.registry import FromUrl
    from cachetory.interfaces.serializers import Serializer

_registry: Registry[Serializer[Any, Any]] = Registry(
    "serializer", entry_points="cachetory.serializers", example="pickle+zstd://"
)
for _scheme, _target in {
    "json": "json:JsonSerializer",
    "msgpack": "msgpack:MsgPackSerializer",
    "noop": "noop:NoopSerializer",
    "null": "noop:NoopSerializer",
    "pickle": "pickle:PickleSerializer",
    "zlib": "compressors.zlib:ZlibCompressor",
    "zstandard": "compressors.zstd:ZstdCompressor",
    "zstd": "compressors.zstd:ZstdCompressor",
}.items():
    _registry.register(_scheme, f"cachetory.serializers.{_target}")


def register(
    scheme: str, target: FromUrl[Serializer[Any, Any]] | Callable[[str], Serializer[Any, Any]] | str
) -> None:
    """Let a scheme stand for a serializer in every URL from now on.

    An installed package may do the same by an entry point in the group `cachetory.serializers`,
    whose name is the scheme.

    Args:
        scheme: Without `://`; it cannot contain `+`, which joins schemes, nor `.`, which leads to
            the parameter of a layer.
        target: A class with `from_url`, a function that makes a serializer from a URL, or where to
            find either: `"module:Attribute"`, imported on first use. With an attribute
            `url_parameters` it tells which parameters it knows (see `Serializer`).

    Raises:
        ConfigurationError: if the scheme or the target cannot be used.
    """
    if "+" in scheme or "." in scheme:
        msg = f"{scheme!r} cannot be the scheme of a serializer: `+` and `.` have a meaning there"
        raise ConfigurationError(msg)
    _registry.register(scheme, target)


def from_url(url: str) -> Serializer[Any, Any]:
    """Make a serializer from a URL such as `pickle+zstd://?zstd.compression-level=19`.

    Schemes are applied from left to right, and undone from right to left. A parameter may name the
    layer that it is for, and then goes before one that does not; without a name it is for every
    layer that knows it.

    Raises:
        ConfigurationError: if a scheme or parameter is unknown, or a value cannot be used.
        MissingExtraError: if a scheme needs an extra that is not installed.
    """
    layers = layers_from_url(url)
    if len(layers) == 1:
        return layers[0]
    from cachetory.serializers.chained import ChainedSerializer  # noqa: PLC0415 (it imports this)

    return ChainedSerializer(layers)


def layers_from_url(url: str) -> list[Serializer[Any, Any]]:
    """Make the serializers that the schemes of a URL stand for, from left to right.

    Raises:
        ConfigurationError: see `from_url`.
        MissingExtraError: see `from_url`.
    """
    _registry.check(url)
    parsed = parse(url)
    if parsed.authority or parsed.path.strip("/"):
        msg = f"`{redact(url)}` names a place, but a serializer has none; begin options with `?`"
        raise ConfigurationError(msg)
    schemes = parsed.scheme.split("+")
    known = {scheme: _known_parameters(scheme) for scheme in schemes}
    for name, _ in parsed.parameters:
        _refuse_unknown(parsed.scheme, name, known)
    return [_registry.make(str(_layer_url(scheme, parsed, known[scheme]))) for scheme in schemes]


def _known_parameters(scheme: str) -> Collection[str] | None:
    return getattr(_registry.resolve(scheme), "url_parameters", None)


def _refuse_unknown(scheme: str, name: str, known: Mapping[str, Collection[str] | None]) -> None:
    layer, dot, _ = name.partition(".")
    if dot and layer not in known:
        msg = f"`{name}` is for a layer `{layer}`, which `{scheme}://` does not have"
        raise ConfigurationError(msg)
    if not dot and not any(names is None or name in names for names in known.values()):
        everything = {known_name for names in known.values() for known_name in names or ()}
        raise ConfigurationError(unknown_parameter(scheme, name, everything))


def _layer_url(scheme: str, url: Url, known: Collection[str] | None) -> Url:
    own = [
        (name.removeprefix(f"{scheme}."), value)
        for name, value in url.parameters
        if name.startswith(f"{scheme}.")
    ]
    taken = {name for name, _ in own}
    shared = [
        (name, value)
        for name, value in url.parameters
        if "." not in name and name not in taken and (known is None or name in known)
    ]
    return Url(scheme, parameters=own + shared)
