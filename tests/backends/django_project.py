"""A Django project with one cache of each kind that Django has, in this process."""

from __future__ import annotations

import tempfile
from pathlib import Path

import django
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management import call_command
from django.db import connections

_BACKENDS = "django.core.cache.backends"
_MANY = {"MAX_ENTRIES": 100_000}
_FAST = "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY"

DIRECTORY = tempfile.TemporaryDirectory(prefix="cachetory-django-", ignore_cleanup_errors=True)
"""Where the file-based cache and the database live."""


def set_up() -> None:
    """Configure Django, once; whoever uses it in tests has these caches."""
    if settings.configured:
        return
    path = Path(DIRECTORY.name)
    settings.configure(
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": path / "database.sqlite3",
                "OPTIONS": {"init_command": _FAST} if django.VERSION >= (5, 1) else {},
            }
        },
        CACHES={
            "default": {
                "BACKEND": f"{_BACKENDS}.locmem.LocMemCache",
                "LOCATION": "default",
                "OPTIONS": _MANY,
            },
            "MixedCase": {
                "BACKEND": f"{_BACKENDS}.locmem.LocMemCache",
                "LOCATION": "mixed",
                "TIMEOUT": 1,
                "KEY_PREFIX": "mixed",
                "VERSION": 7,
            },
            "file": {
                "BACKEND": f"{_BACKENDS}.filebased.FileBasedCache",
                "LOCATION": str(path / "files"),
                "OPTIONS": _MANY,
            },
            "database": {
                "BACKEND": f"{_BACKENDS}.db.DatabaseCache",
                "LOCATION": "cache_entries",
                "OPTIONS": _MANY,
            },
        },
    )
    django.setup()
    call_command("createcachetable")


def sync_close_connections() -> None:
    """Close the connections of this thread to the database."""
    connections.close_all()


async def async_close_connections() -> None:
    """Close those of the thread in which Django does the work of asynchronous methods."""
    await sync_to_async(connections.close_all)()
