"""What another process writes or deletes while a load runs has the last word, with a lease or not.

The load has begun before, so that its value may be older than the write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.sync import from_url
from tests.backends.addresses import database_of
from tests.leases.stores import url_of

if TYPE_CHECKING:
    from tests.leases.conftest import Employer
    from tests.leases.workers import Colour, Worker
    from tests.servers import Server

POLICIES: dict[str, dict[str, Any] | None] = {
    "no policy": None,
    "short": {"time_to_live": 20},
    "lease": {"lease": 5.0},
    "envelope and lease": {"time_to_live": 3600, "stale_while_revalidate": 20, "lease": 5.0},
}
LEAVING_NOTHING = ["delete", "delete_many", "clear", "purge"]
LEAVING_A_VALUE = ["set", "set_many"]


@pytest.fixture(params=["valkey", "sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    return url_of(request)


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest) -> dict[str, Any] | None:
    return POLICIES[request.param]


@pytest.fixture
def team(
    employ: Employer, url: str, colour: Colour, policy: dict[str, Any] | None
) -> tuple[Worker, Worker]:
    """One that loads, and one that writes."""
    return employ(colour, url=url, policy=policy), employ(colour, url=url, policy=policy)


class Race:
    """A load under way in one process, and another process that may write."""

    def __init__(self, team: tuple[Worker, Worker], do: str = "call", **more: Any) -> None:
        self.loader, self.writer = team
        load = {"gives": "old", "gate": "loaded"}
        self._order = self.loader.order(do, key="key", load=load, **more)
        self.loader.wait_for("load", "key")

    def write(self, operation: str, value: str = "new", **more: Any) -> None:
        self.writer.ask("write", operation=operation, key="key", value=value, **more)

    def end(self) -> tuple[Any, Any]:
        """Let the load end; tell what its caller got, and what is found after that."""
        self.loader.ask("open", gate="loaded")
        return self._order.result(), self.writer.ask("get", key="key")


def test_load_that_nobody_disturbs_is_stored(team: tuple[Worker, Worker]) -> None:
    race = Race(team)

    outcomes, found = race.end()

    assert (outcomes[0][0], found) == ("old", "old")


@pytest.mark.parametrize("operation", LEAVING_NOTHING)
def test_key_deleted_during_a_load_stays_deleted(
    team: tuple[Worker, Worker], operation: str
) -> None:
    race = Race(team)
    race.write(operation)

    outcomes, found = race.end()

    assert (outcomes[0][0], found) == ("old", None)
    assert race.loader.told("NotStored", "key", "fenced")


@pytest.mark.parametrize("operation", LEAVING_A_VALUE)
@pytest.mark.parametrize("lives", [None, 30, 3600])
def test_value_set_during_a_load_stays(
    team: tuple[Worker, Worker], operation: str, lives: float | None
) -> None:
    race = Race(team)
    race.write(operation, time_to_live=lives)

    outcomes, found = race.end()

    assert (outcomes[0][0], found) == ("old", "new")
    assert race.loader.told("NotStored", "key", "fenced")


@pytest.mark.parametrize("first", LEAVING_A_VALUE)
@pytest.mark.parametrize("then", LEAVING_NOTHING)
def test_value_set_and_deleted_during_a_load_stays_deleted(
    team: tuple[Worker, Worker], first: str, then: str
) -> None:
    race = Race(team)
    race.write(first, time_to_live=3600)
    race.write(then)

    outcomes, found = race.end()

    assert (outcomes[0][0], found) == ("old", None)


@pytest.mark.parametrize("url", ["valkey"], indirect=True)
@pytest.mark.parametrize("operation", LEAVING_A_VALUE)
def test_value_set_during_a_load_that_is_over_by_its_end_is_not_replaced(
    team: tuple[Worker, Worker], operation: str, url: str, valkey_server: Server
) -> None:
    race = Race(team)
    race.write(operation, time_to_live=30)
    _let_expire(valkey_server, url, "app:key")

    outcomes, found = race.end()

    assert (outcomes[0][0], found) == ("old", None)


@pytest.mark.parametrize(
    ("operation", "more"),
    [("expire_in", {"time_to_live": 0}), ("expire_in", {"time_to_live": 0.001}), ("expire_at", {})],
)
def test_value_set_and_cut_short_during_a_load_is_not_replaced(
    team: tuple[Worker, Worker], operation: str, more: dict[str, Any]
) -> None:
    race = Race(team)
    race.write("set", time_to_live=3600)
    race.write(operation, **more)
    while race.writer.ask("get", key="key") is not None:
        pass

    outcomes, found = race.end()

    assert (outcomes[0][0], found) == ("old", None)


@pytest.mark.parametrize("operation", LEAVING_NOTHING)
def test_key_deleted_during_a_refresh_stays_deleted(
    team: tuple[Worker, Worker], operation: str
) -> None:
    team[1].ask("write", operation="set", key="key", value="before")
    race = Race(team, "refresh")
    race.write(operation)

    assert race.end() == ("old", None)


def test_key_of_a_store_that_is_cleared_during_a_refresh_stays_deleted(
    team: tuple[Worker, Worker], url: str
) -> None:
    team[1].ask("write", operation="set", key="key", value="before")
    race = Race(team, "refresh")
    with from_url(url) as backend:
        backend.clear()

    assert race.end() == ("old", None)
    assert race.loader.told("NotStored", "key", "fenced")


@pytest.mark.parametrize("operation", LEAVING_A_VALUE)
@pytest.mark.parametrize("value", ["new", "before"])
def test_value_set_during_a_refresh_stays(
    team: tuple[Worker, Worker], operation: str, value: str
) -> None:
    team[1].ask("write", operation="set", key="key", value="before")
    race = Race(team, "refresh")
    race.write(operation, value)

    assert race.end() == ("old", value)


def test_refresh_by_another_process_outlives_the_load_that_began_before(
    team: tuple[Worker, Worker],
) -> None:
    race = Race(team)
    assert race.writer.ask("refresh", key="key", load={"gives": "new"}) == "new"

    outcomes, found = race.end()

    assert (outcomes[0][0], found) == ("old", "new")


def test_bulk_load_stores_but_what_was_written_meanwhile(team: tuple[Worker, Worker]) -> None:
    loader, writer = team
    load = {"gives": "old", "gate": "loaded"}
    order = loader.order("call_many", sets=[["one", "two", "three"]], load=load)
    loader.wait_for("load", "three")
    writer.ask("write", operation="delete", key="one", value=None)
    writer.ask("write", operation="set", key="two", value="new")

    loader.ask("open", gate="loaded")

    ((values, error, _),) = order.result()
    assert (values, error) == ({key: [key, "old"] for key in ("one", "two", "three")}, "")
    found = [writer.ask("get", key=key) for key in ("one", "two", "three")]
    assert found == [None, "new", ["three", "old"]]


def _let_expire(server: Server, url: str, name: str) -> None:
    """Let the server find that the time of a key is over; nothing else ends by that."""
    database = database_of(url)
    server.command("PEXPIRE", name, 1, database=database)
    while server.command("EXISTS", name, database=database):
        pass
