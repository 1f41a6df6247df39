"""The error for stored bytes that a serializer cannot read."""

from __future__ import annotations

from cachetory.errors import DecodeError


def undecodable(serializer: object, error: Exception) -> DecodeError:
    """Make the error that tells what went wrong, without a word of the stored value.

    Only the messages of missing modules and attributes are repeated: they name code, such as a
    class that was renamed since, while any other message may quote the value.
    """
    reason = type(error).__name__
    if isinstance(error, (AttributeError, ImportError)):
        reason = f"{reason}: {error}"
    return DecodeError(f"{type(serializer).__name__} cannot read the stored bytes ({reason})")
