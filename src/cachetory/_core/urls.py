"""Read the URLs that configure backends and serializers: `scheme://authority/path?name=value`.

Everything here is strict, since a URL that is silently misread configures something else than was
meant: a parameter that nobody knows, that is given twice or whose value makes no sense is refused,
and each refusal names what is known or expected. No message shows a password.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

SECRET_WORDS = ("pass", "pwd", "secret", "token", "credential", "auth")
"""A query parameter whose name contains one of them, or ends in `key`, is never shown."""

SIZE_UNITS = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
}


class Url:
    """The parts of a URL, percent-decoded, but for the scheme, which is in lower case.

    Attributes:
        scheme: What stands before the colon, such as `pickle+zlib`.
        authority: What stands between `//` and the next `/` or `?`, case preserved.
        path: The rest before `?`, with its leading slash if there is one.
        parameters: Names and values of the query, in order.
    """

    __slots__ = ("authority", "parameters", "path", "scheme")

    def __init__(
        self,
        scheme: str,
        authority: str = "",
        path: str = "",
        parameters: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.scheme: str = scheme
        self.authority: str = authority
        self.path: str = path
        self.parameters: tuple[tuple[str, str], ...] = tuple(parameters)

    def __str__(self) -> str:
        """Write the URL out, secrets included, such that parsing it gives the same parts."""
        from urllib.parse import quote  # noqa: PLC0415 (3 ms, and only URLs need it)

        query = "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.parameters
        )
        location = f"{quote(self.authority, safe='@:[]')}{quote(self.path)}"
        return f"{self.scheme}://{location}{'?' if query else ''}{query}"

    def __repr__(self) -> str:
        return f"<Url {redact(str(self))}>"


def scheme_of(url: str) -> str:
    """Return the scheme of a URL in lower case, whatever the rest looks like.

    Raises:
        ConfigurationError: if there is none.
    """
    if not isinstance(url, str):
        msg = f"a URL is a string such as `memory://`, not {type(url).__qualname__}"
        raise ConfigurationError(msg)
    scheme, colon, _ = url.partition(":")
    if not colon or not is_scheme(scheme):
        msg = f"`{redact(url)}` is not a URL: it starts with no scheme, such as `memory://`"
        raise ConfigurationError(msg)
    return scheme.lower()


def is_scheme(text: str) -> bool:
    """Tell whether the text may stand as a scheme: ASCII letters, digits, `+`, `-` and `.`."""
    return text[:1].isalpha() and text.isascii() and not text.strip(_SCHEME_CHARACTERS)


def parse(url: str) -> Url:
    """Split a URL that cachetory itself interprets into its parts.

    Raises:
        ConfigurationError: if there is no scheme, if a parameter has no `=`, if a percent sign
            introduces no valid UTF-8, or if there is a fragment (`#`), which means nothing here.
    """
    scheme = scheme_of(url)
    if "#" in url:
        msg = f"`{redact(url)}` has a fragment, which means nothing here; write `#` as `%23`"
        raise ConfigurationError(msg)
    location, _, query = url[len(scheme) + 1 :].partition("?")
    authority, path = _split_location(location)
    try:
        return Url(scheme, _unquote(authority), _unquote(path), _pairs(query))
    except ValueError:
        msg = f"`{redact(url)}` is malformed: after `?` come `name=value` pairs in UTF-8"
        raise ConfigurationError(msg) from None


def redact(url: str) -> str:
    """Replace the passwords in a URL by `***`, so that it may be shown.

    Malformed URLs lose more rather than less: all up to the last `@` counts as credentials, and if
    a `?` precedes that, nothing is certain, so nothing is shown but the scheme.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or not is_scheme(scheme):
        scheme, separator, rest = "", "", url
    credentials, at, rest = rest.rpartition("@")
    if "?" in credentials:
        return f"{scheme}{separator}***"
    location, question, query = rest.partition("?")
    user, colon, _ = credentials.partition(":")
    shown = f"{user}:***@" if colon else "***@" if at else ""
    return f"{scheme}{separator}{shown}{location}{question}{_redact_query(query)}"


class Parameters:
    """The query parameters that a scheme knows: dashed names, and what reads their values.

    A reader is a function of one string that returns the value, or raises a `ValueError` that says
    what it expected.
    """

    __slots__ = ("_readers",)

    def __init__(self, readers: Mapping[str, Callable[[str], object]]) -> None:
        self._readers = dict(readers)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._readers)

    def __contains__(self, name: object) -> bool:
        """Tell whether the scheme knows a parameter of that name."""
        return name in self._readers

    def read(self, url: str | Url) -> dict[str, Any]:
        """Return the parameters of the URL as keyword arguments, dashes made underscores.

        Raises:
            ConfigurationError: for a parameter that is unknown, repeated or unreadable.
        """
        parsed = url if isinstance(url, Url) else parse(url)
        arguments: dict[str, Any] = {}
        for name, value in parsed.parameters:
            keyword = name.replace("-", "_")
            if name not in self._readers:
                raise ConfigurationError(unknown_parameter(parsed.scheme, name, self))
            if keyword in arguments:
                msg = f"`{name}` is given more than once to `{parsed.scheme}://`; give it once"
                raise ConfigurationError(msg)
            arguments[keyword] = self._read_one(parsed.scheme, name, value)
        return arguments

    def _read_one(self, scheme: str, name: str, value: str) -> object:
        try:
            return self._readers[name](value)
        except ValueError as error:
            shown = "***" if _is_secret(name) else value
            reason = "its value is not usable" if _is_secret(name) else error
            msg = f"`{name}={shown}` cannot be used in `{scheme}://`: {reason}"
            raise ConfigurationError(msg) from None


def unknown_parameter(scheme: str, name: str, known: Iterable[str]) -> str:
    """Say that a parameter is unknown, and which ones are known."""
    names = ", ".join(f"`{known_name}`" for known_name in sorted(known))
    remedy = f"known ones are {names}" if names else "it takes no parameters"
    return f"`{scheme}://` does not know the parameter `{name}`; {remedy}"


def integer(value: str) -> int:
    """Read a whole number."""
    try:
        return int(value)
    except ValueError:
        msg = "expected a whole number"
        raise ValueError(msg) from None


def number(value: str) -> float:
    """Read a finite number."""
    try:
        read = float(value)
    except ValueError:
        read = float("nan")
    if read - read != 0:  # true of NaN and of both infinities alone
        msg = "expected a number"
        raise ValueError(msg)
    return read


def boolean(value: str) -> bool:
    """Read `true`, `yes`, `on` or `1`, or else `false`, `no`, `off` or `0`, in any case."""
    lowered = value.lower()
    if lowered in {"true", "yes", "on", "1"}:
        return True
    if lowered in {"false", "no", "off", "0"}:
        return False
    msg = "expected `true` or `false`"
    raise ValueError(msg)


def size(value: str) -> int:
    """Read a number of bytes: `65536`, `64KiB`, `64MiB`, `1GiB`, or decimal, `64KB` and so on."""
    digits = value.rstrip("BKMGIbkmgi ")
    unit = value[len(digits) :].strip().lower()
    if not (digits.isascii() and digits.isdecimal() and unit in SIZE_UNITS):
        msg = "expected a number of bytes, such as `65536`, `64KiB` or `64MiB`"
        raise ValueError(msg)
    return int(digits) * SIZE_UNITS[unit]


def choice(*options: str) -> Callable[[str], str]:
    """Make a reader of one out of several words."""

    def read(value: str) -> str:
        if value in options:
            return value
        msg = f"expected one of {', '.join(f'`{option}`' for option in options)}"
        raise ValueError(msg)

    return read


def optional(reader: Callable[[str], object]) -> Callable[[str], object]:
    """Make a reader that takes the word `none` for `None`, and leaves the rest to another one."""

    def read(value: str) -> object:
        if value.lower() == "none":
            return None
        try:
            return reader(value)
        except ValueError as error:
            msg = f"{error}, or `none`"
            raise ValueError(msg) from None

    return read


_SCHEME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."


def _split_location(location: str) -> tuple[str, str]:
    if not location.startswith("//"):
        return "", location
    authority, slash, path = location[2:].partition("/")
    return authority, slash + path


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        if not (name and equals):
            msg = "no name, or no value"
            raise ValueError(msg)
        yield _unquote(name), _unquote(value)


def _unquote(part: str, errors: Literal["strict", "replace"] = "strict") -> str:
    from urllib.parse import unquote  # noqa: PLC0415 (3 ms, and only URLs need it)

    return unquote(part, errors=errors)


def _redact_query(query: str) -> str:
    shown: list[str] = []
    hidden = False
    for pair in query.split("&"):
        name, equals, _ = pair.partition("=")
        if equals:
            hidden = _is_secret(_unquote(name, "replace"))
            shown.append(f"{name}=***" if hidden else pair)
        elif not hidden:  # else it is the rest of a secret that contains a bare ampersand
            shown.append(pair)
    return "&".join(shown)


def _is_secret(name: str) -> bool:
    lowered = name.lower()
    return lowered.endswith("key") or any(word in lowered for word in SECRET_WORDS)
