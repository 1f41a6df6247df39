"""The entries of a cache whose store keeps bytes or text.

All failures of the store end here: they are reported, and become `UNREACHABLE`, unless the cache
was told to raise them. Explicit writes let them through.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Generic

from cachetory._core.freshness import Found
from cachetory._core.magic import is_envelope
from cachetory._core.overrides import is_outdone
from cachetory._core.sentinels import MISSING, Absent
from cachetory._runtime.callables import takes_keyword
from cachetory._shell.async_.codec import Codec, Undecoded, seal
from cachetory._shell.async_.shelf import CLAIM_FOR, Claimed, Loaded, Shelf
from cachetory._shell.health import Health
from cachetory._shell.tokens import FENCE, make_token
from cachetory.durations import SHORTEST
from cachetory.errors import (
    ConfigurationError,
    DecodeError,
    NoEventLoopError,
    UnsupportedOperationError,
)
from cachetory.interfaces.backends.async_ import AsyncBackend
from cachetory.interfaces.backends.private import WireT
from cachetory.interfaces.leases.async_ import Commit
from cachetory.interfaces.serializers import ValueT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cachetory._core.freshness import Stamp
    from cachetory._runtime.async_ import Background
    from cachetory._shell.reporter import Reporter


CLAIM_TRIES = 3
"""How often to ask for a claim; the one of somebody else may just have ended."""

_ENTRIES = (Found, Absent)
_OF_THE_PROGRAM = (ConfigurationError, NoEventLoopError)


class WireShelf(Shelf[ValueT], Generic[ValueT, WireT]):
    """Entries in the form that a serializer makes, in an envelope where their times matter.

    Args:
        backend: the store.
        prefix: what stands before every key in it.
        codec: turns values into wire and back.
        reporter: is told of what fails.
        background: where the store is probed while it is down.
        notes_all: whether every value is put in an envelope.
        raises_backend_errors: whether errors of the store are raised.
        raises_undecodable: whether values that cannot be decoded are an error.
    """

    def __init__(
        self,
        backend: AsyncBackend[WireT],
        prefix: str,
        codec: Codec[ValueT, WireT],
        reporter: Reporter,
        background: Background,
        *,
        notes_all: bool,
        raises_backend_errors: bool,
        raises_undecodable: bool,
    ) -> None:
        super().__init__(backend, prefix, reporter, notes_all=notes_all)
        self._codec = codec
        self._background = background
        self._raises_backend_errors = raises_backend_errors
        self._raises_undecodable = raises_undecodable
        self._health = Health.of(backend)

    async def get(self, key: str) -> ValueT | Absent:
        """Find the value of a key, if it is fresh."""
        found: Any = await self._fetch(key)
        if isinstance(found, Undecoded):
            return self._reject(key, found)
        if found.__class__ is Found:
            return found.value if found.is_to_be_had else MISSING
        value: ValueT | Absent = found
        return value

    async def get_many(self, keys: Sequence[str]) -> dict[str, ValueT]:
        """Find the values of those keys that have a fresh one."""
        values: dict[str, ValueT] = {}
        for key, found in (await self._fetch_many(keys)).items():
            if isinstance(found, Undecoded):
                self._reject(key, found)
            elif found.__class__ is Found:
                if found.is_to_be_had:
                    values[key] = found.value
            elif not isinstance(found, Absent):
                values[key] = found
        return values

    async def read(self, key: str) -> Found[ValueT] | Absent:
        """Find the entry of a key, fresh or stale."""
        return self._as_entry(key, await self._fetch(key))

    async def read_many(self, keys: Sequence[str]) -> dict[str, Found[ValueT] | Absent]:
        """Find the entries of keys; each of them is in the answer."""
        fetched = await self._fetch_many(keys)
        return {key: self._as_entry(key, fetched.get(key, MISSING)) for key in keys}

    async def encode(self, key: str, value: ValueT, stamp: Stamp) -> Any:
        """Turn a value into wire."""
        return self._seal(key, await self._codec.encode(value), stamp)

    async def encode_all(self, values: dict[str, ValueT], stamp: Stamp) -> dict[str, Any]:
        """Turn values into wire."""
        wires = await self._codec.encode_all(list(values.values()))
        entries: dict[str, Any] = dict(zip(values, wires, strict=True))
        if stamp.is_noted or any(map(is_envelope, wires)):
            return {key: self._seal(key, wire, stamp) for key, wire in entries.items()}
        return entries

    async def put(self, key: str, entry: Any, stamp: Stamp, *, if_not_exists: bool) -> bool:
        """Store what was encoded, and tell whether that changed anything; let errors through."""
        with self._reporter.failures("set", key):
            changed = await self._backend.set(
                self._prefix + key,
                entry,
                time_to_live=_duration(stamp.stored_for),
                if_not_exists=if_not_exists,
            )
            if if_not_exists and not changed and stamp.stored_for != 0:
                return await self.put_over_stale(key, entry, stamp.stored_for)
            return changed

    async def put_over_stale(self, key: str, entry: Any, stored_for: float | None) -> bool:
        """Store an entry in the place of one that is stale or negative; others are values."""
        full_key = self._prefix + key
        try:
            wire: Any = await self._backend.get(full_key)
        except KeyError:
            wire = None
        if wire is not None and self._is_to_be_had(key, wire):
            return False
        leases = self.look_for_leases()
        if leases is None:
            return await self._backend.set(full_key, entry, time_to_live=_duration(stored_for))
        token = make_token(FENCE)
        ((holder, wire),) = await leases.claim([full_key], token, CLAIM_FOR)
        if holder is None:
            return await self._backend.set(full_key, entry, time_to_live=_duration(stored_for))
        if wire is not None and self._is_to_be_had(key, wire):
            await self.release([key], token)
            return False
        commit = Commit(full_key, holder, entry, time_to_live=stored_for, former=wire)
        return (await leases.commit([commit]))[0]

    async def update(self, key: str, change: Callable[[ValueT], ValueT]) -> ValueT | Absent:
        """Change a fresh value in its place, atomically, and give it; let errors through."""
        full_key = self._prefix + key
        while True:  # until nobody else has written meanwhile
            token = make_token(FENCE)  # others may have taken the last one for theirs
            with self._reporter.failures("update", key):
                holder, wire = await self._claim_one(full_key, token)
            try:
                found: Any = MISSING if wire is None else await self._codec.decode(full_key, wire)
                entry = self._as_entry(key, found)
                if isinstance(entry, Absent) or not entry.is_to_be_had:
                    await self.release([key], token)
                    return MISSING
                value = change(entry.value)
                changed = await self._codec.reseal(full_key, entry, value)
            except Exception:  # of the change, or of the serializer
                await self.release([key], token)
                raise
            commit = Commit(
                full_key, holder, changed, time_to_live=None, former=wire, keeps_time=True
            )
            with self._reporter.failures("update", key):
                if await self._commit_one(commit):
                    return value

    async def put_many(self, entries: dict[str, Any], stamp: Stamp) -> None:
        """Store all that was encoded; let errors through."""
        items = list(zip(self._full(entries), entries.values(), strict=True))
        with self._reporter.failures("set_many", next(iter(entries))):
            await self._set_many(items, _duration(stamp.stored_for))

    async def claim(
        self, keys: Sequence[str], token: str, seconds: float, *, takes_over: bool = False
    ) -> dict[str, Claimed[ValueT]]:
        """Claim keys in order to load them, and find their entries."""
        leases = self._leases  # the load path has just looked for them
        if leases is None:
            if len(keys) == 1:  # without the bulk operation, which a proxy may count
                return {keys[0]: Claimed(await self.read(keys[0]))}
            found = await self.read_many(keys)
            return {key: Claimed(found[key]) for key in keys}
        full_keys = [self._prefix + key for key in keys]
        try:
            answers = await leases.claim(full_keys, token, seconds, takes_over=takes_over)
        except Exception as error:
            # It may have been carried out all the same, and would keep others from loading.
            self._background.start(partial(self.release, keys, token))
            self.suffer("claim", keys[0], error)
            return {key: Claimed(Absent.UNREACHABLE) for key in keys}
        self.note_answer(keys[0])
        wires = [
            (full_key, wire)
            for full_key, (_, wire) in zip(full_keys, answers, strict=True)
            if wire is not None
        ]
        entries = iter(await self._codec.decode_all(wires))
        claims: dict[str, Claimed[ValueT]] = {}
        for key, (holder, wire) in zip(keys, answers, strict=True):
            entry: Any = MISSING if wire is None else next(entries)
            if isinstance(entry, Undecoded):  # which has been reported when it was read
                entry = Absent.UNDECODABLE
            claims[key] = Claimed(self._as_entry(key, entry), holder, wire)
        return claims

    async def commit(self, loaded: dict[str, Loaded[ValueT]]) -> dict[str, bool]:
        """Store loaded values; tell whether each was stored, but for those that failed."""
        wires: dict[str, Any] = {}
        stored: dict[str, bool] = {}
        for key, it in loaded.items():
            try:
                if it.stamp.is_refused:
                    wires[key] = self._seal(key, b"", it.stamp)
                else:
                    wires[key] = await self.encode(key, it.value, it.stamp)
            except Exception as error:
                self._reporter.unencodable(key, error)
                it.is_encodable = False
                stored[key] = False
        fenced = {key: it for key, it in loaded.items() if key in wires and it.claimed.holder}
        try:
            if self._leases is not None and fenced:
                outcomes = await self._leases.commit(
                    [
                        Commit(
                            self._prefix + key,
                            it.claimed.holder or "",
                            wires[key],
                            time_to_live=it.stamp.stored_for,
                            former=it.claimed.former,
                        )
                        for key, it in fenced.items()
                    ]
                )
                stored.update(zip(fenced, outcomes, strict=True))
            unfenced = {key: wire for key, wire in wires.items() if key not in stored}
            stored.update(await self._store(unfenced, loaded))
        except Exception as error:
            for key in wires:
                if key not in stored:
                    self._reporter.not_stored(key, "failed")
            self.suffer("set", next(iter(wires)), error)
        return stored

    async def contains(self, key: str) -> bool:
        """Tell whether there is a value that is fresh, without decoding it."""
        full_key = self._prefix + key
        if self._health.is_down and self._stays_away(key):
            return False
        try:
            wire = await self._backend.get(full_key)
        except KeyError:
            return False
        except Exception as error:
            self.suffer("contains", key, error)
            return False
        return self._is_to_be_had(key, wire)

    async def restamp(self, key: str, seconds: float | None, kept_for: float) -> bool:
        """Let an entry in an envelope be fresh for so long from now, if it still is."""
        full_key = self._prefix + key
        try:
            wire: Any = await self._backend.get(full_key)
        except KeyError:
            return False
        if not is_envelope(wire):
            return False
        holder: str | None = None
        token = ""
        leases = self.look_for_leases()
        if leases is not None:
            token = make_token(FENCE)
            ((holder, wire),) = await leases.claim([full_key], token, CLAIM_FOR)
        renewed = self._codec.restamp(full_key, wire, seconds, kept_for)
        if renewed is None:
            await self.release([key], token)
            return wire is None or is_envelope(wire)
        entry, stored_for = renewed
        if leases is None or holder is None:
            await self._backend.set(full_key, entry, time_to_live=_duration(stored_for))
        else:
            commit = Commit(full_key, holder, entry, time_to_live=stored_for, former=wire)
            await leases.commit([commit])
        return True

    def suffer(self, operation: str, key: str, error: Exception) -> None:
        """Report a failure of the store, and raise it if the cache was told to.

        An error of the program is always raised: it does not pass by itself, as an outage does.
        """
        self._reporter.backend_failed(operation, key, error)
        if self._raises_backend_errors or isinstance(error, _OF_THE_PROGRAM):
            raise error
        if self._is_outage(error) and self._health.failed():
            self._reporter.store_left_alone(key, error)

    async def _store(
        self, wires: dict[str, Any], loaded: dict[str, Loaded[ValueT]]
    ) -> dict[str, bool]:
        """Store values for which there is no claim, those together that live equally long."""
        stored: dict[str, bool] = {}
        alike: dict[float | None, list[tuple[str, Any]]] = {}
        for key, wire in wires.items():
            it = loaded[key]
            if len(wires) == 1 or it.if_not_exists:
                stored[key] = await self._backend.set(
                    self._prefix + key,
                    wire,
                    time_to_live=_duration(it.stamp.stored_for),
                    if_not_exists=it.if_not_exists,
                )
            else:
                alike.setdefault(it.stamp.stored_for, []).append((self._prefix + key, wire))
                stored[key] = True
        for seconds, items in alike.items():
            await self._set_many(items, _duration(seconds))
        return stored

    async def _get_many(self, full_keys: list[str]) -> list[tuple[str, WireT]]:
        """Get what is stored for keys, one by one if a user overrides `get` alone."""
        if not is_outdone(self._backend, "get_many", "get"):
            return [pair async for pair in self._backend.get_many(*full_keys)]
        wires: list[tuple[str, WireT]] = []
        for full_key in full_keys:
            with suppress(KeyError):
                wires.append((full_key, await self._backend.get(full_key)))
        return wires

    async def _set_many(self, items: list[tuple[str, Any]], time_to_live: timedelta | None) -> None:
        """Store values that live equally long, also where `set_many` takes no time to live."""
        if is_outdone(self._backend, "set_many", "set"):
            for full_key, wire in items:
                await self._backend.set(full_key, wire, time_to_live=time_to_live)
        elif time_to_live is None:
            await self._backend.set_many(items)
        elif takes_keyword(self._backend.set_many, "time_to_live"):
            await self._backend.set_many(items, time_to_live=time_to_live)
        else:  # a backend written for release 3.5.1
            for full_key, wire in items:
                await self._backend.set(full_key, wire, time_to_live=time_to_live)

    async def _claim_one(self, full_key: str, token: str) -> tuple[str, Any]:
        """Claim a key in order to change its value; give whose claim stands, and the wire."""
        wire: Any = None
        leases = self.look_for_leases()
        if leases is None:
            try:
                wire = await self._backend.get(full_key)
            except KeyError:
                return "", None
            raise _not_atomic(self._backend)
        for _ in range(CLAIM_TRIES):
            ((holder, wire),) = await leases.claim([full_key], token, CLAIM_FOR)
            if holder is not None or wire is None:
                return holder or "", wire
        raise _not_atomic(self._backend)

    async def _commit_one(self, commit: Commit) -> bool:
        return self._leases is not None and (await self._leases.commit([commit]))[0]

    def _seal(self, key: str, payload: Any, stamp: Stamp) -> Any:
        if stamp.is_noted or is_envelope(payload):  # or it would be taken for one
            return seal(self._prefix + key, payload, stamp)
        return payload

    async def _fetch(self, key: str) -> ValueT | Found[ValueT] | Undecoded | Absent:
        """Get what is stored for a key: a value, or an entry if it is in an envelope."""
        full_key = self._prefix + key
        health = self._health
        if health.is_down and self._stays_away(key):
            return Absent.UNREACHABLE
        try:
            wire = await self._backend.get(full_key)
        except KeyError:
            if health.has_failed:
                self.note_answer(key)
            return MISSING
        except Exception as error:
            self.suffer("get", key, error)
            return Absent.UNREACHABLE
        if health.has_failed:
            self.note_answer(key)
        return await self._codec.decode(full_key, wire)

    async def _fetch_many(self, keys: Sequence[str]) -> dict[str, Any]:
        """Get what is stored for keys; those for which nothing is are missing, or unreachable."""
        if not keys:
            return {}
        if self._health.is_down and self._stays_away(keys[0]):
            return dict.fromkeys(keys, Absent.UNREACHABLE)
        wires: list[tuple[str, WireT]] = []
        fetched: dict[str, Any] = {}
        try:
            wires = await self._get_many(self._full(keys))
        except Exception as error:
            self.suffer("get_many", keys[0], error)
            fetched = dict.fromkeys(keys, Absent.UNREACHABLE)
        else:
            self.note_answer(keys[0])
        start = len(self._prefix)
        for (full_key, _), found in zip(wires, await self._codec.decode_all(wires), strict=True):
            fetched[full_key[start:]] = found
        return fetched

    def _as_entry(self, key: str, found: Any) -> Found[ValueT] | Absent:
        if isinstance(found, Undecoded):
            return self._reject(key, found)
        entry: Found[ValueT] | Absent = found
        return entry if found.__class__ in _ENTRIES else Found(found)

    def _is_to_be_had(self, key: str, wire: Any) -> bool:
        found = self._codec.open(self._prefix + key, wire)
        if isinstance(found, Undecoded):
            self._reject(key, found)
            return False
        return found is None or found.is_to_be_had

    def _reject(self, key: str, undecoded: Undecoded) -> Absent:
        """Report a value that cannot be decoded, and raise if the cache was told to."""
        error = undecoded.error
        self._reporter.undecodable(key, error)
        if self._raises_undecodable:
            msg = f"the value stored for {key!r} cannot be decoded: {type(error).__name__}"
            raise DecodeError(msg) from error
        return Absent.UNDECODABLE

    def note_answer(self, key: str) -> None:
        """Take note that the store has done what was asked for a key."""
        if self._health.answered():
            self._reporter.store_is_back(key)

    def _is_outage(self, error: Exception) -> bool:
        """Ask the backend what an error means; one written for release 3.5.1 cannot tell."""
        backend: Any = self._backend
        if hasattr(backend, "is_outage"):
            return bool(backend.is_outage(error))
        return AsyncBackend[Any].is_outage(backend, error)

    def _stays_away(self, key: str) -> bool:
        """Tell whether to leave the store alone; now and then, see behind whether it is back."""
        if self._raises_backend_errors:
            return False
        if self._health.may_probe():
            self._background.start(partial(self._probe, key))
        return True

    async def _probe(self, key: str) -> None:
        try:
            await self._backend.get(self._prefix + key)
        except (KeyError, ConfigurationError):  # the next caller is to see the latter
            pass
        except Exception as error:
            self.suffer("probe", key, error)
            return
        self.note_answer(key)


def _not_atomic(backend: object) -> UnsupportedOperationError:
    return UnsupportedOperationError(
        f"{type(backend).__name__} cannot change a value in its place: it keeps no claims"
    )


def _duration(seconds: float | None) -> timedelta | None:
    if seconds is None or seconds <= 0:
        return None if seconds is None else timedelta(0)
    return timedelta(seconds=max(seconds, SHORTEST))
