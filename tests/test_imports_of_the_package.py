"""`import cachetory` and names that are imported from it by mistake."""

from __future__ import annotations

import importlib

import pytest

import cachetory
from cachetory import async_, sync


@pytest.mark.parametrize("name", sorted({*sync.__all__, *async_.__all__, "Policy"}))
def test_name_from_package_names_both_modules(name: str) -> None:
    with pytest.raises(ImportError) as caught:
        exec(f"from cachetory import {name}", {})

    assert f"from cachetory.sync import {name}" in str(caught.value)
    assert f"from cachetory.async_ import {name}" in str(caught.value)
    assert hasattr(sync, name)
    assert hasattr(async_, name)


def test_submodule_from_package_is_imported() -> None:
    assert importlib.import_module("cachetory.policy").Policy is sync.Policy


def test_unknown_name_of_package_is_no_attribute() -> None:
    assert not hasattr(cachetory, "unknown")
    with pytest.raises(ImportError, match="unknown"):
        exec("from cachetory import unknown", {})
