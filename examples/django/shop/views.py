"""Pages, each cached in another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db.models import Count
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_page

from shop.models import Author, Book
from shop.queries import books_of

if TYPE_CHECKING:
    from django.http import HttpRequest


@cache_page(60)
def front(request: HttpRequest) -> HttpResponse:
    """Show how many books there are: the whole page is cached."""
    return HttpResponse(f"{Book.objects.count()} books")


def shelf(request: HttpRequest, category: str) -> HttpResponse:
    """List a category: a cached query, and a fragment of the template that is cached by itself."""
    authors = Author.objects.annotate(books=Count("book")).order_by("-books")[:3]  # not asked yet
    context = {"category": category, "books": books_of(category), "authors": authors}
    return render(request, "shop/shelf.html", context)


def visits(request: HttpRequest) -> HttpResponse:
    """Count the visits of a reader in the session, and those of all in the cache."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    cache.add("visits", 0, timeout=None)
    return JsonResponse({"yours": request.session["visits"], "all": cache.incr("visits")})


async def price(request: HttpRequest, book: int) -> HttpResponse:
    """Tell a price, asynchronously: neither the cache nor the view takes a thread for a hit."""

    async def ask() -> int:
        return (await Book.objects.aget(pk=book)).price

    return JsonResponse({"cents": await cache.aget_or_set(f"price:{book}", ask)})
