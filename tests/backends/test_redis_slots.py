"""Keys of clusters belong to slots, and so do the claims to them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis.crc import key_slot
from redis.exceptions import ResponseError

from cachetory.backends.redis_slots import (
    SLOTS,
    SlotMap,
    claim_in_slot_of,
    parts_of,
    slot_of,
    together,
)
from cachetory.backends.redis_words import CLAIM_SUFFIX

if TYPE_CHECKING:
    from tests.servers import Cluster

ODD = (
    *(b"", b"{", b"}", b"{}", b"}{", b"{}x", b"x{}", b"a{b", b"a}b", b"a}b{c", b"{a}b", b"a{b}c"),
    *(b"{{a}}", b"{}{a}", b"{a}{b}", b"a{}{b", b"{a", b"a{", b"\xff{\xff}", b"\r\n{ }", b"{\x00}"),
)
# Braces by themselves are rare among bytes, and all that matters.
NAMES = st.lists(
    st.sampled_from([b"{", b"}", b"{}", b"a", b"\xc1lease"]) | st.binary(max_size=4), max_size=8
).map(b"".join)


# Slots


@given(NAMES)
def test_slot_of_bytes_is_that_of_redis_py(name: bytes) -> None:
    assert slot_of(name) == key_slot(name)


@pytest.mark.parametrize("name", ODD)
def test_slot_of_odd_name_is_that_of_redis_py(name: bytes) -> None:
    assert slot_of(name) == key_slot(name)


@pytest.mark.parametrize("session_cluster", ["valkey"], indirect=True)
def test_slot_is_the_one_that_servers_know(cluster: Cluster) -> None:
    names = (*ODD, *map(claim_in_slot_of, ODD))

    assert [slot_of(name) for name in names] == [
        cluster.nodes[0].command("CLUSTER", "KEYSLOT", name) for name in names
    ]


# Claims


@given(NAMES)
def test_claim_is_in_the_slot_of_its_key(name: bytes) -> None:
    _is_claim_to(name)


@pytest.mark.parametrize("name", ODD)
def test_claim_to_odd_name_is_in_its_slot(name: bytes) -> None:
    _is_claim_to(name)


def _is_claim_to(name: bytes) -> None:
    claim = claim_in_slot_of(name)

    assert slot_of(claim) == slot_of(name)
    assert claim.startswith(name)
    assert claim.endswith(CLAIM_SUFFIX)
    assert len(claim) > len(name)


def test_claim_is_found_for_every_slot() -> None:
    claims: dict[bytes, int] = {}
    for number in range(5 * SLOTS):
        name = b"key %d" % number
        claims[claim_in_slot_of(name)] = slot_of(name)

    assert len(claims) == 5 * SLOTS
    assert all(slot_of(claim) == slot for claim, slot in claims.items())


@settings(deadline=None)  # odd names take some milliseconds each
@given(st.lists(NAMES.map(lambda name: name.decode("utf-8", "ignore").encode()), unique=True))
@example([b"a{b", b"a{b{-A}"])
@example(["user:400".encode(), "user:400{Ɨ}".encode()])  # noqa: UP012 (beside another one)
def test_claims_to_distinct_keys_are_distinct(names: list[bytes]) -> None:
    assert len({claim_in_slot_of(name) for name in names}) == len(names)


@given(st.text(max_size=8))
@example("user:400")
@example("a{b")
@example("{}x")
def test_claim_is_no_claim_to_what_reads_like_it(key: str) -> None:
    name = key.encode("utf-8", "surrogatepass")
    similar = claim_in_slot_of(name).removesuffix(CLAIM_SUFFIX)

    assert similar == name or _is_no_key(similar) or claim_in_slot_of(similar) != similar


def _is_no_key(name: bytes) -> bool:
    """Tell whether no text gives these bytes; see `name_of`."""
    try:
        name.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return True
    return False


# Commands, taken apart and put together


@given(st.lists(NAMES, min_size=1, max_size=20), st.sampled_from(["DEL", "UNLINK", "EXISTS"]))
def test_count_of_many_keys_is_the_sum_of_its_parts(names: list[bytes], word: str) -> None:
    command = (word, *names)

    parts = parts_of(command)

    assert [part.command for part in parts] == [(word, name) for name in names]
    assert [part.slot for part in parts] == [slot_of(name) for name in names]
    assert together(command, [1] * len(parts)) == len(names)


@given(st.lists(NAMES, max_size=20))
def test_values_of_many_keys_come_in_their_order(names: list[bytes]) -> None:
    command = ("MGET", *names)

    parts = parts_of(command)

    assert all(part.command[0] == "GET" for part in parts)
    assert together(command, [part.command[1] for part in parts]) == names
    assert [part.slot for part in parts] == [slot_of(name) for name in names]


@given(st.lists(st.tuples(NAMES, st.binary(max_size=4)), min_size=1, max_size=20))
def test_values_to_be_set_go_with_their_keys(items: list[tuple[bytes, bytes]]) -> None:
    command: Any = ("MSET", *[part for item in items for part in item])

    parts = parts_of(command)

    assert [part.command for part in parts] == [("SET", *item) for item in items]
    assert [part.slot for part in parts] == [slot_of(name) for name, _ in items]
    assert together(command, [b"OK"] * len(parts)) == b"OK"


@pytest.mark.parametrize(
    "command",
    [
        ("GET", b"key"),
        ("SET", b"key", b"value", "PX", 1, "NX"),
        ("PEXPIRE", b"key", 5),
        ("EVALSHA", "digest", 2, b"key", b"other", b"argument"),
        ("EVAL", "script", 1, b"key"),
        ("GET", "key"),
    ],
)
def test_command_of_one_slot_stays_whole(command: Any) -> None:
    (part,) = parts_of(command)

    assert part == (command, slot_of(b"key"))
    assert together(command, [b"reply"]) == b"reply"


@pytest.mark.parametrize("word", ["MGET", "DEL", "MSET"])
def test_error_of_one_part_is_that_of_the_whole(word: str) -> None:
    error = ResponseError("no")

    assert together((word, b"a", b"b"), [b"value", error]) is error


# The map of slots


def test_map_learns_primaries_and_replicas() -> None:
    slots = SlotMap()
    slots.learn(
        [
            [0, 99, [b"h1", 1, b"id", [b"hostname", b"x"]], [b"h3", 3, b"id"], [b"h4", 4, b"id"]],
            [100, 199, ["h2", 2]],
            [200, 200, [b"h1", 1, b"id"], [b"h3", 3, b"id"], [b"h4", 4, b"id"]],
        ],
        ("h9", 9),
    )

    assert slots.primaries == [("h1", 1), ("h2", 2)]
    assert slots.nodes == {("h1", 1), ("h2", 2), ("h3", 3), ("h4", 4)}
    assert [slots.primary_of(slot) for slot in (0, 99, 100, 199, 200, 201, SLOTS - 1)] == [
        *[("h1", 1)] * 2,
        *[("h2", 2)] * 2,
        *[("h1", 1), None, None],
    ]
    assert slots.replicas_of(("h1", 1)) == [("h3", 3), ("h4", 4)]
    assert list(slots.replicas_of(("h2", 2))) == list(slots.replicas_of(("h9", 9))) == []


@pytest.mark.parametrize("name", [None, "", b"", "?", b"?"])
def test_node_that_does_not_know_its_name_has_that_of_whom_was_asked(name: Any) -> None:
    slots = SlotMap()
    slots.learn([[0, 9, [name, 7001, b"id"], [name, 7002, b"id"]]], ("asked", 7009))

    assert slots.primary_of(5) == ("asked", 7001)
    assert slots.replicas_of(("asked", 7001)) == [("asked", 7002)]


@pytest.mark.parametrize("name", [b"node.example", b"::1", "10.0.0.1"])
def test_node_is_known_by_the_name_that_it_tells(name: Any) -> None:
    slots = SlotMap()
    slots.learn([[0, 9, [name, 7001]]], ("asked", 7009))

    assert slots.primaries == [(name if isinstance(name, str) else name.decode(), 7001)]


def test_map_that_learns_forgets_what_it_knew() -> None:
    slots = SlotMap()
    slots.learn([[0, SLOTS - 1, [b"old", 1], [b"older", 1]]], ("h", 1))
    slots.learn([[0, 9, [b"new", 1]]], ("h", 1))

    assert slots.nodes == {("new", 1)}
    assert slots.primary_of(10) is None


def test_slot_that_moved_is_where_it_went() -> None:
    slots = SlotMap()
    slots.learn([[0, 9, [b"h1", 1]]], ("h", 1))
    slots.move(5, ("h2", 2))

    assert [slots.primary_of(slot) for slot in (4, 5, 6)] == [("h1", 1), ("h2", 2), ("h1", 1)]
    assert slots.primaries == [("h1", 1), ("h2", 2)]
