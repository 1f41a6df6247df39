"""What has to be done about query sets before an event loop may serialize them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet


async def evaluated(value: Any) -> Any:
    """Have a query set ask the database, which it does in a thread; leave other values alone.

    It would ask when it is pickled, which Django refuses in an event loop.
    """
    if isinstance(value, QuerySet):
        rows: Any = value
        async for _ in rows:
            pass
    return value
