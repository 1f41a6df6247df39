"""The forms of URLs that lead to Redis or Valkey: a server, Sentinels or a cluster."""

from __future__ import annotations

from typing import NamedTuple, NoReturn
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from cachetory._core.urls import boolean, redact
from cachetory.errors import ConfigurationError

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
            return cls(f"{known}://{rest}")
        if base not in _PLAIN:
            msg = f"`{redact(url)}` cannot be used: of {base}, there are no {topology}s"
            raise ConfigurationError(msg)
        return _Parser(url, _PLAIN[base], topology).parse(rest)


class _Parser:
    def __init__(self, url: str, base: str, topology: str) -> None:
        self._url = url
        self._base = base
        self._topology = topology

    def parse(self, rest: str) -> RedisUrl:
        rest, _, query = rest.partition("?")
        authority, _, path = rest.partition("/")
        credentials, at, netloc = authority.rpartition("@")
        hosts = tuple(self._host(part) for part in netloc.split(","))
        options = dict(parse_qsl(query, keep_blank_values=True))
        try:
            reads_from_replicas = boolean(options.pop("read_from_replicas", "false"))
        except ValueError as error:
            self._refuse(f"`read_from_replicas`: {error}")
        sentinel_options: dict[str, str] = {}
        service = ""
        if self._topology == SENTINEL:
            service, _, path = path.partition("/")
            service = unquote(service)
            if path and not path.isdecimal():
                self._refuse("behind the service stands the number of a logical database")
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
        if host is None:
            self._refuse("name its hosts as `host:port,host:port`")
        return host, port or _PORTS[self._topology]

    def _refuse(self, reason: str) -> NoReturn:
        msg = f"`{redact(self._url)}` cannot be used: {reason}"
        raise ConfigurationError(msg)


def reason_of(error: Exception) -> str:
    """Tell what is wrong, without quoting the URL, parts of whose password may stand anywhere."""
    _, unexpected, parameter = str(error).partition("unexpected keyword argument ")
    if unexpected:
        return f"redis-py's connections do not know the parameter {parameter}"
    if str(error).startswith(("Invalid value for ", "Redis URL must specify")):
        return str(error)
    return "it is malformed; percent-encode special characters of the password, such as / as %2F"
