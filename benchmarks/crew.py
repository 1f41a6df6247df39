"""The workers of all environments, as seen from the process that asks them."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.cases import Measurement
from benchmarks.environments import ROOT, Environment, environments, make, python_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self


class Label(NamedTuple):
    """The name of a case: the table, the column and the row."""

    group: str
    operation: str
    library: str


class Crew:
    """Starts a worker in each environment, and knows who can run what.

    Use it as a context manager.

    Args:
        groups: the names of the groups to be run.
        redis_url: the server for those who need one.
        processor: that of the server; `None` if it is not chosen.
        budget: nanoseconds that a case may take at a time.
    """

    def __init__(
        self, groups: list[str], *, redis_url: str, processor: int | None, budget: float
    ) -> None:
        self.failures: list[str] = []
        self.failed: set[Label] = set()
        self.versions: dict[str, dict[str, str]] = {}
        self._orders = {"redis_url": redis_url, "processor": processor, "budget": budget}
        self._groups = groups
        self._runners: dict[Label, tuple[_Runner, int]] = {}
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            for environment in environments():
                groups = [
                    name
                    for name in self._groups
                    if environment.groups is None or name in environment.groups
                ]
                if groups:
                    self._start(starting, environment, groups)
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._running.close()

    @property
    def labels(self) -> Iterable[Label]:
        """All cases that can be run."""
        return self._runners

    def measure(self, label: Label) -> Measurement | None:
        """Run a case and tell what it took; one that fails, `None`, is not to be run again."""
        runner, number = self._runners[label]
        answer = runner.ask(number)
        if isinstance(answer, str):
            self.failures.append(answer)
            self.failed.add(label)
            return None
        return Measurement(*answer)

    def _start(self, stack: ExitStack, environment: Environment, groups: list[str]) -> None:
        try:
            self.failures += make(environment)
            runner = stack.enter_context(_Runner(environment))
            told = runner.ask(
                {**self._orders, "groups": groups, "contestants": environment.contestants}
            )
        except (RuntimeError, OSError) as error:
            self.failures.append(f"the environment `{environment.name}`: {error}")
            return
        self.failures += told["failures"]
        self.failed.update(Label(*label) for label in told["failed"])
        self.versions[environment.name] = told["versions"]
        for number, label in enumerate(told["labels"]):
            self._runners[Label(*label)] = runner, number


class _Runner:
    """A worker process, asked and answering line by line."""

    def __init__(self, environment: Environment) -> None:
        self._name = environment.name
        path = {"PYTHONPATH": str(ROOT / "src")} if environment.has_working_tree else {}
        # Imports are to be timed from byte code, whatever settings there are for this process.
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
        }
        self._process = subprocess.Popen(
            [python_of(environment), "-m", "benchmarks.worker"],
            cwd=ROOT,
            env={**inherited, **path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._process.communicate()

    def ask(self, question: object) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(question) + "\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            msg = f"the worker of `{self._name}` ended with code {self._process.wait()}"
            raise RuntimeError(msg)
        return json.loads(answer)
