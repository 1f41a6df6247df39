"""Read what `CACHES` says of a cache, as strictly as a URL is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from cachetory.errors import ConfigurationError, InvalidDurationError
from cachetory.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

DEFAULT_POLICY = Policy(lease=5.0)
"""One load at a time among all processes."""

KNOWN = ("ON_BACKEND_ERROR", "POLICY", "SERIALIZER")


@dataclass(frozen=True)
class Options:
    """What makes a cache; those who ask for the same share it.

    Attributes:
        url: Where entries are kept.
        prefix: What stands before every key.
        serializer: A serializer or its URL.
        policy: How values are loaded.
        on_backend_error: What a failure of the store means, `"miss"` or `"raise"`.
    """

    url: str = field(repr=False)
    prefix: str
    serializer: Any
    policy: Policy
    on_backend_error: Any

    @classmethod
    def read(cls, location: object, params: Mapping[str, Any]) -> Self:
        """Read `LOCATION` and the rest of a cache's settings.

        Raises:
            ImproperlyConfigured: for what is unknown, misplaced or unusable.
        """
        if not isinstance(location, str) or not location:
            msg = (
                "`LOCATION` of a CachetoryCache is the URL of its store, such as "
                f"`redis://localhost:6379` or `memory://`, not {_kind(location)}"
            )
            raise ImproperlyConfigured(msg)
        for name in KNOWN:
            if name in params:
                msg = f"`{name}` of a CachetoryCache belongs in its `OPTIONS`"
                raise ImproperlyConfigured(msg)
        options: Mapping[str, Any] = params.get("OPTIONS") or {}
        for name in options:
            if name not in KNOWN:
                raise ImproperlyConfigured(_unknown(name))
        return cls(
            url=location,
            prefix=f"django:{quote(str(params.get('KEY_PREFIX', '')), safe='')}:",
            serializer=options.get("SERIALIZER", "pickle://"),
            policy=_policy(options.get("POLICY", {})),
            on_backend_error=_choice("ON_BACKEND_ERROR", options, "miss", "raise"),
        )


def _policy(given: Any) -> Policy:
    if isinstance(given, Policy):
        policy = given
    else:
        try:
            policy = DEFAULT_POLICY.replace(**given)
        except (ConfigurationError, InvalidDurationError) as error:
            msg = f"`POLICY` of a CachetoryCache: {error}"
            raise ImproperlyConfigured(msg) from None
        except TypeError:
            msg = (
                "`POLICY` of a CachetoryCache is a Policy, or a dict of its fields, not "
                f"a {type(given).__name__}"
            )
            raise ImproperlyConfigured(msg) from None
    if policy.time_to_live is not None:
        msg = "`POLICY` of a CachetoryCache has no `time_to_live`: `TIMEOUT` of the cache says that"
        raise ImproperlyConfigured(msg)
    return policy


def _choice(name: str, options: Mapping[str, Any], *choices: str) -> str:
    chosen = options.get(name, choices[0])
    if chosen in choices:
        return str(chosen)
    known = " or ".join(f'"{choice}"' for choice in choices)
    msg = f"`{name}` of a CachetoryCache is {known}, not {chosen!r}"
    raise ImproperlyConfigured(msg)


def _unknown(name: str) -> str:
    known = ", ".join(f"`{it}`" for it in KNOWN)
    msg = f"`OPTIONS` of a CachetoryCache has no `{name}`; known ones are {known}"
    if name == "MAX_ENTRIES":
        msg += ". The bound of a memory store is in its URL: `memory://?max-entries=1000`"
    return msg


def _kind(location: object) -> str:
    return f"a {type(location).__name__}" if location else "nothing"
