"""A server refuses what leases need: values are returned, and stored where they can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.backends.addresses import patient

if TYPE_CHECKING:
    from tests.conftest import StartServer
    from tests.leases.conftest import Employer
    from tests.leases.workers import Colour
    from tests.servers import Kind, Server

POLICY = {"time_to_live": 60, "lease": 5.0}
STORING = {
    "no claims": ["~app:key", "&*", "+@all"],
    "no scripts": ["~*", "&*", "+@all", "-@scripting"],
    "no messages": ["~*", "resetchannels", "+@all"],
    "no subscriptions": ["~*", "&*", "+@all", "-@pubsub"],
    "no claims, scripts or messages": ["~app:key", "resetchannels", "+@all", "-@scripting"],
    "the bare necessities": ["~app:key", "resetchannels", "-@all", "+get", "+mget", "+set"],
}
NOT_STORING = {
    "reading only": ["~*", "resetchannels", "-@all", "+get", "+mget"],
    "nothing": ["resetkeys", "resetchannels", "-@all"],
}


@pytest.fixture(params=["valkey", "redis"])
def server(request: pytest.FixtureRequest, start_server: StartServer) -> Server:
    kind: Kind = request.param
    return start_server(kind)


def as_user(server: Server, rules: list[str]) -> str:
    """Make a user who may do so much, and give the URL for that one."""
    server.command("ACL", "SETUSER", "someone", "reset", "on", ">secret", *rules)
    return patient(server.url.replace("://", "://someone:secret@"))


@pytest.mark.parametrize("name", STORING)
def test_user_without_some_rights_has_values_stored_all_the_same(
    employ: Employer, server: Server, colour: Colour, name: str
) -> None:
    url = as_user(server, STORING[name])
    workers = [employ(colour, url=url, policy=POLICY) for _ in range(2)]
    orders = [
        worker.order("call", key="key", load={"gives": "value", "seconds": 0.1}, callers=4)
        for worker in workers
    ]

    outcomes = [outcome for order in orders for outcome in order.result()]

    assert [(value, error) for value, error, _ in outcomes] == [("value", "")] * 8
    assert [worker.ask("get", key="key") for worker in workers] == ["value"] * 2


@pytest.mark.parametrize("name", NOT_STORING)
def test_user_with_hardly_any_right_gets_values(
    employ: Employer, server: Server, colour: Colour, name: str
) -> None:
    url = as_user(server, NOT_STORING[name])
    worker = employ(colour, url=url, policy=POLICY)

    outcomes = worker.ask("call", key="key", load={"gives": "value", "seconds": 0.1}, callers=4)

    assert [(value, error) for value, error, _ in outcomes] == [("value", "")] * 4
    assert len(worker.told("load")) == 1
    assert worker.ask("get", key="key") is None


def test_server_out_of_memory_has_values_given_and_what_it_holds_served(
    employ: Employer, server: Server, colour: Colour
) -> None:
    workers = [employ(colour, url=patient(server.url), policy=POLICY) for _ in range(2)]
    workers[0].ask("call", key="held", load={"gives": "held"})
    server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    server.command("CONFIG", "SET", "maxmemory", 1)

    orders = [
        worker.order("call", key="key", load={"gives": "value", "seconds": 0.1}, callers=4)
        for worker in workers
    ]
    outcomes = [outcome for order in orders for outcome in order.result()]
    held = [worker.ask("call", key="held", load={"gives": "again"}) for worker in workers]

    assert [(value, error) for value, error, _ in outcomes] == [("value", "")] * 8
    assert [outcomes[0][:2] for outcomes in held] == [["held", ""]] * 2
    assert workers[0].ask("get", key="key") is None
    server.command("CONFIG", "SET", "maxmemory", 0)
    workers[0].ask("call", key="key", load={"gives": "value"})
    assert workers[1].ask("get", key="key") == "value"


def test_server_out_of_memory_in_mid_load_has_the_value_given(
    employ: Employer, server: Server, colour: Colour
) -> None:
    owner, other = [employ(colour, url=patient(server.url), policy=POLICY) for _ in range(2)]
    orders = [
        worker.order("call", key="key", load={"gives": "value", "gate": "loaded"}, callers=2)
        for worker in (owner,)
    ]
    owner.wait_for("load", "key")
    orders.append(other.order("call", key="key", load={"gives": "value"}))
    other.wait_for("LeaseHeld", "key")

    server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    server.command("CONFIG", "SET", "maxmemory", 1)
    owner.ask("open", gate="loaded")

    outcomes = [outcome for order in orders for outcome in order.result()]
    assert [(value, error) for value, error, _ in outcomes] == [("value", "")] * 3
