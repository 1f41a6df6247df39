"""Check what users give to caches and decorators, at the moment when they give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cachetory._core.sentinels import INLINE
from cachetory._core.urls import redact
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def check_operations(name: str, value: object, operations: Collection[str], example: str) -> None:
    """Refuse `None`, a class, and an object without the operations.

    Args:
        name: the name of the option.
        value: what was given.
        operations: the methods that it must have.
        example: a URL that may be given instead.

    Raises:
        ConfigurationError: naming the value and the way out.
    """
    if isinstance(value, type):
        msg = f"{name}={value.__name__} is a class: give an object of it, or a URL: {example!r}"
        raise ConfigurationError(msg)
    missing = [it for it in operations if not callable(getattr(value, it, None))]
    if missing:
        msg = (
            f"{name}={shown(value)} is not a {name}, since it has no method `{missing[0]}`: "
            f"give a {name} object, or a URL such as {example!r}"
        )
        raise ConfigurationError(msg)


def check_text(name: str, value: object) -> None:
    """Refuse what is not a string.

    Raises:
        ConfigurationError: naming the value and the way out.
    """
    if not isinstance(value, str):
        msg = f"{name}={value!r} is not a string: write {name}='' for none"
        raise ConfigurationError(msg)


def check_callable(name: str, value: object) -> None:
    """Refuse what is neither `None` nor can be called.

    Raises:
        ConfigurationError: naming the value.
    """
    if value is not None and not callable(value):
        msg = f"{name}={value!r} cannot be called: give a function"
        raise ConfigurationError(msg)


def check_executor(name: str, value: object) -> None:
    """Refuse what is neither `None`, nor a marker of this library, nor runs functions.

    Raises:
        ConfigurationError: naming the value and the way out.
    """
    if value is None or value is INLINE or callable(getattr(value, "submit", None)):
        return
    msg = f"{name}={value!r} is not an executor: give a ThreadPoolExecutor, for example, or None"
    raise ConfigurationError(msg)


def check_flag(name: str, value: object) -> None:
    """Refuse what is none of `True`, `False` and `None`.

    Raises:
        ConfigurationError: naming the value.
    """
    if value is not None and not isinstance(value, bool):
        msg = f"{name}={value!r} is not True, False or None"
        raise ConfigurationError(msg)


def check_policy(policy: object) -> None:
    """Refuse what is neither `None` nor a `Policy`.

    Raises:
        ConfigurationError: naming the value, and how to write it as a policy.
    """
    if policy is None or hasattr(policy, "plan"):
        return
    fields = "time_to_live=60"
    given: dict[Any, Any] = cast("Any", policy) if isinstance(policy, dict) else {}
    if given and all(isinstance(name, str) for name in given):
        fields = ", ".join(f"{name}={it!r}" for name, it in given.items())
    msg = f"policy={policy!r} is not a policy: write policy=Policy({fields})"
    raise ConfigurationError(msg)


def check_names(owner: str, unknown: dict[str, Any], policy_fields: Collection[str]) -> None:
    """Refuse keyword arguments that do not exist.

    Raises:
        TypeError: naming the first, and the policy if it is a field of that.
    """
    for name, value in unknown.items():
        way_out = f": write policy=Policy({name}={value!r})" if name in policy_fields else ""
        msg = f"{owner} has no option `{name}`{way_out}"
        raise TypeError(msg)


def check_loader(load: object) -> None:
    """Refuse a loader that cannot be called.

    Raises:
        TypeError: naming the value and the way out.
    """
    if not callable(load):
        msg = f"{shown(load)} is not a loader: give a function that returns the value"
        raise TypeError(msg)


def list_keys(keys: Iterable[str]) -> list[str]:
    """Return many keys as a list, and refuse one key, which would be split into letters.

    Raises:
        TypeError: for a string.
    """
    if isinstance(keys, (str, bytes)):
        msg = f"expected a list of keys, not the single key {keys!r}: write [{keys!r}]"
        raise TypeError(msg)
    return list(keys)


def shown(value: object) -> str:
    """Show plain values; of other objects only their type, since they may hold a password."""
    if isinstance(value, str):
        return repr(redact(value))
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    return f"<{type(value).__name__}>"
