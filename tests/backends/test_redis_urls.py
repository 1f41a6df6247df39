"""URLs of servers, Sentinels and clusters are taken apart, or refused without their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetory.backends import async_, sync
from cachetory.backends.redis_urls import CLUSTER, SENTINEL, RedisUrl
from cachetory.errors import ConfigurationError
from tests.canary import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

BASES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss"}


# Schemes


@pytest.mark.parametrize(
    ("url", "told_to_client"),
    [
        ("redis://user:pw@host:1/2?socket_timeout=1", "redis://user:pw@host:1/2?socket_timeout=1"),
        ("rediss://host", "rediss://host"),
        ("valkey://host", "redis://host"),
        ("valkeys://host", "rediss://host"),
        ("Redis://host", "redis://host"),
        ("unix:///path?db=1", "unix:///path?db=1"),
        ("redis+unix:///path", "unix:///path"),
    ],
)
def test_url_of_one_server_is_left_to_the_client(url: str, told_to_client: str) -> None:
    assert RedisUrl.parse(url) == RedisUrl(told_to_client)


@pytest.mark.parametrize(("base", "known_as"), BASES.items())
def test_url_of_cluster_has_hosts_and_no_service(base: str, known_as: str) -> None:
    assert RedisUrl.parse(f"{base}+cluster://h1:7000,h2:7001") == RedisUrl(
        f"{known_as}://h1:7000/", CLUSTER, (("h1", 7000), ("h2", 7001))
    )


@pytest.mark.parametrize(("base", "known_as"), BASES.items())
def test_url_of_sentinels_has_hosts_and_a_service(base: str, known_as: str) -> None:
    assert RedisUrl.parse(f"{base}+sentinel://h1:1,h2:2/service/3") == RedisUrl(
        f"{known_as}://h1:1/3", SENTINEL, (("h1", 1), ("h2", 2)), "service"
    )


def test_scheme_in_any_case_is_known() -> None:
    assert RedisUrl.parse("REDIS+Cluster://host").topology == CLUSTER


@pytest.mark.parametrize("module", [async_, sync])
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("rest", ["", "+cluster", "+sentinel"])
def test_scheme_leads_to_the_backend_of_each_colour(module: Any, base: str, rest: str) -> None:
    path = "/service" if rest == "+sentinel" else ""
    backend = module.from_url(f"{base}{rest}://:{PASSWORD}@host.invalid{path}")

    assert type(backend) is module.RedisBackend
    assert PASSWORD not in repr(backend)


# Hosts


def test_host_without_port_has_the_default_one() -> None:
    assert RedisUrl.parse("redis+cluster://h1,h2:7000").hosts == (("h1", 6379), ("h2", 7000))
    assert RedisUrl.parse("redis+sentinel://h1,h2:1/s").hosts == (("h1", 26379), ("h2", 1))


def test_host_by_ipv6_stands_in_brackets() -> None:
    url = RedisUrl.parse("redis+cluster://:pw@[::1]:7000,[fe80::2],10.0.0.1:7000")

    assert url.hosts == (("::1", 7000), ("fe80::2", 6379), ("10.0.0.1", 7000))
    assert url.client_url == "redis://:pw@[::1]:7000/"


# Credentials, databases and options


@given(st.text(), st.text())
def test_credentials_reach_the_connections_whatever_they_are(user: str, password: str) -> None:
    credentials = f"{quote(user, '', errors='replace')}:{quote(password, '', errors='replace')}"
    cluster = sync.RedisBackend.from_url(f"redis+cluster://{credentials}@h1:1,h2:2")
    watched = sync.RedisBackend.from_url(f"redis+sentinel://{credentials}@h1:1,h2:2/service")

    for settings in (_settings_of(cluster), _settings_of(watched)):
        assert settings.get("username", "") == user.encode(errors="replace").decode()
        assert settings.get("password", "") == password.encode(errors="replace").decode()


def test_credentials_with_special_characters_as_they_stand_are_taken() -> None:
    url = RedisUrl.parse("redis+cluster://user:p,w:@d@h1:1,h2:2")

    assert url.hosts == (("h1", 1), ("h2", 2))
    assert url.client_url == "redis://user:p,w:@d@h1:1/"


@pytest.mark.parametrize("path", ["", "/", "/0"])
def test_database_of_cluster_is_zero(path: str) -> None:
    assert RedisUrl.parse(f"redis+cluster://h1:1,h2:2{path}").topology == CLUSTER


@pytest.mark.parametrize(("path", "database"), [("", 0), ("/", 0), ("/0", 0), ("/15", 15)])
def test_database_behind_sentinels_follows_the_service(path: str, database: int) -> None:
    backend = sync.RedisBackend.from_url(f"redis+sentinel://h1/service{path}")

    assert _settings_of(backend).get("db", 0) == database


def test_service_is_percent_decoded() -> None:
    assert RedisUrl.parse("redis+sentinel://h1/my%20service%2F1/2").service == "my service/1"


def test_credentials_for_sentinels_are_kept_apart() -> None:
    url = RedisUrl.parse(
        "redis+sentinel://user:pw@h1/service/2?sentinel_username=a%20b&socket_timeout=3"
        "&sentinel_password=c%26d%2Be&client_name=x%3Dy"
    )

    assert url.sentinel_options == {"username": "a b", "password": "c&d+e"}
    assert url.client_url == "redis://user:pw@h1:26379/2?socket_timeout=3&client_name=x%3Dy"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", False),
        ("?read_from_replicas=true", True),
        ("?read_from_replicas=True&socket_timeout=1", True),
        ("?read_from_replicas=false", False),
    ],
)
def test_reads_from_replicas_are_asked_for(query: str, wanted: bool) -> None:  # noqa: FBT001
    for url in ("redis+cluster://h1", "redis+sentinel://h1/service"):
        parsed = RedisUrl.parse(url + query)

        assert parsed.reads_from_replicas is wanted
        assert "read_from_replicas" not in parsed.client_url


# What is refused


@pytest.mark.parametrize("module", [async_, sync])
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis+cluster://:{}@", "name its hosts"),
        ("redis+cluster://:{}@h1,,h2", "name its hosts"),
        ("redis+cluster://:{}@h1:port", "name its hosts"),
        ("redis+cluster://:{}@h1:1:2", "name its hosts"),
        ("redis+cluster://:{}@h1:70000", "name its hosts"),
        ("redis+cluster://:{}@[::1", "name its hosts"),
        ("redis+cluster://:/{}@h1", "name its hosts"),
        ("redis+cluster://:{}#@h1", "percent-encode"),
        ("redis+cluster://:?{}@h1", "name its hosts"),
        ("redis+cluster://:{}@h1/1", "one logical database"),
        ("redis+cluster://:{}@h1/0/1", "one logical database"),
        ("redis+cluster://:{}@h1?db=1", "one logical database"),
        ("redis+cluster://:{}@h1?sokket_timeout=1", "the parameter 'sokket_timeout'"),
        ("redis+cluster://h1?sentinel_password={}", "the parameter 'sentinel_password'"),
        ("redis+cluster://:{}@h1?read_from_replicas=perhaps", "`read_from_replicas`"),
        ("redis+cluster://:{}@h1?decode_responses=true", "`decode_responses`"),
        ("redis+sentinel:///service?sentinel_password={}", "name its hosts"),
        ("redis+sentinel://h1?sentinel_password={}", "name the service"),
        ("redis+sentinel://:{}@h1/", "name the service"),
        ("redis+sentinel://:{}@h1//0", "name the service"),
        ("redis+sentinel://:{}@h1/service/one", "database"),
        ("redis+sentinel://:{}@h1/service/1/2", "database"),
        ("redis+sentinel://:{}@h1/service?socket_timeout=soon", "socket_timeout"),
        (
            "redis+sentinel://h1/service?read_from_replicas=0.5&sentinel_password={}",
            "expected `true` or `false`",
        ),
        ("redis://:{}@h1?read_from_replicas=true", "the parameter 'read_from_replicas'"),
    ],
)
def test_url_that_makes_no_sense_is_refused_without_its_password(
    module: Any, url: str, told: str
) -> None:
    for make in (module.from_url, module.RedisBackend.from_url):
        _is_refused(make, url.format(PASSWORD), told)


@pytest.mark.parametrize("module", [async_, sync])
@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("h1/abc", "the number of a logical database"),
        ("h1/-1", "the number of a logical database"),
        ("h1/1.5", "the number of a logical database"),
        ("h1/1/2", "the number of a logical database"),
        ("h1/%31a", "the number of a logical database"),
        ("h1/\u0663", "the number of a logical database"),
        ("h1?db=abc", "`db`"),
        ("h1?db=-1", "`db`"),
        ("h1?db=", "`db`"),
        ("h1/1?db=2", "two different logical databases"),
        ("h1?db=1&db=2", "more than once"),
        ("h1:port", "from 1 to 65535"),
        ("h1:70000", "from 1 to 65535"),
        ("h1:0", "from 1 to 65535"),
        ("h1:-1", "from 1 to 65535"),
        (":6379", "name the server"),
        ("/1", "name the server"),
        ("[::1", "name the server"),
        ("h1?host=h2", "before the"),
        ("h1?unknown=1", "the parameter 'unknown'"),
        ("h1?socket_keepalive=perhaps", "`socket_keepalive`"),
        ("h1?retry_on_timeout=2", "`retry_on_timeout`"),
        ("h1?socket_timeout=nan", "`socket_timeout`"),
        ("h1?socket_timeout=-1", "`socket_timeout`"),
        ("h1?socket_connect_timeout=soon", "`socket_connect_timeout`"),
        ("h1?socket_read_size=many", "`socket_read_size`"),
        ("h1?max_connections=0", "`max_connections`"),
        ("h1?health_check_interval=often", "`health_check_interval`"),
        ("h1?protocol=7", "`protocol`"),
        ("h1?retry_on_error=x", "`retry_on_error`"),
        ("h1?encoding=none", "`encoding`"),
    ],
)
def test_url_of_one_server_that_is_misread_easily_is_refused(
    module: Any, rest: str, told: str
) -> None:
    for scheme in ("redis", "rediss", "valkey"):
        _is_refused(module.from_url, f"{scheme}://:{PASSWORD}@{rest}", told)


@pytest.mark.parametrize("url", ["unix://", "redis+unix://", "redis+unix:///", "unix://tmp/s.sock"])
def test_url_of_socket_without_path_is_refused(url: str) -> None:
    for module in (async_, sync):
        _is_refused(module.from_url, url, "write the path of a socket")


@pytest.mark.parametrize("rest", ["u:1/{}@h1", ":{}/2@h1", ":/{}@h1/1", ":{}#@h1"])
def test_url_whose_password_is_not_encoded_is_refused_without_it(rest: str) -> None:
    for module in (async_, sync):
        _is_refused(module.from_url, f"redis://{rest.format(PASSWORD)}", "percent-encode")


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("redis://", 0),
        ("redis:///1", 1),
        ("redis://h1/1/", 1),
        ("redis://h1/1?db=1", 1),
        ("redis://h1?db=2", 2),
        ("unix:///path?db=3", 3),
    ],
)
def test_database_of_one_server_is_read(url: str, database: int) -> None:
    assert _settings_of(sync.RedisBackend.from_url(url)).get("db", 0) == database


@given(st.text(st.characters(codec="utf-8"), max_size=8), st.text(max_size=8))
def test_path_is_the_number_of_a_database_or_is_refused(path: str, query: str) -> None:
    url = f"redis://h1/{quote(path)}?db={quote(query)}"
    try:
        settings = _settings_of(sync.RedisBackend.from_url(url))
    except ConfigurationError:
        return

    numbers = {int(it) for it in (path.strip("/"), query) if it}
    assert {int(settings["db"])} == numbers


@pytest.mark.parametrize("scheme", ["unix+cluster", "redis+unix+cluster", "other+sentinel"])
def test_url_of_unknown_base_is_refused(scheme: str) -> None:
    for module in (async_, sync):
        _is_refused(
            module.RedisBackend.from_url, f"{scheme}://:{PASSWORD}@h1/service", "cannot be used"
        )


def _is_refused(make: Callable[[str], object], url: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        make(url)
    assert PASSWORD not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__ or PASSWORD not in repr(caught.value.__context__)


def _settings_of(backend: sync.RedisBackend) -> dict[str, Any]:
    servers: Any = backend._servers.get()
    pool = servers._pool if hasattr(servers, "_pool") else servers._pools[0]
    settings: dict[str, Any] = pool.connection_kwargs
    return settings
