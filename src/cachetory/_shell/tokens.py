"""The tokens by which claims to load a key are told apart, and what kind of claim each is."""

from __future__ import annotations

from os import urandom

LEASE = "l"
"""Others who want a lease wait for its holder."""
FENCE = "f"
"""Nobody waits for its holder; it only tells whether the key was written meanwhile."""
THROTTLE = "x"
"""A load has failed, so that those who have a stale value do not load for a while."""
UNSTORED = "u"
"""A load has ended without a stored value: others load at once instead of waiting for a lease."""

FENCE_STANDS_FOR = 3600.0
"""Seconds after which a load is not stored any more that nobody renews the claim of."""

UNSTORED_STANDS_FOR = 1.0
"""Seconds for which others do not wait for a lease, after a load ended without a stored value.

The time that the load took is added to it.
"""

MOST_LEASES_WAITED_FOR = 2
"""Maximum number of leases, one after another, that a load waits for before it runs all the same.

The holder of the first one may have died, or somebody has written to the key while it loaded.
"""


def make_token(kind: str) -> str:
    """Make a token of a kind that nobody else has."""
    return f"{kind}:{urandom(12).hex()}"


def is_lease(token: str | None) -> bool:
    """Tell whether a claim is to be waited for."""
    return token is not None and token.startswith(LEASE)


def is_throttle(token: str | None) -> bool:
    """Tell whether a claim says that a load has failed."""
    return token is not None and token.startswith(THROTTLE)
