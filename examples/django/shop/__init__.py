"""A shop of books: pages, fragments, sessions and query sets out of a cache."""
