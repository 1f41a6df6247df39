"""Exceptions that several callers raise: each gets one of its own."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetory._core.shared_error import SharedError, copy_of, shared_from

if TYPE_CHECKING:
    from typing_extensions import Self


class FussyError(Exception):
    """Its `__init__` does not take its `args`."""

    def __init__(self, code: int, *, detail: str) -> None:
        super().__init__(f"code {code}")
        self.code = code
        self.detail = detail


class SlottedError(Exception):
    __slots__ = ("left", "right", "unset")

    def __init__(self, left: int, right: int) -> None:
        self.left = left
        self.right = right


class OwnNewError(Exception):
    def __new__(cls, *_args: object) -> Self:
        return super().__new__(cls, "made by itself")


class OwnOsError(OSError):
    def __init__(self, host: str) -> None:
        super().__init__(111, "refused", host)
        self.host = host


class ManyBasesError(FussyError, KeyError):
    pass


class FrozenError(Exception):
    """It refuses to be changed, as an exception that is a frozen dataclass does."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


def uncopyable() -> Exception:
    """Make an exception of a class in C that has no way to be made like another."""
    with pytest.raises(pydantic.ValidationError) as caught:
        pydantic.TypeAdapter(int).validate_python("x")
    return caught.value.with_traceback(None)


ERRORS: list[Exception] = [
    ValueError("text", 1),
    KeyError("key"),
    FussyError(3, detail="more"),
    SlottedError(1, 2),
    OwnNewError(),
    OwnOsError("host"),
    ManyBasesError(4, detail="most"),
    OSError(2, "missing", "file", None, "other file"),
    FileNotFoundError(2, "missing"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "reason"),
    UnicodeEncodeError("ascii", "\xff", 0, 1, "reason"),
    StopIteration(5),
    ImportError("text", name="module", path="path"),
    SyntaxError("text", ("file", 1, 2, "line")),
    AttributeError("text"),
    RecursionError("text"),
]
if sys.version_info >= (3, 11):
    ERRORS.append(ExceptionGroup("group", [ValueError(1), FussyError(5, detail="inner")]))  # noqa: F821
FIELDS = (
    *("code", "detail", "left", "right", "host", "errno", "strerror", "filename", "filename2"),
    *("encoding", "object", "start", "end", "reason", "value", "name", "path", "msg", "lineno"),
    *("offset", "text", "message"),
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda it: type(it).__name__)
def test_copy_of_an_exception_is_like_it(error: Exception) -> None:
    copied = copy_of(error)

    assert copied is not None
    assert copied is not error
    assert type(copied) is type(error)
    assert str(copied) == str(error)
    assert repr(copied) == repr(error)
    assert vars(copied) == vars(error)
    for name in FIELDS:
        assert getattr(copied, name, None) == getattr(error, name, None)


@pytest.mark.parametrize("error", ERRORS, ids=lambda it: type(it).__name__)
def test_callers_do_not_see_what_others_do_to_their_exception(error: Exception) -> None:
    shared = _raised(error)
    first = shared.take()
    first.__cause__ = ValueError("of the first caller")
    vars(first)["__notes__"] = ["of the first caller"]

    second, third = shared.take(), shared.take()

    assert first is error
    assert len({id(it) for it in (first, second, third)}) == 3
    assert second.__cause__ is None
    assert not hasattr(second, "__notes__")


@pytest.mark.parametrize("error", [*ERRORS, uncopyable()], ids=lambda it: type(it).__name__)
def test_traceback_of_each_caller_has_the_frames_of_the_load_and_its_own(
    error: Exception,
) -> None:
    shared = _raised(error)

    lengths: list[int] = []
    for _ in range(50):
        try:
            raise shared.take()
        except Exception as raised:
            frames = traceback.extract_tb(raised.__traceback__)
            lengths.append(len(frames))
            assert [it.name for it in frames][1:] == ["fail"]

    assert set(lengths) == {2}


def test_exception_that_cannot_be_copied_is_given_to_all_as_it_was() -> None:
    error = uncopyable()
    shared = _raised(error)
    shared.take().__cause__ = ValueError("of the first caller")

    assert shared.take() is error
    assert error.__cause__ is None


def test_exception_that_refuses_to_be_changed_is_copied() -> None:
    error = FrozenError("x")
    shared = _raised(error)

    taken = [shared.take() for _ in range(3)]
    assert taken[0] is error
    assert [type(it) for it in taken] == [FrozenError] * 3
    assert [it.args for it in taken] == [("x",)] * 3
    assert len(set(map(id, taken))) == 3


def test_copy_keeps_notes_cause_and_context() -> None:
    error = ValueError("text")
    error.__cause__ = KeyError("cause")
    error.__context__ = KeyError("context")
    vars(error)["__notes__"] = ["a note"]

    copied: Any = copy_of(error)

    assert copied.__cause__ is error.__cause__
    assert copied.__context__ is error.__context__
    assert copied.__suppress_context__
    assert copied.__notes__ == ["a note"]
    assert copied.__notes__ is not vars(error)["__notes__"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no exception groups yet")
def test_members_of_a_group_are_copied_as_well() -> None:
    group = ERRORS[-1]

    copied: Any = copy_of(group)

    assert all(
        one is not other for one, other in zip(copied.exceptions, _members(group), strict=True)
    )


@given(
    st.sampled_from([ValueError, OSError, LookupError, RuntimeError, UnicodeError]),
    st.lists(st.none() | st.integers() | st.text()),
    st.dictionaries(st.text(min_size=1), st.integers()),
)
def test_copy_has_the_arguments_and_attributes(
    kind: type[Exception], args: list[Any], attributes: dict[str, int]
) -> None:
    error = kind(*args)
    vars(error).update(attributes)

    copied = copy_of(error)

    assert copied is not None
    assert (type(copied), copied.args, str(copied)) == (type(error), error.args, str(error))
    assert vars(copied) == vars(error)


def _members(group: Any) -> Any:
    return group.exceptions


def _raised(error: Exception) -> SharedError:
    def fail() -> None:
        raise error.with_traceback(None)

    BaseException.__setattr__(error, "__cause__", None)
    vars(error).pop("__notes__", None)
    try:
        fail()
    except Exception as raised:
        return shared_from(raised)
    raise AssertionError
