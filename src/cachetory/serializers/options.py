"""Check the options that serializers take."""

from __future__ import annotations

from cachetory.errors import ConfigurationError


def check_integer(name: str, value: int, lowest: int, highest: int | None = None) -> int:
    """Return the value if it is an integer within the bounds, both included.

    Raises:
        ConfigurationError: if it is not; the message names the option and the bounds.
    """
    usable = isinstance(value, int) and not isinstance(value, bool)
    if usable and lowest <= value and (highest is None or value <= highest):
        return value
    bounds = f"from {lowest} up" if highest is None else f"from {lowest} to {highest}"
    msg = f"{name} is an integer {bounds}, not {value!r}"
    raise ConfigurationError(msg)
