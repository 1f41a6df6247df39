"""What all tests share: servers, a clock, and a watch for secrets and leaks."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.canary import CanaryWatch
from tests.clock import ManualClock
from tests.forked_coverage import free_coverage_after_forks
from tests.leaks import no_leaked_resources, no_leaked_tasks
from tests.servers import Kind, Server, ServerUnavailableError, start_reaper

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator


class StartServer(Protocol):
    """Starts a server that lives as long as the test; skips the test if it cannot run here."""

    def __call__(
        self,
        kind: Kind = "valkey",
        *,
        config: Iterable[str] = (),
        password: str | None = None,
        tls: bool = False,
    ) -> Server: ...


free_coverage_after_forks()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and the watch for secrets."""
    config.addinivalue_line(
        "markers", "no_leaks: fail if threads, file descriptors or asyncio tasks are left behind"
    )
    config.pluginmanager.register(CanaryWatch())


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Count the tasks around the test itself: the end of its loop would cancel what it left."""
    if pyfuncitem.get_closest_marker("no_leaks") is None:
        return (yield)
    with no_leaked_tasks():
        return (yield)


@pytest.fixture(autouse=True)
def _no_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Count threads and descriptors around the test and its fixtures, if it is marked."""
    if request.node.get_closest_marker("no_leaks") is None:
        yield
        return
    with no_leaked_resources():
        yield


@pytest.fixture
def clock() -> ManualClock:
    """A monotonic clock that stands still until it is told to `advance`."""
    return ManualClock()


@pytest.fixture(scope="session")
def _reaper() -> None:
    start_reaper()


@pytest.fixture(scope="session")
def valkey_server(_reaper: None) -> Iterator[Server]:
    """The session's Valkey server: take a `fresh_url()` of it, leave its configuration alone."""
    with _start_or_skip(Server("valkey")) as server:
        yield server


@pytest.fixture(scope="session")
def redis7_server(_reaper: None) -> Iterator[Server]:
    """The session's Redis server, the distribution's; else like `valkey_server`."""
    with _start_or_skip(Server("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def tls_server(_reaper: None) -> Iterator[Server]:
    """The session's server that listens with TLS only."""
    try:
        server = _start(Server("valkey", tls=True))
    except ServerUnavailableError:
        server = _start_or_skip(Server("redis", tls=True))
    with server:
        yield server


@pytest.fixture(scope="session", params=["valkey", "redis7"])
def redis_server(request: pytest.FixtureRequest) -> Server:
    """Each of the session's servers in turn."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return server


@pytest.fixture
def redis_url(redis_server: Server) -> str:
    """The URL of an empty database of its own, on each of the session's servers in turn."""
    return redis_server.fresh_url()


@pytest.fixture
def start_server(_reaper: None) -> Iterator[StartServer]:
    """Start servers for this test alone, with options of its own."""
    with ExitStack() as servers:

        def start(
            kind: Kind = "valkey",
            *,
            config: Iterable[str] = (),
            password: str | None = None,
            tls: bool = False,
        ) -> Server:
            server = Server(kind, config=config, password=password, tls=tls)
            return servers.enter_context(_start_or_skip(server))

        yield start


@pytest.fixture
def private_server(start_server: StartServer) -> Server:
    """A Valkey server for this test alone, to be killed, frozen and reconfigured."""
    return start_server()


def _start_or_skip(server: Server) -> Server:
    try:
        return _start(server)
    except ServerUnavailableError as error:
        pytest.skip(str(error))


def _start(server: Server) -> Server:
    try:
        server.start()
    except BaseException:
        server.close()
        raise
    return server
