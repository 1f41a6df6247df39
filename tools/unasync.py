"""Write the sync twin of every async source, or check that the twins are up to date.

    python tools/unasync.py           writes the twins
    python tools/unasync.py --check   changes nothing, says what is wrong and what to do about it

The one rule: a path part `async_` becomes `sync`, so `caches/async_.py` gives `caches/sync.py` and
`backends/async_/redis.py` gives `backends/sync/redis.py`. A twin is its source token by token:
`async` and `await` are struck out and names are replaced. Strings and comments follow, as far as
they speak of code. Where the two colours truly differ, the difference belongs into
`cachetory._runtime`, whose two modules are written by hand; so are the two of the Redis wire.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tokenize
from difflib import unified_diff
from io import StringIO
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "tests", "examples", "docs")
HAND_WRITTEN = {
    "src/cachetory/_runtime/async_.py",
    "src/cachetory/_runtime/sync.py",
    "src/cachetory/backends/async_/redis_wire.py",
    "src/cachetory/backends/sync/redis_wire.py",
}
HEADER = "# Generated from {} by tools/unasync.py. Do not edit: edit that file instead.\n"
REMEDY = "run: .venv/bin/python tools/unasync.py"

NAMES = {
    "AsyncBackend": "SyncBackend",
    "AsyncBackendRead": "SyncBackendRead",
    "AsyncBackendWrite": "SyncBackendWrite",
    "AsyncIterator": "Iterator",
    "AsyncLeases": "SyncLeases",
    "AsyncWatch": "SyncWatch",
    "FakeAsyncRedis": "FakeRedis",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "aadd": "add",
    "aclear": "clear",
    "aclose": "close",
    "adelete": "delete",
    "adelete_many": "delete_many",
    "aget": "get",
    "ahas_key": "has_key",
    "aget_many": "get_many",
    "aset": "set",
    "aset_many": "set_many",
    "atouch": "touch",
    "redis.asyncio": "redis",
}
"""Names to replace; besides, `async_` alone becomes `sync`, and `sync_` within a name.

A dotted name has one dot and loses what stands behind it.
"""

_DOTTED = [rf"{re.escape(name)}\b" for name in NAMES if "." in name]
_WORD = re.compile("|".join([*_DOTTED, r"[^\W\d]\w*"]))
_STRUCK_OUT_OF_TEXT = re.compile(
    r"\basync (?=(?:with|for|def)\b)|\bawait (?=[\w.]+\()|(?<=`)await "
)
_OPENING = {getattr(tokenize, f"{letter}STRING_START", None) for letter in "FT"} - {None}
_CLOSING = {getattr(tokenize, f"{letter}STRING_END", None) for letter in "FT"} - {None}


def translate(source: str, used: set[str]) -> str:
    """Turn async source code into sync, yet unformatted; add the rules applied to `used`."""
    pieces: list[str] = []
    done = 0
    for start, end, text in _edits(source, used):
        pieces += source[done:start], text
        done = end
    return "".join([*pieces, source[done:]])


def _edits(source: str, used: set[str]) -> Iterator[tuple[int, int, str]]:
    tokens = list(_tokens(source))
    for index, (kind, start, end) in enumerate(tokens):
        text = source[start:end]
        if kind in (tokenize.STRING, tokenize.COMMENT):
            yield start, end, translate_text(text, used)
        elif kind == tokenize.NAME and text in ("async", "await"):
            follower = tokens[index + 1][1]
            yield start, end if "\n" in source[end:follower] else follower, ""
        elif kind == tokenize.NAME:
            origin = tokens[max(index - 2, 0)][1]
            if (dotted := source[origin:end]) in NAMES:
                used.add(dotted)
                yield tokens[index - 1][1], end, ""
            else:
                yield start, end, _rename(text, used)


def _tokens(source: str) -> Iterator[tuple[int, int, int]]:
    """Tell kind, start and end of each token; an f-string is one string in every Python."""
    lines = [0, *accumulate(map(len, StringIO(source)))]
    depth = opened = 0
    for token in tokenize.generate_tokens(StringIO(source).readline):
        start = lines[token.start[0] - 1] + token.start[1]
        end = lines[token.end[0] - 1] + token.end[1]
        if token.type in _OPENING:
            opened = opened if depth else start
            depth += 1
        elif token.type in _CLOSING:
            depth -= 1
            if not depth:
                yield tokenize.STRING, opened, end
        elif not depth:
            yield token.type, start, end


def translate_text(text: str, used: set[str]) -> str:
    """Translate what a string or a comment says about code, and "asynchronous" in its prose."""
    text = _STRUCK_OUT_OF_TEXT.sub("", text)
    text = re.sub(r"\b([Aa])n (?=asynchronous)", r"\1 ", text)
    text = text.replace("asynchronous", "synchronous").replace("Asynchronous", "Synchronous")
    return _WORD.sub(lambda match: _rename(match[0], used), text)


def _rename(name: str, used: set[str]) -> str:
    if name in NAMES:
        used.add(name)
        return NAMES[name]
    return "sync" if name == "async_" else re.sub(r"(?<![^\W_])async_", "sync_", name)


def twin_of(path: str) -> str:
    """Tell the path of the twin of a source: the same path unless it has a part `async_`."""
    return re.sub(r"(^|/)async_(?=/|\.py$)", r"\1sync", path)


def generate(root: Path, used: set[str]) -> dict[str, str]:
    """Map the path of every twin under `root` to its text; add the rules applied to `used`."""
    twins: dict[str, str] = {}
    for path in _python_files(root):
        if path not in HAND_WRITTEN and twin_of(path) != path:
            source = (root / path).read_text("utf-8")
            ast.parse(source, path)  # a mistake is told with the name of the source
            twins[twin_of(path)] = HEADER.format(path) + translate(source, used)
    return _format(root, twins)


def _python_files(root: Path) -> Iterator[str]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            yield path.relative_to(root).as_posix()


def _format(root: Path, texts: dict[str, str]) -> dict[str, str]:
    """Sort the imports of all texts and format them as the project does, in one go."""
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--quiet", "--no-cache", "--config", str(root / "pyproject.toml"), "."]
    with TemporaryDirectory() as folder:
        for path, text in texts.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        for command in (["check", "--select", "I", "--fix"], ["format"]):
            subprocess.run([*ruff, *command, *options], cwd=folder, check=bool(texts))
        return {path: Path(folder, path).read_text("utf-8") for path in texts}


def problems(root: Path) -> Iterator[str]:
    """Tell all that is wrong with the twins under `root`, each with its remedy."""
    used: set[str] = set()
    twins = generate(root, used)
    for path, text in twins.items():
        if not (root / path).exists():
            yield f"{path} is missing; {REMEDY}"
        elif (old := (root / path).read_text("utf-8")) != text:
            changes = unified_diff(
                old.splitlines(), text.splitlines(), path, "as generated", lineterm=""
            )
            yield "\n".join([*changes, f"{path} is out of date; {REMEDY}"])
    for path in _strays(root, twins):
        if _is_generated(root / path):
            yield f"{path} has no source any more; {REMEDY} (it removes the file)"
        else:
            yield (
                f"{path} has a path part `sync`, but it is not generated. Write its async source "
                "instead, rename it, or list it in HAND_WRITTEN of tools/unasync.py"
            )
    if unused := NAMES.keys() - used:
        names = ", ".join(sorted(unused))
        yield f"no source uses these names: {names}; delete their lines in tools/unasync.py"


def _strays(root: Path, twins: dict[str, str]) -> Iterator[str]:
    for path in _python_files(root):
        is_sync = re.search(r"(^|/)sync(/|\.py$)", path)
        if is_sync and path not in twins and path not in HAND_WRITTEN:
            yield path


def _is_generated(file: Path) -> bool:
    prefix, suffix = HEADER.split("{}")
    first = file.read_text("utf-8").partition("\n")[0] + "\n"
    return first.startswith(prefix) and first.endswith(suffix)


def write(root: Path) -> Iterator[str]:
    """Bring the twins under `root` up to date; tell each path that was written or removed."""
    twins = generate(root, set())
    for path, text in twins.items():
        file = root / path
        if not file.exists() or file.read_text("utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
            yield f"wrote {path}"
    for path in _strays(root, twins):
        if _is_generated(root / path):
            (root / path).unlink()
            yield f"removed {path}"


def main(arguments: list[str]) -> int:
    """Write the twins, or check them if the one argument is `--check`."""
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    checking = bool(arguments)
    lines = list(problems(ROOT) if checking else write(ROOT))
    print(*lines or ["all twins are up to date"], sep="\n")
    return int(checking and bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
