"""One exception for several callers: each of them raises an object of its own.

Raising an exception changes it: Python appends to its traceback, sets its context, and callers add
notes and causes. So callers who share the outcome of a load must not raise the same object.
"""

from __future__ import annotations

from types import GetSetDescriptorType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

_FIELD_TYPES = (MemberDescriptorType, GetSetDescriptorType)
_COPIED_OTHERWISE = frozenset({"__dict__", "__weakref__", "__traceback__", "__context__", "args"})


class SharedError:
    """An exception that was caught once, and is raised by each of several callers.

    The first caller gets the very object. Others get copies of it as it was when it was caught:
    of the same class, with the same arguments, attributes, notes, cause and context. An exception
    that cannot be copied is given to all, with its traceback, cause and context reset.

    Args:
        error: the exception.
        traceback: what every traceback begins with. Callers add their own frames.
    """

    __slots__ = ("_cause", "_context", "_first", "_spare", "_traceback")

    def __init__(self, error: Exception, traceback: TracebackType | None) -> None:
        self._traceback = traceback
        self._cause = error.__cause__, error.__suppress_context__
        self._context = error.__context__
        self._first = [error]
        self._spare: Exception = copy_of(error) or error

    @property
    def error(self) -> Exception:
        """The exception, or a copy of it once the first caller has taken it."""
        return self._first[0] if self._first else self._spare

    @property
    def kind(self) -> type[Exception]:
        """The class of the exception."""
        return type(self._spare)

    def take(self) -> Exception:
        """Return an exception for one caller to raise."""
        try:
            error = self._first.pop()
        except IndexError:
            error = copy_of(self._spare) or self._spare
        _set(error, "__cause__", self._cause[0])
        _set(error, "__suppress_context__", self._cause[1])
        _set(error, "__context__", self._context)
        return _with_traceback(error, self._traceback)


def shared_from(error: Exception) -> SharedError:
    """Share an exception that is being handled, without the frame that has caught it."""
    traceback = error.__traceback__
    return SharedError(error, None if traceback is None else traceback.tb_next)


def copy_of(error: Exception) -> Exception | None:
    """Return an exception like this one without calling its `__init__`, or `None` if none can be.

    Members of an exception group are copied as well.
    """
    cls = type(error)
    args = error.args
    members: Any = getattr(error, "exceptions", None)
    is_group = _is_group(cls)
    try:
        if is_group:
            copies = list(map(_copy_of_member, members))
            copied: Any = _builtin_new(cls)(cls, getattr(error, "message", ""), copies)
        else:
            copied = _builtin_new(cls)(cls, *args)
            _set(copied, "args", args)
        if type(copied) is not cls:
            return None
        _copy_fields(error, copied)
    except Exception:
        return None
    state = vars(copied)
    state.update(vars(error))
    notes: Any = state.get("__notes__")
    if isinstance(notes, list):
        state["__notes__"] = notes.copy()
    for name in ("__cause__", "__context__", "__suppress_context__"):
        _set(copied, name, getattr(error, name))
    result: Exception = copied
    return result


def _set(error: BaseException, name: str, value: object) -> None:
    """Set an attribute of every exception, also of one whose class refuses to be changed."""
    BaseException.__setattr__(error, name, value)


def _with_traceback(error: Exception, traceback: TracebackType | None) -> Exception:
    _set(error, "__traceback__", traceback)
    return error


def _copy_of_member(member: Exception) -> Exception:
    copied = copy_of(member)
    return member if copied is None else _with_traceback(copied, member.__traceback__)


def _is_group(cls: type) -> bool:
    return any(it.__name__ == "BaseExceptionGroup" for it in cls.__mro__)


def _builtin_new(cls: type) -> Any:
    """Return the `__new__` of the nearest built-in base, since a class may define another."""
    for base in cls.__mro__:
        if "__new__" in vars(base) and not base.__flags__ & _IS_HEAP_TYPE:
            return vars(base)["__new__"]
    return BaseException.__new__


_IS_HEAP_TYPE = 1 << 9
"""The flag of classes that are made by a `class` statement."""


def _copy_fields(source: BaseException, target: BaseException) -> None:
    """Copy what is stored outside of `__dict__`: slots, and the fields of built-in exceptions."""
    for base in type(source).__mro__:
        for name, field in vars(base).items():
            if not isinstance(field, _FIELD_TYPES) or name in _COPIED_OTHERWISE:
                continue
            try:
                value = field.__get__(source)
            except AttributeError:  # it is not set
                continue
            if _get(field, target) is value:  # `None` may stand for what is not set
                continue
            try:
                field.__set__(target, value)
            except (AttributeError, TypeError):  # it can only be read
                if _get(field, target) != value and not isinstance(value, tuple):
                    raise


def _get(field: Any, error: BaseException) -> Any:
    try:
        return field.__get__(error)
    except AttributeError:  # it is not set
        return _get
