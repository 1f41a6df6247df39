"""Every error of the library is also the built-in one that a caller expects."""

from __future__ import annotations

import pickle
import re

import pytest

from cachetory import errors
from cachetory.errors import (
    CachetoryError,
    ConfigurationError,
    DecodeError,
    InvalidDurationError,
    InvalidKeyError,
    LoadTimeoutError,
    MissingExtraError,
    NoEventLoopError,
    NoValueError,
    UncacheableFunctionError,
    UnkeyableArgumentError,
    UnsupportedOperationError,
)

PARENTS: dict[type[CachetoryError], tuple[type[Exception], ...]] = {
    ConfigurationError: (ValueError,),
    MissingExtraError: (ConfigurationError, ImportError),
    InvalidDurationError: (ValueError,),
    InvalidKeyError: (ValueError,),
    UnkeyableArgumentError: (TypeError,),
    UncacheableFunctionError: (TypeError,),
    DecodeError: (ValueError,),
    NoValueError: (LookupError,),
    LoadTimeoutError: (TimeoutError,),
    UnsupportedOperationError: (NotImplementedError,),
    NoEventLoopError: (RuntimeError,),
}
CLASSES = {it for it in vars(errors).values() if isinstance(it, type)}


def test_every_error_is_known_here() -> None:
    assert PARENTS.keys() | {CachetoryError} == CLASSES


@pytest.mark.parametrize("error", PARENTS, ids=lambda it: it.__name__)
def test_error_is_what_a_caller_expects(error: type[CachetoryError]) -> None:
    assert issubclass(error, CachetoryError)
    assert issubclass(error, PARENTS[error])


@pytest.mark.parametrize("error", PARENTS, ids=lambda it: it.__name__)
def test_error_never_passes_for_a_missing_key(error: type[CachetoryError]) -> None:
    assert not issubclass(error, KeyError)
    assert error is NoValueError or not issubclass(error, LookupError)


@pytest.mark.parametrize("error", PARENTS, ids=lambda it: it.__name__)
def test_error_keeps_its_message_and_survives_pickling(error: type[CachetoryError]) -> None:
    raised = error("what happened, and the way out")

    twin = pickle.loads(pickle.dumps(raised))
    assert type(twin) is error
    assert str(twin) == str(raised) == "what happened, and the way out"


def test_tree_in_the_documentation_names_every_error_and_its_parents() -> None:
    lines = re.findall(r"(\w+Error)(?: \((\w+Error)\))?", errors.__doc__ or "")
    tree = {name: parent for name, parent in lines if hasattr(errors, name)}

    assert tree.keys() == {it.__name__ for it in CLASSES}
    for error, parents in PARENTS.items():
        assert tree[error.__name__] in {parent.__name__ for parent in parents}
        assert (error.__doc__ or "").strip()
