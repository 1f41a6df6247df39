"""The servers of the harness do what their names say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.canary import PASSWORD
from tests.ports import bound_socket, free_port
from tests.servers import ReplyError, Server, StartupError

if TYPE_CHECKING:
    from tests.conftest import StartServer

NO_RETRY = Retry(NoBackoff(), 0)
ROOT = Path(__file__).parents[2]


def test_server_over_tcp_answers(redis_server: Server, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("key", b"value")

        assert client.get("key") == b"value"
    assert redis_url.startswith(f"redis://127.0.0.1:{redis_server.port}/")


def test_server_over_unix_socket_answers(redis_server: Server) -> None:
    with redis.Redis.from_url(redis_server.unix_url) as client:
        assert client.ping()


@pytest.mark.parametrize("round_", [1, 2])
def test_redis_url_in_every_test_is_empty(redis_url: str, round_: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("key", round_)


def test_server_over_tls_is_verified_by_its_authority(tls_server: Server) -> None:
    with redis.Redis.from_url(tls_server.url) as client:
        assert client.ping()

    with (
        redis.Redis(port=tls_server.port, ssl=True, retry=NO_RETRY) as stranger,
        pytest.raises(redis.ConnectionError, match="certificate"),
    ):
        stranger.ping()


def test_server_with_password_refuses_others(start_server: StartServer) -> None:
    server = start_server(password=PASSWORD)

    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
    with (
        redis.Redis(port=server.port, retry=NO_RETRY) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
    assert server.command("PING") == "PONG"
    assert PASSWORD not in repr(server)


def test_server_with_further_configuration_follows_it(start_server: StartServer) -> None:
    server = start_server(config=["maxmemory 3mb", "maxmemory-policy noeviction"])

    with pytest.raises(ReplyError, match="OOM"):
        _fill(server)


def test_start_with_bad_configuration_tells_the_log(start_server: StartServer) -> None:
    with pytest.raises(StartupError, match="no-such-option"):
        start_server(config=["no-such-option 1"])


def test_server_killed_and_started_keeps_its_port(private_server: Server) -> None:
    port = private_server.port
    private_server.command("SET", "key", "value")

    private_server.kill()
    with pytest.raises(ConnectionRefusedError):
        private_server.command("PING")
    private_server.start()

    assert private_server.port == port
    assert private_server.command("GET", "key") is None


def test_server_that_died_by_itself_starts_again(private_server: Server) -> None:
    os.kill(private_server.pid, signal.SIGKILL)

    private_server.restart()

    assert private_server.command("PING") == "PONG"


def test_server_frozen_is_silent_until_thawed(private_server: Server) -> None:
    private_server.freeze()
    private_server.freeze()
    with pytest.raises(TimeoutError):
        private_server.command("PING", timeout=0.1)

    private_server.thaw()
    private_server.thaw()

    assert private_server.command("PING") == "PONG"


def test_server_closed_leaves_nothing_behind() -> None:
    with Server() as server:
        directory, pid = server.directory, server.pid
        server.freeze()

    assert not directory.exists()
    assert not _is_alive(pid)
    with pytest.raises(RuntimeError, match="not running"):
        server.pid  # noqa: B018 (it is a property that raises)


@pytest.mark.no_leaks
def test_server_started_and_restarted_leaks_nothing(private_server: Server) -> None:
    private_server.restart()

    assert private_server.command("PING") == "PONG"


def test_servers_of_a_killed_process_are_reaped() -> None:
    program = """
        import sys
        from tests.servers import Server
        server = Server()
        server.start()
        print(server.pid, server.directory, flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid, directory = parent.stdout.readline().split()
        assert _is_alive(int(pid))
        parent.kill()

    deadline = time.monotonic() + 30
    while _is_alive(int(pid)) or Path(directory).parent.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_free_port_is_out_of_the_way_of_outgoing_connections() -> None:
    with bound_socket(free_port()) as sock:
        port = sock.getsockname()[1]
        sock.listen()

        with pytest.raises(OSError, match="in use"):
            bound_socket(port)
    assert port >= 10_000


def _fill(server: Server) -> None:
    for number in range(100):
        server.command("SET", number, b"x" * 100_000)


def _is_alive(pid: int) -> bool:
    """Tell whether the process runs; one that is dead but not yet waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
