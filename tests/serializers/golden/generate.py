"""Write what the installed release of cachetory stores, to be read by every later one.

Run it once per release, in an environment that holds that release with all its extras:
`python tests/serializers/golden/generate.py`. The files go to a directory named by the release.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

PLAIN = {
    "text": 'grüße 🎉 \x00 "quoted"',
    "long": "the same again and again, " * 40,
    "numbers": [0, -1, 255, 2**40, -(2**40), 1.5, -0.0, 1e300],
    "constants": [None, True, False],
    "nested": {"empty": {}, "list": [[], [[]]]},
}
RICH = {"plain": PLAIN, "bytes": bytes(range(256)), "tuple": (1, ("two",)), 3: {4, 5}}

VALUES = {
    "json": PLAIN,
    "msgpack": PLAIN,
    "msgpack+zlib": PLAIN,
    "msgpack+zstd": PLAIN,
    "pickle": RICH,
    "pickle+zlib": RICH,
    "pickle+zstandard": RICH,
    "pickle+zstd": RICH,
}


def main() -> None:
    """Write one file per chain of serializers."""
    from cachetory import serializers  # noqa: PLC0415 (tests import the values alone)

    directory = Path(__file__).parent / version("cachetory")
    directory.mkdir(exist_ok=True)
    for schemes, value in VALUES.items():
        stored = serializers.from_url(f"{schemes}://").serialize(value)
        data = stored.encode() if isinstance(stored, str) else stored
        (directory / f"{schemes}.bin").write_bytes(data)


if __name__ == "__main__":
    main()
