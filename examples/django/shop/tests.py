"""What each page costs, cold and warm: queries of the database, and round trips to the store."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import cache, caches
from django.db import connection
from django.test import TestCase

from shop import queries
from shop.models import Author, Book, Publisher, Review

if TYPE_CHECKING:
    from collections.abc import Iterator


class Gauge:
    """Tells how often the server of the cache was written to; in memory, never."""

    def __init__(self) -> None:
        self._client: Any = None
        if settings.STORE.startswith("redis"):
            import redis  # noqa: PLC0415 (only with a server)

            self._client = redis.Redis.from_url(settings.STORE)
            self.read()  # connects

    def __bool__(self) -> bool:
        return self._client is not None

    def read(self) -> int:
        """Read it, which counts once itself."""
        if self._client is None:
            return 0
        count: int = self._client.info("stats")["total_reads_processed"]
        return count

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()


class PagesTests(TestCase):
    """Each test begins with an empty store."""

    @classmethod
    def setUpTestData(cls) -> None:
        author = Author.objects.create(name="Ann")
        publisher = Publisher.objects.create(name="Press")
        for number in range(10):
            book = Book.objects.create(
                title=f"Book {number}",
                category="novels" if number < 8 else "poems",
                price=1000 + number,
                author=author,
                publisher=publisher,
            )
            Review.objects.create(book=book, stars=4)
        cls.first = Book.objects.order_by("pk")[0]

    def setUp(self) -> None:
        self.gauge = Gauge()
        self.addCleanup(self.gauge.close)
        for one in (*caches.all(), queries.cache):
            one.clear()
        cache.get_or_set("connect", 1)  # and the server learns the scripts

    @contextmanager
    def costs(self, queries: int, round_trips: int) -> Iterator[None]:
        """Check how many there are."""
        start = self.gauge.read()
        seen: list[object] = []
        with connection.execute_wrapper(lambda execute, *args: seen.append(args) or execute(*args)):
            yield
        trips = self.gauge.read() - start - 1

        self.assertEqual(len(seen), queries, "queries")
        if self.gauge:
            self.assertEqual(trips, round_trips, "round trips")

    def test_page(self) -> None:
        """`cache_page` keeps the response, and which headers it depends on."""
        with self.costs(1, 3):
            self.assertContains(self.client.get("/"), "10 books")
        with self.costs(0, 2):
            self.assertContains(self.client.get("/"), "10 books")

    def test_shelf(self) -> None:
        with self.costs(2, 5):
            self.assertContains(
                self.client.get("/shelves/novels/"), "Book 0 by Ann, Press, 4 stars"
            )
        with self.costs(0, 2):
            self.assertContains(self.client.get("/shelves/novels/"), "Most read: Ann (10)")

    def test_shelf_of_a_changed_book(self) -> None:
        self.client.get("/shelves/novels/")
        with self.captureOnCommitCallbacks(execute=True):
            self.first.title = "Another title"
            self.first.save()

        with self.costs(1, 4):
            self.assertContains(self.client.get("/shelves/novels/"), "Another title by Ann")

    def test_session(self) -> None:
        with self.costs(4, 7):
            self.assertEqual(self.client.get("/visits/").json(), {"yours": 1, "all": 1})
        with self.costs(3, 7):
            self.assertEqual(self.client.get("/visits/").json(), {"yours": 2, "all": 2})
        self.client.cookies.clear()
        self.assertEqual(self.client.get("/visits/").json(), {"yours": 1, "all": 3})

    async def test_price(self) -> None:
        """A hit asks the database nothing, or it would see the change."""
        url = f"/prices/{self.first.pk}/"
        await cache.aget("connect")  # each event loop has connections of its own
        with self.costs(0, 3):  # queries in other threads are not seen
            self.assertEqual((await self.async_client.get(url)).json(), {"cents": 1000})
        await Book.objects.aupdate(price=1)
        with self.costs(0, 1):
            self.assertEqual((await self.async_client.get(url)).json(), {"cents": 1000})
