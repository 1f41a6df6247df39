"""Books, and what is known of them."""

from django.db import models


class Author(models.Model):
    """Who wrote a book."""

    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Publisher(models.Model):
    """Who published it."""

    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    """A book on a shelf of the shop."""

    title = models.CharField(max_length=100)
    category = models.CharField(max_length=30, db_index=True)
    price = models.PositiveIntegerField(help_text="in cents")
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE)

    def __str__(self) -> str:
        return self.title


class Review(models.Model):
    """What a reader thinks of it."""

    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    stars = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.stars} stars for {self.book}"
