"""Run Django's own tests of caches against `cachetory.django.CachetoryCache`.

    .venv/bin/python tools/django_suite.py                 in memory, a file, and on a Valkey server
    .venv/bin/python tools/django_suite.py redis://…       in a store of yours, which is emptied
    .venv/bin/python tools/django_suite.py --sdist FILE …  with a source distribution at hand

The tests are those of the Django that is installed, out of its source distribution, which pip
downloads. So this is not part of the project's own tests. What `BaseCacheTests` tests is tested
twice: by the plain methods, and by the asynchronous ones in their place. The tests of the cache
middleware and the decorators, which Django runs over its memory cache, run over ours.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import subprocess
import sys
import tarfile
import unittest
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unittest import mock

import django
from asgiref.sync import async_to_sync
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
BACKEND = "cachetory.django.CachetoryCache"
AWAITED = {
    *("add", "clear", "decr", "decr_version", "delete", "delete_many", "get", "get_many"),
    *("get_or_set", "has_key", "incr", "incr_version", "set", "set_many", "touch"),
}
ELSEWHERE = (
    *("CacheUtils", "PrefixedCacheUtils", "CacheHEADTest", "CacheI18nTest"),
    *("PrefixedCacheI18nTest", "CacheMiddlewareTest", "TestWithTemplateResponse"),
    "DefaultNonExpiringCacheKeyTests",
)
"""Classes of tests that Django runs over its memory cache."""


class Awaiting:
    """A Django cache, or the handler of all, whose plain methods are the asynchronous ones."""

    def __init__(self, cache: Any) -> None:
        self.__dict__.update(_cache=cache)

    def __getattr__(self, name: str) -> Any:
        if name not in AWAITED:
            return getattr(self._cache, name)
        method = getattr(self._cache, f"a{name}")
        return async_to_sync(method)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._cache, name, value)

    def __getitem__(self, alias: str) -> Awaiting:
        return Awaiting(self._cache[alias])

    def __contains__(self, key: str) -> bool:
        return bool(self.has_key(key))


def fetch(folder: Path) -> Path:
    """Download the source distribution of the installed Django."""
    wanted = f"django=={django.get_version()}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-binary", "django", "--dest", str(folder), wanted], check=True)
    return next(folder.glob("*.tar.gz"))


def unpack(archive: Path, folder: Path) -> Path:
    """Take the tests out of a source distribution."""
    with tarfile.open(archive) as tar:
        members = [it for it in tar.getmembers() if it.name.split("/")[1:2] == ["tests"]]
        tar.extractall(folder, members, filter="data")
    return next(folder.glob("*/tests"))


def set_up(tests: Path) -> None:
    """Configure Django as its own runner does, as far as the tests of caches need it."""
    sys.path.insert(0, str(tests))
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "cache"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        LANGUAGE_CODE="en",
        ROOT_URLCONF="urls",
        SECRET_KEY="of-no-use",  # noqa: S106
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        USE_TZ=False,
    )
    django.setup()


def classes_for(url: str) -> Iterator[type[Any]]:
    """Make the classes of tests for a store."""
    from django.core.cache import caches  # noqa: PLC0415 (needs the settings)
    from django.test import TestCase, override_settings  # noqa: PLC0415 (needs the settings)

    module: Any = importlib.import_module("cache.tests")
    dummy: Any = importlib.import_module("cache.tests_async")
    shared = {"BACKEND": BACKEND, "LOCATION": url}
    # Django has no tests of stores that cull by themselves but these, which need its options.
    aliases = module.caches_setting_for_tests(exclude={"cull", "zero_cull"}, **shared)

    def clear_all(_case: Any) -> None:
        for cache in caches.all():  # where Django's own empty the whole store
            cache.clear()

    class Plain(module.BaseCacheTests, TestCase):  # type: ignore[name-defined, misc]
        """The plain methods."""

        tearDown = clear_all

    class Awaited(module.BaseCacheTests, TestCase):  # type: ignore[name-defined, misc]
        """The asynchronous methods."""

        tearDown = clear_all

        def run(self, result: Any = None) -> Any:
            with (
                mock.patch.object(module, "cache", Awaiting(module.cache)),
                mock.patch.object(module, "caches", Awaiting(module.caches)),
            ):
                return super().run(result)

    for name, test in vars(module.BaseCacheTests).items():
        if inspect.iscoroutinefunction(test):  # awaits by itself
            setattr(Awaited, name, None)
    yield override_settings(CACHES=aliases)(Plain)
    yield override_settings(CACHES=aliases)(Awaited)
    for name in ELSEWHERE:
        original = getattr(module, name)
        overridden = original._overridden_settings or {}  # noqa: SLF001 (there is no other way)
        adapted = {
            alias: {**it, **shared, "KEY_PREFIX": it.get("KEY_PREFIX", it.get("LOCATION", ""))}
            if "locmem" in it["BACKEND"]
            else it
            for alias, it in overridden.get("CACHES", settings.CACHES).items()
        }
        yield override_settings(CACHES=adapted)(type(name, (original,), {}))
    nothing = {"BACKEND": BACKEND, "LOCATION": "dummy://", "OPTIONS": {"SERIALIZER": "noop://"}}
    yield override_settings(CACHES={"default": nothing})(
        type("AsyncDummyCacheTests", (dummy.AsyncDummyCacheTests,), {})
    )


def run(url: str) -> bool:
    """Run all tests on one store, report, and tell whether none has failed."""
    loader = unittest.TestLoader()
    suite = unittest.TestSuite(map(loader.loadTestsFromTestCase, classes_for(url)))
    total = suite.countTestCases()
    result = unittest.TextTestRunner(verbosity=0, stream=sys.stderr).run(suite)
    failed = [_name(case) for case, _ in [*result.failures, *result.errors]]
    passed = total - len(failed) - len(result.skipped)
    print(f"{passed} passed, {len(failed)} failed, {len(result.skipped)} skipped")
    for reason, times in Counter(reason for _, reason in result.skipped).items():
        print(f"  skipped {times}: {reason}")
    for name in failed:
        print(f"  failed {name}")
    return not failed


def _name(case: Any) -> str:
    return ".".join(case.id().split(".")[-2:])


def main() -> int:
    """Fetch the tests and run them on each store."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("urls", nargs="*", help="where to keep entries")
    parser.add_argument("--sdist", type=Path, help="the source distribution of the same Django")
    given = parser.parse_args()
    from django.test.utils import (  # noqa: PLC0415 (imports much)
        get_runner,
    )

    with TemporaryDirectory() as name:
        folder = Path(name)
        set_up(unpack(given.sdist or fetch(folder), folder))
        runner = get_runner(settings)(verbosity=0, interactive=False)
        runner.setup_test_environment()
        databases = runner.setup_databases()
        try:
            print(f"Django {django.get_version()} on Python {sys.version.split()[0]}")
            own = ("memory://", f"sqlite:///{folder}/cache.db?busy-timeout=20", "")
            good = [run_on(url) for url in given.urls or own]
            return int(not all(good))
        finally:
            runner.teardown_databases(databases)
            runner.teardown_test_environment()


def run_on(url: str) -> bool:
    """Run on a store; without a URL, on a server of our own."""
    if url:
        print(f"On {url.partition('://')[0]}:")
        return run(url)
    sys.path.insert(0, str(ROOT))
    from tests.servers import Server  # noqa: PLC0415 (lives in the tests)

    with Server("valkey") as server:
        print("On a Valkey server:")
        return run(f"{server.fresh_url()}?socket_timeout=10")


if __name__ == "__main__":
    sys.exit(main())
