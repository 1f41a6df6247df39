"""Settings: one store for Django's cache and for cached functions, in memory or by `REDIS_URL`."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

STORE = os.environ.get("REDIS_URL", "memory://shop")

CACHES = {
    "default": {
        "BACKEND": "cachetory.django.CachetoryCache",
        "LOCATION": STORE,
        "KEY_PREFIX": "shop",
        "TIMEOUT": 300,
        "OPTIONS": {
            "POLICY": {"jitter": 0.1},  # besides the default, one load among all processes
            "ON_BACKEND_ERROR": "miss",
        },
    },
    "sessions": {
        "BACKEND": "cachetory.django.CachetoryCache",
        "LOCATION": STORE,
        "KEY_PREFIX": "shop-sessions",
        "OPTIONS": {"SERIALIZER": "json://"},  # which runs no code that somebody put into the store
    },
}

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_CACHE_ALIAS = "sessions"

SECRET_KEY = os.environ.get("SECRET_KEY", "of no use but for trying this out")
DEBUG = False
ALLOWED_HOSTS = ["localhost", "testserver"]
ROOT_URLCONF = "shop.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = ["django.contrib.sessions", "shop"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True},
]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"},
}
