"""Those who wait for another process hear of the end of its load, or find out by asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.backends.addresses import patient
from tests.faults import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.leases.conftest import Employer
    from tests.leases.workers import Colour
    from tests.servers import Server

LEASE = {"lease": 5.0}
CUTS: dict[str, Callable[[Proxy], None]] = {
    "reset": Proxy.reset,
    "half-closed": Proxy.half_close,
    "cut in mid-message": lambda proxy: proxy.cut_after(3),
    "garbled": lambda proxy: proxy.flip_byte(0),
}


@pytest.fixture
def proxy(valkey_server: Server) -> Iterator[Proxy]:
    with Proxy(valkey_server.port) as proxy:
        yield proxy


@pytest.mark.parametrize("cut", CUTS)
def test_waiter_whose_line_is_cut_gets_the_value_by_asking(
    employ: Employer, valkey_server: Server, proxy: Proxy, colour: Colour, cut: str
) -> None:
    url = patient(valkey_server.fresh_url())
    owner = employ(colour, url=url, policy=LEASE)
    waiter = employ(colour, url=proxy.url_through(url), policy=LEASE)
    orders = [owner.order("call", key="key", load={"gives": 1, "gate": "loaded"})]
    owner.wait_for("load", "key")
    orders.append(waiter.order("call", key="key", load={"gives": 2}, callers=3))
    waiter.wait_for("LeaseHeld", "key")

    CUTS[cut](proxy)
    owner.ask("open", gate="loaded")

    outcomes = [outcome for order in orders for outcome in order.result()]
    assert [error for _, error, _ in outcomes] == [""] * 4
    assert [value for value, _, _ in outcomes[:1]] == [1]
    # Where the reply to a claim was hit as well, the server counts as away, and one loads oneself.
    assert {value for value, _, _ in outcomes[1:]} <= {1, 2}
    if cut in ("reset", "half-closed"):
        assert waiter.told("load") == []


def test_waiter_who_is_parted_from_the_server_loads_for_itself(
    employ: Employer, valkey_server: Server, proxy: Proxy, colour: Colour
) -> None:
    url = valkey_server.fresh_url()
    owner = employ(colour, url=patient(url), policy=LEASE)
    through = proxy.url_through(url) + "?socket_timeout=0.5&socket_connect_timeout=10"
    waiter = employ(colour, url=through, policy=LEASE)
    owning = owner.order("call", key="key", load={"gives": 1, "gate": "loaded"})
    owner.wait_for("load", "key")
    waiting = waiter.order("call", key="key", load={"gives": 2})
    waiter.wait_for("LeaseHeld", "key")

    proxy.black_hole()

    assert waiting.result()[0][:2] == [2, ""]
    owner.ask("open", gate="loaded")
    assert owning.result()[0][:2] == [1, ""]
    assert owner.ask("get", key="key") == 1


def test_owner_who_is_parted_from_the_server_gives_its_value_and_another_loads(
    employ: Employer, valkey_server: Server, proxy: Proxy, colour: Colour
) -> None:
    url = valkey_server.fresh_url()
    through = proxy.url_through(url) + "?socket_timeout=0.5&socket_connect_timeout=10"
    lease = {"lease": 1.0}
    owner = employ(colour, url=through, policy=lease)
    other = employ(colour, url=patient(url), policy=lease)
    owning = owner.order("call", key="key", load={"gives": 1, "gate": "loaded"})
    owner.wait_for("load", "key")

    proxy.black_hole()

    assert other.ask("call", key="key", load={"gives": 2})[0][:2] == [2, ""]
    owner.ask("open", gate="loaded")
    assert owning.result()[0][:2] == [1, ""]
    proxy.forward()
    assert other.ask("get", key="key") == 2
