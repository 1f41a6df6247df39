"""Run the comparison: `make bench`, or `python -m benchmarks` with options.

A full run writes its figures to `docs/reference/benchmarks.md` and `docs/assets/benchmarks.svg`;
a quick or partial one only prints them.
"""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from redis import Redis

from benchmarks import processors
from benchmarks.cases import KEY_PREFIX
from benchmarks.chart import chart
from benchmarks.crew import Crew
from benchmarks.environments import ROOT
from benchmarks.groups import GROUPS
from benchmarks.page import page
from benchmarks.rounds import run
from tests.servers import Server, ServerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
CHART = ROOT / "docs" / "assets" / "benchmarks.svg"

FULL = (20, 25e6)
QUICK = (4, 10e6)
"""Rounds, and nanoseconds that a case may take in each."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    options = _parse(arguments)
    groups = [name for name in GROUPS if name in options.only]
    rounds, budget = QUICK if options.quick else FULL
    rounds = options.rounds or rounds
    failures: list[str] = []
    with ExitStack() as stack:
        server = ""
        redis_url = ""
        processor = None
        if any(GROUPS[name].needs_server for name in groups):
            try:
                redis_url, processor = _open_server(stack)
                server = _describe_server(redis_url)
            except ServerUnavailableError as error:
                failures.append(f"Redis: {error}")
                groups = [name for name in groups if not GROUPS[name].needs_server]
        crew = stack.enter_context(
            Crew(groups, redis_url=redis_url, processor=processor, budget=budget)
        )
        figures = run(crew, rounds)
    failures += crew.failures
    text = page(figures, crew, rounds=rounds, server=server, failures=failures)
    print(text)
    if not options.quick and set(groups) == set(GROUPS):
        _publish(text, chart(figures))


def _publish(text: str, drawing: str) -> None:
    for path, content in ((PAGE, text), (CHART, drawing)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        print(f"Written: {path.relative_to(ROOT)}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.partition("\n\n")[2]
    )
    parser.add_argument("--quick", action="store_true", help="a few short rounds")
    parser.add_argument(
        "--only",
        type=lambda names: names.split(","),
        default=list(GROUPS),
        metavar="GROUPS",
        help=f"some of the groups: {','.join(GROUPS)}",
    )
    parser.add_argument("--rounds", type=int, help="another number of rounds")
    options = parser.parse_args(arguments)
    unknown = set(options.only) - set(GROUPS)
    if unknown:
        parser.error(f"there is no group {', '.join(sorted(unknown))}: {', '.join(GROUPS)}")
    return options


def _open_server(stack: ExitStack) -> tuple[str, int | None]:
    """Give the URL of the server to use, and its processor if that can be chosen."""
    url = os.environ.get("REDIS_URL")
    if url is not None:
        stack.callback(_remove_keys, url)
        return url, None
    url = stack.enter_context(Server()).url
    processor = processors.choose()
    if processor is not None:
        with Redis.from_url(url) as client:
            processors.pin(client.info("server")["process_id"], {processor})
    return url, processor


def _remove_keys(url: str) -> None:
    with Redis.from_url(url) as client:
        for key in client.scan_iter(f"{KEY_PREFIX}*"):
            client.delete(key)


def _describe_server(url: str) -> str:
    with Redis.from_url(url) as client:
        about = client.info("server")
    if "valkey_version" in about:
        return f"Valkey {about['valkey_version']}"
    return f"Redis {about['redis_version']}"


if __name__ == "__main__":
    main()
