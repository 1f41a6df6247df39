"""Remember who does not exist, so that a crawler costs one query for each dead link."""

from __future__ import annotations

import os

from cachetory.errors import NoValueError
from cachetory.loading import current_load
from cachetory.sync import Cache, Policy, cached

cache = Cache[str | list[str]](
    backend=os.environ.get("REDIS_URL", "memory://"),
    serializer="json://",
    prefix="examples:negative:",
    policy=Policy(time_to_live=600, negative_time_to_live=30),
)
users = {1: "Ada Lovelace", 2: "Grace Hopper"}
queries: list[str] = []


@cached(cache)
def user(number: int) -> str:
    """Find a user. To say that there is none is an answer, too."""
    queries.append(f"user {number}")
    if number not in users:
        msg = f"no user has the number {number}"
        raise NoValueError(msg)
    return users[number]


@cached(cache)
def search(text: str) -> list[str]:
    """Find users by name. An empty list is not worth keeping for long."""
    queries.append(f"search {text}")
    names = [name for name in users.values() if text in name]
    if not names:
        current_load().there_is_none()
    return names


def greet(number: int) -> str:
    """Serve a page."""
    try:
        return f"Hello, {user(number)}."
    except NoValueError:
        return "404"


def main() -> None:
    """Crawl, then sign up."""
    with cache:
        cache.clear()
        for _ in range(100):
            greet(1)
            greet(3)
            search("Linus")
        print("300 requests,", len(queries), "queries:", ", ".join(queries))
        if len(queries) != 3:  # noqa: PLR2004 (one for each question)
            raise AssertionError(queries)

        users[3] = "Linus Torvalds"
        print("signed up, but not told the cache:", greet(3))
        user.purge(3)
        search.purge("Linus")
        print("told the cache:", greet(3), search("Linus"))
        cache.clear()


if __name__ == "__main__":
    main()
