"""What the pages ask the database, cached by argument, and forgotten when a book changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Avg
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from cachetory.django import closing_connections
from cachetory.policy import Policy
from cachetory.sync import Cache, cached
from shop.models import Book

if TYPE_CHECKING:
    from typing import TypedDict

    class Row(TypedDict):
        """What a page shows of a book."""

        title: str
        author: str
        publisher: str
        stars: float | None


cache = Cache[Any](
    backend=settings.STORE,
    serializer="json://",
    prefix="shop-queries:",
    policy=Policy(time_to_live=300, stale_while_revalidate=60, stale_if_error=3600, lease=5),
)


@cached(cache)
@closing_connections  # of the thread in which it is refreshed behind
def books_of(category: str) -> list[Row]:
    """List the books of a category: a list, not a query set, which would ask again."""
    books = (
        Book.objects.filter(category=category)
        .select_related("author", "publisher")
        .annotate(stars=Avg("review__stars"))
        .order_by("title")
    )
    return [
        {
            "title": book.title,
            "author": book.author.name,
            "publisher": book.publisher.name,
            "stars": book.stars,
        }
        for book in books
    ]


@receiver([post_save, post_delete], sender=Book)
def forget(instance: Book, **_: object) -> None:
    """Forget the list that a book is on, once others can see the change."""
    transaction.on_commit(lambda: books_of.purge(instance.category))
