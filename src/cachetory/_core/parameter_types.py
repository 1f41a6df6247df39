"""Find a parameter whose arguments can never be part of a key, by its annotation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from cachetory._core.keys import encode, is_never_keyable
from cachetory.errors import UnkeyableArgumentError

if TYPE_CHECKING:
    from collections.abc import Collection
    from inspect import Parameter, Signature


def unkeyable_parameter(
    signature: Signature,
    names: Collection[str],
    namespace: dict[str, Any],
    *,
    is_per_item: bool,
) -> tuple[str, str] | None:
    """Return name and class of the first parameter that makes every call unkeyable, or `None`.

    A parameter counts if its annotation is exactly one class whose instances have no identity, and
    if calls cannot leave it out. An annotation that cannot be evaluated does not count.

    Args:
        signature: the parameters of the function, with their annotations.
        names: those that take part in the key.
        namespace: the variables of the module of the function.
        is_per_item: whether one of the parameters takes the items, which are keyed one by one.
    """
    for it in signature.parameters.values():
        if it.name not in names or it.name in {"self", "cls"} or _can_be_left_out(it):
            continue
        cls = _evaluated(it.annotation, namespace)
        if get_origin(cls) is not None or not isinstance(cls, type):
            continue
        if is_per_item and any(hasattr(cls, name) for name in ("__iter__", "__getitem__")):
            continue
        if is_never_keyable(cls):
            return it.name, cls.__qualname__
    return None


def _can_be_left_out(parameter: Parameter) -> bool:
    if parameter.default is parameter.empty:
        return False
    try:
        encode(parameter.default)
    except UnkeyableArgumentError:
        return False
    return True


def _evaluated(annotation: Any, namespace: dict[str, Any]) -> Any:
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, namespace)  # noqa: S307  # of the function itself
        except Exception:
            return None
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
