"""The forms of URLs that lead to Redis or Valkey: a server, Sentinels or a cluster."""

from __future__ import annotations

from codecs import lookup
from typing import TYPE_CHECKING, NamedTuple, NoReturn
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from cachetory._core.urls import boolean, choice, number, redact
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_OPTIONS = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}
"""What a client made from a URL does unless the URL says otherwise, in seconds.

A cache that answers later than this is no cache: the value is computed instead. A failed command
is tried again once, on a new connection, if its connection was closed meanwhile.
"""

SENTINEL = "sentinel"
CLUSTER = "cluster"

_PLAIN = {"redis": "redis", "valkey": "redis", "rediss": "rediss", "valkeys": "rediss"}
_PORTS = {SENTINEL: 26379, CLUSTER: 6379}


class RedisUrl(NamedTuple):
    """What a URL says.

    Attributes:
        client_url: What redis-py is to be told, of one of the hosts.
        topology: `SENTINEL`, `CLUSTER`, or nothing for one server.
        hosts: Where to begin, if there is a topology.
        service: What the Sentinels call their primary.
        sentinel_options: Credentials for the Sentinels.
        reads_from_replicas: Whether reads may go to replicas.
    """

    client_url: str
    topology: str = ""
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    sentinel_options: dict[str, str] = {}  # noqa: RUF012 (never changed)
    reads_from_replicas: bool = False

    @classmethod
    def parse(cls, url: str) -> RedisUrl:
        """Take a URL apart.

        Raises:
            ConfigurationError: if it says too little, or something that makes no sense.
        """
        scheme, _, rest = url.partition("://")
        base, _, topology = scheme.lower().partition("+")
        if topology not in _PORTS:
            known = {"redis+unix": "unix", **_PLAIN}.get(scheme.lower(), scheme.lower())
            _OneServer(url, known).check(rest)
            return cls(f"{known}://{rest}")
        if base not in _PLAIN:
            msg = f"`{redact(url)}` cannot be used: of {base}, there are no {topology}s"
            raise ConfigurationError(msg)
        return _Parser(url, _PLAIN[base], topology).parse(rest)


class _Strict:
    """A check that refuses URLs which redis-py would silently ignore in part or misread."""

    def __init__(self, url: str) -> None:
        self._url = url

    def _options(self, query: str) -> dict[str, str]:
        """Read the query, and check the values of those parameters whose type is known."""
        pairs = parse_qsl(query, keep_blank_values=True)
        options = dict(pairs)
        for name, value in pairs:
            if name in _IN_FRONT:
                self._refuse(f"`{name}` must be written before the `?`, not after it")
            if name in _OBJECTS:
                self._refuse(f"`{name}` is an object, which a URL cannot hold: make a client")
            if options[name] != value or [it for it, _ in pairs].count(name) > 1:
                self._refuse(f"the parameter `{name}` is given more than once")
            try:
                _READERS.get(name, str)(value)
            except ValueError as error:
                self._refuse(f"Invalid value for `{name}`: {error}")
        return options

    def _database(self, text: str, query: str | None) -> None:
        """Check the number of the logical database in the path against the one in the query."""
        number = unquote(text)
        if number and not _is_number(number):
            self._refuse(
                "the path after the host must be the number of a logical database, such as `/0`, "
                f"not `/{text}`"
            )
        if number and query is not None and int(number) != int(query):
            self._refuse("its path and `db` name two different logical databases: leave one out")

    def _refuse(self, reason: str) -> NoReturn:
        msg = f"`{redact(self._url)}` cannot be used: {reason}"
        raise ConfigurationError(msg)


class _OneServer(_Strict):
    """Checks the URL of one server, which redis-py reads after that."""

    def __init__(self, url: str, scheme: str) -> None:
        super().__init__(url)
        self._scheme = scheme

    def check(self, rest: str) -> None:
        """Check all that follows `://`."""
        if "#" in rest:
            self._refuse("percent-encode special characters, such as # as %23")
        rest, _, query = rest.partition("?")
        options = self._options(query)
        authority, slash, path = rest.partition("/")
        credentials, _, netloc = authority.rpartition("@")
        if self._scheme == "unix":
            if netloc or not path.strip("/"):
                self._refuse("write the path of a socket as in `unix:///run/redis.sock?db=0`")
            return
        if "@" in path:  # a slash in the password; no part of it may be shown
            self._refuse_address()
        self._check_address(credentials, netloc)
        self._database(path.removesuffix("/") if slash else "", options.get("db"))

    def _check_address(self, credentials: str, netloc: str) -> None:
        try:
            split = urlsplit(f"//{netloc}")
            host, port = split.hostname, split.port
        except ValueError:
            self._refuse_address()
        if port == 0 or (host is None and (credentials or netloc)):
            self._refuse_address()

    def _refuse_address(self) -> NoReturn:
        self._refuse(
            "name the server as `host:port`, with a port from 1 to 65535, and percent-encode "
            "special characters of the password, such as / as %2F"
        )


class _Parser(_Strict):
    def __init__(self, url: str, base: str, topology: str) -> None:
        super().__init__(url)
        self._base = base
        self._topology = topology

    def parse(self, rest: str) -> RedisUrl:
        rest, _, query = rest.partition("?")
        authority, _, path = rest.partition("/")
        credentials, at, netloc = authority.rpartition("@")
        hosts = tuple(self._host(part) for part in netloc.split(","))
        options = self._options(query)
        try:
            reads_from_replicas = boolean(options.pop("read_from_replicas", "false"))
        except ValueError as error:
            self._refuse(f"`read_from_replicas`: {error}")
        sentinel_options: dict[str, str] = {}
        service = ""
        if self._topology == SENTINEL:
            service, _, path = path.partition("/")
            service = unquote(service)
            if path and not _is_number(unquote(path)):
                self._refuse("behind the service stands the number of a logical database")
            self._database(path, options.get("db"))
            if not service:
                self._refuse(
                    "name the service that the Sentinels watch, as in "
                    f"`{self._base}+sentinel://host:26379/service/0`"
                )
            for name in ("username", "password"):
                if f"sentinel_{name}" in options:
                    sentinel_options[name] = options.pop(f"sentinel_{name}")
        elif path not in ("", "0") or options.get("db", "0") != "0":
            self._refuse("a cluster has one logical database only, which is 0")
        host, port = hosts[0]
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        client_url = f"{self._base}://{credentials}{at}{place}/{path}"
        if options:
            client_url += f"?{urlencode(options)}"
        return RedisUrl(
            client_url, self._topology, hosts, service, sentinel_options, reads_from_replicas
        )

    def _host(self, part: str) -> tuple[str, int]:
        try:
            split = urlsplit(f"//{part}")
            host, port = split.hostname, split.port
        except ValueError:
            host = port = None
        if host is None or port == 0:
            self._refuse("name its hosts as `host:port,host:port`")
        return host, port or _PORTS[self._topology]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _count(value: str) -> int:
    if not _is_number(value):
        msg = "expected a whole number that is not negative"
        raise ValueError(msg)
    return int(value)


def _positive_count(value: str) -> int:
    if not _is_number(value) or int(value) == 0:
        msg = "expected a whole number above zero"
        raise ValueError(msg)
    return int(value)


def _seconds(value: str) -> float:
    read = number(value)
    if read <= 0:
        msg = "expected a number of seconds above zero"
        raise ValueError(msg)
    return read


def _pause(value: str) -> float:
    read = number(value)
    if read < 0:
        msg = "expected a number of seconds that is not negative"
        raise ValueError(msg)
    return read


def _encoding(value: str) -> str:
    try:
        return lookup(value).name
    except LookupError:
        msg = "expected an encoding, such as `utf-8`"
        raise ValueError(msg) from None


def _of_python(value: str) -> NoReturn:
    msg = "a URL cannot name classes: give a client instead"
    raise ValueError(msg)


_IN_FRONT = ("host", "port", "path")
_OBJECTS = frozenset(
    {
        "command_packer",
        "credential_provider",
        "event_dispatcher",
        "maint_notifications_config",
        "oss_cluster_maint_notifications_handler",
        "parser_class",
        "redis_connect_func",
        "retry",
        "retry_on_error",
        "socket_keepalive_options",
        "socket_type",
    }
)
"""Parameters of redis-py's connections that take Python objects."""
_READERS: dict[str, Callable[[str], object]] = {
    "db": _count,
    "socket_timeout": _seconds,
    "socket_connect_timeout": _seconds,
    "socket_read_size": _positive_count,
    "max_connections": _positive_count,
    "health_check_interval": _pause,
    "timeout": _pause,
    "protocol": choice("2", "3"),
    "socket_keepalive": boolean,
    "retry_on_timeout": boolean,
    "ssl_check_hostname": boolean,
    "ssl_validate_ocsp": boolean,
    "ssl_validate_ocsp_stapled": boolean,
    "legacy_responses": boolean,
    "read_from_replicas": boolean,
    "encoding": _encoding,
    "retry_on_error": _of_python,
}
"""Functions that read the redis-py parameters which are numbers or truth values."""


def reason_of(error: Exception) -> str:
    """Tell what is wrong, without quoting the URL, parts of whose password may stand anywhere."""
    _, unexpected, parameter = str(error).partition("unexpected keyword argument ")
    if unexpected:
        return f"redis-py's connections do not know the parameter {parameter}"
    if str(error).startswith(("Invalid value for ", "Invalid SSL ", "Redis URL must specify")):
        return str(error)
    return "it is malformed; percent-encode special characters of the password, such as / as %2F"
