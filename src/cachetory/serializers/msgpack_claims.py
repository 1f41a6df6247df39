"""Find arrays in MessagePack that claim more items than there are bytes.

`ormsgpack` before 1.13.1 makes room for all of them at once, and if it cannot, ends the process.
"""

from __future__ import annotations

ARRAY_32 = b"\xdd"
"""The byte that begins an array with a length of 32 bits."""

_FIXED_WIDTHS = {
    **{0xA0 + length: 1 + length for length in range(32)},  # short strings
    0xCC: 2,
    0xCD: 3,
    0xCE: 5,
    0xCF: 9,  # unsigned integers
    0xD0: 2,
    0xD1: 3,
    0xD2: 5,
    0xD3: 9,  # signed integers
    0xCA: 5,
    0xCB: 9,  # floats
    0xDC: 3,
    0xDD: 5,
    0xDE: 3,
    0xDF: 5,  # heads of arrays and maps
}
_LENGTH_WIDTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}  # bytes and strings
_UNREADABLE = {0xC1, *range(0xC7, 0xCA), *range(0xD4, 0xD9)}  # extension types, mostly


def claims_too_much(data: bytes) -> bool:
    """Tell whether an array claims more items than the data has bytes.

    It looks as far as `ormsgpack` reads, which refuses extension types.
    """
    position = 0
    while position < len(data) and data[position] not in _UNREADABLE:
        kind = data[position]
        if kind == ARRAY_32[0] and _number(data, position + 1, 4) > len(data):
            return True
        position += _width(data, position, kind)
    return False


def _width(data: bytes, position: int, kind: int) -> int:
    length_width = _LENGTH_WIDTHS.get(kind)
    if length_width is None:
        return _FIXED_WIDTHS.get(kind, 1)
    return 1 + length_width + _number(data, position + 1, length_width)


def _number(data: bytes, position: int, width: int) -> int:
    return int.from_bytes(data[position : position + width], "big")
