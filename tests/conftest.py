"""What all tests share: servers, a clock, and a watch for secrets and leaks."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from tests.canary import CanaryWatch
from tests.clock import ManualClock
from tests.forked_coverage import free_coverage_after_forks
from tests.leaks import no_leaked_resources, no_leaked_tasks
from tests.servers import (
    Cluster,
    Kind,
    Sentinels,
    Server,
    ServerUnavailableError,
    start_reaper,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator


def pytest_xdist_auto_num_workers() -> int:
    """Run some more tests at once than there are processors: many of them wait for servers."""
    return min((os.cpu_count() or 1) + 1, 4)


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


class StartCluster(Protocol):
    """Starts a cluster that lives as long as the test; skips the test if it cannot run here."""

    def __call__(
        self, kind: Kind = "valkey", *, password: str | None = None, tls: bool = False
    ) -> Cluster: ...


class StartSentinels(Protocol):
    """Starts sentinels and what they watch; skips the test if they cannot run here."""

    def __call__(
        self,
        kind: Kind = "valkey",
        *,
        password: str | None = None,
        sentinel_password: str | None = None,
        tls: bool = False,
    ) -> Sentinels: ...


class Startable(Protocol):
    """A server, or several of them."""

    def start(self) -> None: ...

    def close(self) -> None: ...


StartableT = TypeVar("StartableT", bound=Startable)

KINDS = [pytest.param("valkey"), pytest.param("redis", id="redis7")]

free_coverage_after_forks()

# A busy machine says nothing about the code, however long an example takes there.
settings.register_profile(
    "cachetory",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("cachetory")


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


@pytest.fixture(scope="session", params=KINDS)
def session_cluster(request: pytest.FixtureRequest, _reaper: None) -> Iterator[Cluster]:
    """A cluster of each kind of server in turn; tests take `cluster`."""
    with _start_or_skip(Cluster(request.param)) as cluster:
        yield cluster


@pytest.fixture
def cluster(session_cluster: Cluster) -> Cluster:
    """A cluster that is well and empty, to be broken: the next test finds it well again.

    Only its roles and slots may be anywhere. For a test with one kind of server, write
    `@pytest.mark.parametrize("session_cluster", ["valkey"], indirect=True)`.
    """
    session_cluster.heal()
    return session_cluster


@pytest.fixture
def start_cluster(_reaper: None) -> Iterator[StartCluster]:
    """Start clusters for this test alone, with options of its own."""
    with ExitStack() as clusters:

        def start(
            kind: Kind = "valkey", *, password: str | None = None, tls: bool = False
        ) -> Cluster:
            cluster = Cluster(kind, password=password, tls=tls)
            return clusters.enter_context(_start_or_skip(cluster))

        yield start


@pytest.fixture(scope="session", params=KINDS)
def session_sentinels(request: pytest.FixtureRequest, _reaper: None) -> Iterator[Sentinels]:
    """Sentinels of each kind in turn; tests take `sentinels`."""
    with _start_or_skip(Sentinels(request.param)) as sentinels:
        yield sentinels


@pytest.fixture
def sentinels(session_sentinels: Sentinels) -> Sentinels:
    """Sentinels, a primary and a replica that are well and empty; else like `cluster`."""
    session_sentinels.heal()
    return session_sentinels


@pytest.fixture
def start_sentinels(_reaper: None) -> Iterator[StartSentinels]:
    """Start sentinels and what they watch for this test alone, with options of its own."""
    with ExitStack() as started:

        def start(
            kind: Kind = "valkey",
            *,
            password: str | None = None,
            sentinel_password: str | None = None,
            tls: bool = False,
        ) -> Sentinels:
            sentinels = Sentinels(
                kind, password=password, sentinel_password=sentinel_password, tls=tls
            )
            return started.enter_context(_start_or_skip(sentinels))

        yield start


def _start_or_skip(server: StartableT) -> StartableT:
    try:
        return _start(server)
    except ServerUnavailableError as error:
        pytest.skip(str(error))


def _start(server: StartableT) -> StartableT:
    try:
        server.start()
    except BaseException:
        server.close()
        raise
    return server
