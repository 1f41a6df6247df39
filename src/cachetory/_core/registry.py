"""A registry of URL schemes: which class answers to which scheme, imported on first use.

Built-in classes are named as `"module:Attribute"`, so that a scheme costs nothing until somebody
uses it, and the optional package behind it need not be there. Other packages add schemes by a call
or by an entry point; entry points are looked at only for a scheme that is not known otherwise.
"""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from cachetory._core.urls import is_scheme, redact, scheme_of
from cachetory.errors import ConfigurationError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoints

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class FromUrl(Protocol[T_co]):
    """Anything with a `from_url`, usually a class."""

    def from_url(self, url: str, /) -> T_co:
        """Make an instance from the URL."""
        ...


class _Lazy:
    __slots__ = ("extra", "path")

    def __init__(self, path: str, extra: str | None) -> None:
        self.path = path
        self.extra = extra


class Registry(Generic[T]):
    """Schemes and what makes a `T` for each of them.

    Args:
        kind: What is registered, for error messages: `"serializer"`.
        example: A URL of that kind, for error messages.
        entry_points: The group of entry points by which installed packages add schemes.
    """

    def __init__(self, kind: str, *, entry_points: str, example: str = "memory://") -> None:
        self._kind = kind
        self._example = example
        self._group = entry_points
        self._targets: dict[str, Any] = {}

    def register(
        self,
        scheme: str,
        target: FromUrl[T] | Callable[[str], T] | str,
        *,
        extra: str | None = None,
    ) -> None:
        """Let a scheme stand for a target; the last call for a scheme wins.

        Args:
            scheme: Without `://`, in any case.
            target: A class with `from_url`, a function of the URL, or where to find either:
                `"module:Attribute"`, imported on first use.
            extra: The extra of cachetory that installs what the module of the target needs.

        Raises:
            ConfigurationError: if the scheme could not stand in a URL, or the target is neither.
        """
        if not is_scheme(scheme):
            msg = f"{scheme!r} cannot be a scheme: use ASCII letters, digits, `+`, `-` and `.`"
            raise ConfigurationError(msg)
        if isinstance(target, str):
            if not all(target.partition(":")):
                msg = f"{target!r} is no target for `{scheme}://`: write `module:Attribute`"
                raise ConfigurationError(msg)
            self._targets[scheme.lower()] = _Lazy(target, extra)
        elif callable(target) or hasattr(target, "from_url"):
            self._targets[scheme.lower()] = target
        else:
            msg = f"{target!r} is no target for `{scheme}://`: it cannot be called with a URL"
            raise ConfigurationError(msg)

    def resolve(self, scheme: str) -> FromUrl[T] | Callable[[str], T]:
        """Return what the scheme (in lower case) stands for, imported.

        Raises:
            ConfigurationError: if the scheme is unknown, or its target cannot be imported.
            MissingExtraError: if its target needs an extra that is not installed.
        """
        target = self._targets.get(scheme)
        if target is None:
            target = self._targets[scheme] = self._load_entry_point(scheme)
        elif isinstance(target, _Lazy):
            target = self._targets[scheme] = _import(scheme, target)
        return cast("FromUrl[T] | Callable[[str], T]", target)

    def make(self, url: str) -> T:
        """Make what the URL describes: hand it to `from_url` of its scheme's target, or to itself.

        Raises:
            ConfigurationError: see `resolve`.
        """
        self.check(url)
        target: Any = self.resolve(scheme_of(url))
        return cast("T", getattr(target, "from_url", target)(url))

    def check(self, url: str) -> None:
        """Refuse a URL without a scheme.

        Raises:
            ConfigurationError: with an example of a URL.
        """
        if not isinstance(url, str):
            return  # `scheme_of` refuses it
        scheme, _, rest = url.partition(":")
        is_known = set(scheme.lower().split("+")) <= self._targets.keys()
        if not (rest.startswith("//") or (is_known and scheme != url)):
            msg = (
                f"`{redact(url)}` is not the URL of a {self._kind}: write the scheme first, "
                f"as in `{self._example}`"
            )
            raise ConfigurationError(msg)

    def schemes(self) -> list[str]:
        """List all schemes, those of installed packages included."""
        return sorted({*self._targets, *self._entry_points().names})

    def _entry_points(self) -> EntryPoints:
        from importlib.metadata import entry_points  # noqa: PLC0415 (30 ms, and rarely needed)

        return entry_points(group=self._group)

    def _load_entry_point(self, scheme: str) -> object:
        found = next(iter(self._entry_points().select(name=scheme)), None)
        if found is None:
            raise self._unknown(scheme)
        return _import(scheme, _Lazy(found.value, None))

    def _unknown(self, scheme: str) -> ConfigurationError:
        from difflib import get_close_matches  # noqa: PLC0415 (2 ms, and only errors need it)

        known = self.schemes()
        closest = get_close_matches(scheme, known, n=1)
        suggestion = f"; did you mean `{closest[0]}://`?" if closest else "."
        names = ", ".join(f"`{name}`" for name in known)
        return ConfigurationError(
            f"`{scheme}://` is not supported as a {self._kind}{suggestion} Known schemes: {names}"
        )


def missing_extra(scheme: str, extra: str) -> MissingExtraError:
    """Make the error that tells which extra of cachetory a scheme needs."""
    return MissingExtraError(
        f"`{scheme}://` needs the `{extra}` extra. "
        f"Install it with: pip install 'cachetory[{extra}]'"
    )


def _import(scheme: str, target: _Lazy) -> object:
    module, _, attribute = target.path.partition(":")
    try:
        return attrgetter(attribute)(import_module(module))
    except MissingExtraError:
        raise
    except (ImportError, AttributeError) as error:
        if target.extra and isinstance(error, ImportError):
            raise missing_extra(scheme, target.extra) from error
        msg = f"`{scheme}://` stands for `{target.path}`, which fails to import"
        raise ConfigurationError(msg) from error
