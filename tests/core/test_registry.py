"""Schemes lead to classes, functions and extras, of this library and of others."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

from cachetory._core.registry import Registry
from cachetory.errors import ConfigurationError, MissingExtraError


class Thing:
    def __init__(self, url):
        self.url = url

    @classmethod
    def from_url(cls, url):
        return cls(url)


@pytest.fixture
def registry():
    return Registry("thing", entry_points="cachetory.things_of_tests")


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Make modules importable, and forget them afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def write(name, source):
        (tmp_path / f"{name}.py").write_text(dedent(source))
        return name

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_registry_makes_by_from_url_of_a_class(registry):
    registry.register("thing", Thing)

    made = registry.make("THING://x?y=1")

    assert isinstance(made, Thing)
    assert made.url == "THING://x?y=1"


def test_registry_makes_by_calling_a_function(registry):
    registry.register("thing", lambda url: [url])

    assert registry.make("thing://") == ["thing://"]


def test_registry_imports_a_lazy_target_on_first_use_alone(registry, module):
    name = module(
        "lazy_target", "class Outer:\n    class Inner:\n        from_url = staticmethod(len)"
    )
    registry.register("lazy", f"{name}:Outer.Inner")
    assert name not in sys.modules

    made = registry.make("lazy://")

    assert made == len("lazy://")
    assert registry.resolve("lazy") is sys.modules[name].Outer.Inner


def test_registry_last_registration_wins(registry):
    registry.register("thing", lambda _: "old")
    registry.register("Thing", lambda _: "new")

    assert registry.make("thing://") == "new"


def test_registry_unknown_scheme_is_refused_with_the_closest_and_all_known(registry):
    registry.register("zlib", Thing)
    registry.register("zstd", Thing)

    with pytest.raises(ConfigurationError) as caught:
        registry.make("zstdd://user:canary@host")

    message = str(caught.value)
    assert message.startswith("`zstdd://` is not supported as a thing; did you mean `zstd://`?")
    assert message.endswith("Known schemes: `zlib`, `zstd`")


def test_registry_unknown_scheme_like_no_other_is_refused_without_a_guess(registry):
    registry.register("zlib", Thing)

    with pytest.raises(ConfigurationError, match=r"`qqq://` is not supported as a thing\. Known"):
        registry.make("qqq://")


def test_registry_target_whose_dependency_is_missing_names_the_extra(registry, module):
    name = module("needs_more", "import surely_not_installed")
    registry.register("big", f"{name}:Thing", extra="big-extra")

    with pytest.raises(MissingExtraError) as caught:
        registry.make("big://")

    assert str(caught.value) == (
        "`big://` needs the `big-extra` extra. Install it with: pip install 'cachetory[big-extra]'"
    )
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_registry_target_that_names_its_own_extra_is_believed(registry, module):
    name = module(
        "knows_better",
        """
        from cachetory._core.registry import missing_extra
        raise missing_extra("mine", "my-extra")
        """,
    )
    registry.register("big", f"{name}:Thing", extra="other")

    with pytest.raises(MissingExtraError, match=r"cachetory\[my-extra\]"):
        registry.make("big://")


@pytest.mark.parametrize("path", ["nowhere_to_be_found:Thing", "sys:nothing"])
def test_registry_target_that_does_not_exist_is_refused(registry, path):
    registry.register("broken", path)

    with pytest.raises(ConfigurationError, match=f"`broken://` stands for `{path}`"):
        registry.make("broken://")


@pytest.mark.parametrize("scheme", ["", "a b", "a://", "1", "é"])
def test_registry_scheme_that_cannot_stand_in_a_url_is_refused(registry, scheme):
    with pytest.raises(ConfigurationError, match="cannot be a scheme"):
        registry.register(scheme, Thing)


@pytest.mark.parametrize("target", ["no_attribute", "module:", ":Thing", 42, None])
def test_registry_target_that_cannot_make_anything_is_refused(registry, target):
    with pytest.raises(ConfigurationError, match="is no target for `x://`"):
        registry.register("x", target)


@pytest.fixture
def installed(tmp_path, module):
    """Pretend that another package is installed, which adds schemes."""
    metadata = tmp_path / "another_package-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: another-package\nVersion: 1.0\n"
    )
    (metadata / "entry_points.txt").write_text(
        "[cachetory.things_of_tests]\n"
        "another = another_module:make\n"
        "broken = another_module:nothing\n"
        "known = another_module:make\n"
    )
    return module("another_module", "def make(url):\n    return 'another', url\n")


@pytest.mark.usefixtures("installed")
def test_registry_scheme_of_an_installed_package_is_found(registry):
    assert registry.make("another://x") == ("another", "another://x")
    assert "another" in registry.schemes()


@pytest.mark.usefixtures("installed")
def test_registry_scheme_of_an_installed_package_does_not_replace_a_known_one(registry):
    registry.register("known", lambda _: "mine")

    assert registry.make("known://") == "mine"


@pytest.mark.usefixtures("installed")
def test_registry_scheme_of_an_installed_package_that_is_broken_is_refused(registry):
    with pytest.raises(ConfigurationError, match="`broken://` stands for `another_module:nothing`"):
        registry.make("broken://")


@pytest.mark.usefixtures("installed")
def test_registry_unknown_scheme_lists_those_of_installed_packages(registry):
    with pytest.raises(ConfigurationError, match="`another`, `broken`, `known`"):
        registry.make("what://")
