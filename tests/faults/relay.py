"""The proxy's own process: passes bytes between clients and a server, or spoils them on order.

It is told what to do by lines of JSON on its standard input, `[method, argument, ...]`, answers
each with a line of JSON once that is in force, and ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass

from tests.ports import bound_socket

_CHUNK = 65_536
_SLICES_PER_SECOND = 20


@dataclass(eq=False)
class Link:
    """One client's connection, and the server's end of it."""

    from_client: asyncio.StreamReader
    to_client: asyncio.StreamWriter
    from_server: asyncio.StreamReader
    to_server: asyncio.StreamWriter
    mute: bool = False

    def close(self) -> None:
        """Close both ends in an orderly way."""
        self.to_client.close()
        self.to_server.close()

    def reset(self) -> None:
        """Close both ends, the client's with RST."""
        _reset(self.to_client)
        self.to_server.close()


@dataclass
class Faults:
    """What is wrong with the line; all of it at once, if so ordered."""

    delay: float = 0.0
    jitter: float = 0.0
    rate: float | None = None
    request_rate: float | None = None
    bytes_until_cut: int | None = None
    bytes_until_flip: int | None = None

    def flip(self, replies: bytes) -> bytes:
        """Invert the byte whose turn it is, if it is among these."""
        if self.bytes_until_flip is None:
            return replies
        at, self.bytes_until_flip = self.bytes_until_flip, self.bytes_until_flip - len(replies)
        if at >= len(replies):
            return replies
        self.bytes_until_flip = None
        return replies[:at] + bytes([replies[at] ^ 0xFF]) + replies[at + 1 :]

    def cut(self, replies: bytes) -> tuple[bytes, bool]:
        """Return what still passes, and whether the connection ends after it."""
        if self.bytes_until_cut is None:
            return replies, False
        at, self.bytes_until_cut = self.bytes_until_cut, self.bytes_until_cut - len(replies)
        if at >= len(replies):
            return replies, False
        self.bytes_until_cut = None
        return replies[:at], True


class Relay:
    """Listens on one port for good; every public coroutine is an order that it takes."""

    def __init__(self, upstream_port: int) -> None:
        self.port = 0
        self._upstream_port = upstream_port
        self._listener: asyncio.Server | None = None
        self._faults = Faults()
        self._passing = asyncio.Event()
        self._links: set[Link] = set()
        self._accepted = 0

    async def forward(self) -> int:
        """Pass everything on again, what a black hole held back included; return the port."""
        self._faults = Faults()
        if self._listener is None:
            sock = bound_socket(self.port)
            self.port = sock.getsockname()[1]
            self._listener = await asyncio.start_server(self._serve, sock=sock)
        self._passing.set()
        return self.port

    async def delay(self, seconds: float, jitter: float) -> None:
        """Hold every chunk of replies back."""
        self._faults.delay, self._faults.jitter = seconds, jitter

    async def rate(self, bytes_per_second: float) -> None:
        """Trickle the replies."""
        self._faults.rate = bytes_per_second

    async def request_rate(self, bytes_per_second: float) -> None:
        """Trickle the requests."""
        self._faults.request_rate = bytes_per_second

    async def black_hole(self) -> None:
        """Accept, and pass nothing on in either direction."""
        self._passing.clear()

    async def refuse(self) -> None:
        """Stop listening, and reset the connections that there are."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self.reset()

    async def reset(self) -> None:
        """Reset the connections that there are."""
        for link in tuple(self._links):
            link.reset()

    async def half_close(self) -> None:
        """End the replies on the connections that there are; requests still pass."""
        for link in self._links:
            if not link.mute:
                link.mute = True
                link.to_client.write_eof()

    async def cut_after(self, count: int) -> None:
        """Close the connection that carries the reply byte with that number from now on."""
        self._faults.bytes_until_cut = count

    async def flip_byte(self, offset: int) -> None:
        """Invert the reply byte with that number from now on."""
        self._faults.bytes_until_flip = offset

    async def accepted(self) -> int:
        """Count the connections ever accepted."""
        return self._accepted

    async def connections(self) -> int:
        """Count the connections that are up."""
        return len(self._links)

    async def _serve(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        self._accepted += 1
        await self._passing.wait()
        try:
            upstream = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        except OSError:
            _reset(to_client)
            return
        link = Link(from_client, to_client, *upstream)
        self._links.add(link)
        await self._relay(link)
        self._links.discard(link)

    async def _relay(self, link: Link) -> None:
        pumps = [
            asyncio.create_task(self._pump_requests(link)),
            asyncio.create_task(self._pump_replies(link)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.wait(pumps)
        link.close()

    async def _pump_requests(self, link: Link) -> None:
        with suppress(OSError):
            while chunk := await link.from_client.read(_CHUNK):
                for part in self._slices(chunk, self._faults.request_rate):
                    await self._passing.wait()
                    if self._faults.request_rate is not None:
                        await asyncio.sleep(len(part) / self._faults.request_rate)
                    link.to_server.write(part)
                    await link.to_server.drain()

    async def _pump_replies(self, link: Link) -> None:
        with suppress(OSError):
            while chunk := await link.from_server.read(_CHUNK):
                await asyncio.sleep(self._faults.delay + random.uniform(0, self._faults.jitter))
                for part in self._slices(chunk, self._faults.rate):
                    await self._passing.wait()
                    if await self._reply(link, part):
                        return

    @staticmethod
    def _slices(chunk: bytes, rate: float | None) -> list[bytes]:
        size = len(chunk)
        if rate is not None:
            size = max(1, int(rate / _SLICES_PER_SECOND))
        return [chunk[start : start + size] for start in range(0, len(chunk), size)]

    async def _reply(self, link: Link, part: bytes) -> bool:
        """Pass a part of a reply on; tell whether the connection is to end here."""
        if self._faults.rate is not None:
            await asyncio.sleep(len(part) / self._faults.rate)
        part, ends = self._faults.cut(self._faults.flip(part))
        if not link.mute:
            link.to_client.write(part)
            await link.to_client.drain()
        return ends


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def main(upstream_port: int) -> None:
    """Take orders until the standard input ends."""
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    relay = Relay(upstream_port)
    while line := await orders.readline():
        method, *arguments = json.loads(line)
        outcome = await getattr(relay, method)(*arguments)
        sys.stdout.write(f"{json.dumps(outcome)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
