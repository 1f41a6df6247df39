"""What earlier releases stored is read, and what is stored now is what they can read."""

from __future__ import annotations

import json
import pickle
import zlib
from pathlib import Path

import pytest

from cachetory import serializers
from cachetory.serializers.compressors import zstd
from tests.serializers.golden.generate import PLAIN, RICH, VALUES

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    "file", sorted(GOLDEN.glob("*/*.bin")), ids=lambda file: f"{file.parent.name}-{file.stem}"
)
def test_golden_bytes_of_an_earlier_release_are_read(file):
    value = serializers.from_url(f"{file.stem}://").deserialize(file.read_bytes())

    assert value == VALUES[file.stem]


def test_golden_bytes_of_3_5_1_are_there_for_every_chain():
    assert {file.stem for file in (GOLDEN / "3.5.1").glob("*.bin")} == set(VALUES)


@pytest.mark.parametrize("schemes", ["json", "msgpack", "pickle"])
def test_golden_bytes_are_written_again(schemes):
    written = serializers.from_url(f"{schemes}://").serialize(VALUES[schemes])

    assert written == (GOLDEN / "3.5.1" / f"{schemes}.bin").read_bytes()


def test_chains_write_what_the_bare_libraries_read():
    json_zlib = serializers.from_url("json+zlib://").serialize(PLAIN)
    pickle_zlib = serializers.from_url("pickle+zlib://").serialize(RICH)
    pickle_zstd = serializers.from_url("pickle+zstd://").serialize(RICH)

    assert json.loads(zlib.decompress(json_zlib)) == PLAIN
    assert pickle.loads(zlib.decompress(pickle_zlib)) == RICH
    assert pickle.loads(zstd.binding.decompress(pickle_zstd, None)) == RICH
