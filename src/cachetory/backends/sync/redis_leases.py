# Generated from src/cachetory/backends/async_/redis_leases.py by tools/unasync.py. Do not edit: edit that file instead.
"""Claims to the keys of a Redis or Valkey server: one more key beside each that is loaded."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING, Any

from redis.exceptions import (
    InvalidResponse,
    NoScriptError,
    RedisError,
)

from cachetory._core.envelope import IDENTIFIED_BY
from cachetory._core.magic import is_envelope
from cachetory.backends.names import milliseconds_of, name_of, names_of
from cachetory.backends.redis_faults import is_forbidden, raised
from cachetory.backends.redis_words import wire_of
from cachetory.interfaces.leases.sync import SyncLeases, SyncWatch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from cachetory._runtime.sync import PerLoop
    from cachetory.backends.sync.redis_servers import RedisServers
    from cachetory.interfaces.leases.sync import Commit

# All scripts compare the token first. Who waits for a lease is told by a message on a channel with
# the name of the claim; whether that may be sent is another matter, hence `pcall`. The Lua of
# fakeredis has no `sha1hex`; there the token alone decides.
_TELL = "if string.sub(ARGV[1], 1, 1) == 'l' then redis.pcall('PUBLISH', KEYS[1], '') end\n"

_COMMIT = (
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
    "redis.call('DEL', KEYS[1])\n" + _TELL + "local mark = ARGV[4]\n"
    "if mark == '' then\n"
    "  if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end\n"
    "elseif string.byte(mark) == 193 then\n"
    "  if redis.call('GETRANGE', KEYS[2], 0, #mark - 1) ~= mark then return 0 end\n"
    "else\n"
    "  local now = redis.call('GET', KEYS[2])\n"
    "  if not now or redis.sha1hex and redis.sha1hex(now) ~= mark then return 0 end\n"
    "end\n"
    "if ARGV[3] == '' then redis.call('SET', KEYS[2], ARGV[2])\n"
    "elseif ARGV[3] == '0' then redis.call('DEL', KEYS[2])\n"
    "elseif ARGV[3] == 'KEEPTTL' then redis.call('SET', KEYS[2], ARGV[2], 'KEEPTTL')\n"
    "else redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end\n"
    "return 1"
)
_RENEW = (
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
    "return redis.call('PEXPIRE', KEYS[1], ARGV[2])"
)
_RELEASE = (
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
    "if ARGV[2] == '' then redis.call('DEL', KEYS[1])\n"
    "else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end\n" + _TELL + "return 1"
)
_KEEP = "KEEPTTL"
_DIGEST_OF = {
    script: sha1(script.encode(), usedforsecurity=False).hexdigest()
    for script in (_COMMIT, _RENEW, _RELEASE)
}


class RedisLeases(SyncLeases[bytes]):
    """Claims as keys of their own, compared and ended by small scripts.

    A server that forbids them to its user has no fences between processes, and goes on without.

    Args:
        servers: the server, for each event loop.
    """

    def __init__(self, servers: PerLoop[RedisServers]) -> None:
        self._servers = servers

    def claim(
        self, keys: Sequence[str], token: str, seconds: float, *, takes_over: bool = False
    ) -> list[tuple[str | None, bytes | None]]:
        """Claim those keys that nobody has claimed, and look them up, in one round trip."""
        names = [name_of(key) for key in keys]
        server = self._servers.get()
        claims = [server.claim_of(name) for name in names]
        condition = () if takes_over else ("NX",)
        milliseconds = milliseconds_of(seconds)
        replies = server.ask_each(
            *[("SET", claim, token, "PX", milliseconds, *condition) for claim in claims],
            ("MGET", *claims),
            ("MGET", *names),
        )
        holders: Any
        wires: Any
        holders, wires = replies[-2:]
        if isinstance(wires, RedisError):
            raise wires
        if isinstance(holders, RedisError):
            holders = [None] * len(keys)
        if wires.__class__ is not list or not (len(wires) == len(holders) == len(keys)):
            msg = "the server answers something else than it was asked"
            raise InvalidResponse(msg)
        return [
            (None if holder is None else bytes(holder).decode("ascii", "replace"), wire)
            for holder, wire in zip(holders, wires, strict=True)
        ]

    def renew(self, keys: Sequence[str], token: str, seconds: float) -> list[bool]:
        """Let the claims of the token stand for so long from now, and tell which still stood."""
        arguments = (token, milliseconds_of(seconds))
        calls = [((claim,), arguments) for claim in self._claims_of(keys)]
        return [bool(reply) for reply in raised(self._run(_RENEW, calls))]

    def commit(self, commits: Sequence[Commit]) -> list[bool]:
        """Store each value whose claim still stands, and end that; tell which were stored."""
        calls: list[tuple[tuple[bytes, ...], tuple[Any, ...]]] = []
        for it, claim in zip(commits, self._claims_of([it.key for it in commits]), strict=True):
            name = name_of(it.key)
            lives_for: str | int = ""
            if it.keeps_time:
                lives_for = _KEEP
            elif it.time_to_live is not None:
                lives_for = milliseconds_of(it.time_to_live) if it.time_to_live > 0 else 0
            calls.append(((claim, name), (it.token, wire_of(it.wire), lives_for, _mark(it.former))))
        replies = self._run(_COMMIT, calls)
        forbidden = [
            (keys[1], arguments)
            for (keys, arguments), reply in zip(calls, replies, strict=True)
            if is_forbidden(reply)
        ]
        if not forbidden:
            return [bool(reply) for reply in raised(replies)]
        self._servers.get().ask_all(
            *[
                ("DEL", name) if lives_for == 0 else ("SET", name, wire, *_lifetime(lives_for))
                for name, (_, wire, lives_for, _) in forbidden
            ]
        )
        return [is_forbidden(it) or bool(it) for it in replies]

    def release(
        self, keys: Sequence[str], token: str, successor: str = "", seconds: float = 0.0
    ) -> None:
        """End the claims of the token, or put a successor's in their place for so long."""
        arguments = (token, successor, milliseconds_of(seconds))
        self._run(_RELEASE, [((claim,), arguments) for claim in self._claims_of(keys)])

    def watch(self, keys: Collection[str]) -> SyncWatch:
        """Watch for claims to end: the server sends a message then."""
        return RedisWatch(self._servers.get(), self._claims_of(keys))

    def _claims_of(self, keys: Iterable[str]) -> list[bytes]:
        server = self._servers.get()
        return [server.claim_of(name) for name in names_of(keys)]

    def _run(
        self, script: str, calls: Sequence[tuple[tuple[bytes, ...], tuple[Any, ...]]]
    ) -> list[Any]:
        """Run a script with each of these keys and arguments, in one round trip."""
        server = self._servers.get()
        replies = server.ask_each(
            *[
                ("EVALSHA", _DIGEST_OF[script], len(keys), *keys, *arguments)
                for keys, arguments in calls
            ]
        )
        unknown = [at for at, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:  # to this server, since its start
            again = server.ask_each(
                *[
                    ("EVAL", script, len(calls[at][0]), *calls[at][0], *calls[at][1])
                    for at in unknown
                ]
            )
            for at, reply in zip(unknown, again, strict=True):
                replies[at] = reply
        return replies


class RedisWatch(SyncWatch):
    """Waits for a message of the server; where there is no connection to spare, for a while."""

    def __init__(self, server: RedisServers, channels: Sequence[bytes]) -> None:
        self._server = server
        self._channels = channels
        self._messages: Any = None

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._messages = self._server.listen(self._channels)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Watch no more."""
        if self._messages is not None:
            self._server.listen_no_more(self._messages)

    def wait(self, seconds: float) -> None:
        """Wait for something to happen, so long at most."""
        if self._messages is not None:
            try:
                self._messages.get_message(ignore_subscribe_messages=True, timeout=seconds)
            except Exception:  # the connection broke; what cannot be heard can still be asked for
                self._server.listen_no_more(self._messages)
                self._messages = None
            else:
                return
        super().wait(seconds)


def _lifetime(lives_for: str | int) -> tuple[str | int, ...]:
    """Give the words of `SET` for it."""
    if lives_for == _KEEP:
        return (_KEEP,)
    return ("PX", lives_for) if lives_for else ()


def _mark(former: bytes | None) -> bytes | str:
    """Give what tells a stored value from others; see the script."""
    if former is None:
        return b""
    if is_envelope(former):
        return bytes(former[:IDENTIFIED_BY])
    return sha1(former, usedforsecurity=False).hexdigest()
