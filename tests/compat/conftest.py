"""Release 3.5.1 in a folder of its own, for the tests that compare with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

VERSION = "3.5.1"
REQUIREMENT = f"cachetory[redis,ormsgpack,zstd]=={VERSION}"
SKIP = "CACHETORY_SKIP_RELEASE_TESTS"
PATIENCE = 60
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
from importlib.metadata import version
root, expected, function, *arguments = sys.argv[1:]
assert version("cachetory") == expected
sys.path.append(root)
from tests.compat import release_program
print(json.dumps(getattr(release_program, function)(*arguments)))
"""


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        f"release: installs release {VERSION} from the package index and exchanges entries with "
        f"it; skipped without a network, or with {SKIP}=1",
    )


@pytest.fixture(scope="session")
def release():
    """Call functions of the release program on the release, each in a process of its own."""
    if os.environ.get(SKIP):
        pytest.skip(f"{SKIP} is set")
    folder = ROOT / ".cache" / f"cachetory-{VERSION}-{sys.implementation.cache_tag}"
    if not folder.exists():
        install(folder)

    def call(function, *arguments):
        # Without `site`, the packages of this environment (ours among them) are not there.
        command = [sys.executable, "-S", "-c", PROGRAM, ROOT, VERSION, function, *arguments]
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        output = subprocess.check_output(command, cwd=folder, env=environment, timeout=60)
        return json.loads(output)

    return call


def install(folder):
    """Install the release into a folder, all of it or nothing."""
    folder.parent.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as temporary:
        target = Path(temporary) / "packages"
        install_from_index(target)
        try:
            target.rename(folder)
        except OSError:  # another process was faster
            if not folder.exists():
                raise


def install_from_index(target):
    """Install the release by uv, or by pip if there is no uv; skip the test if neither can."""
    options = ["--quiet", "--target", str(target), REQUIREMENT]
    for installer in (["uv", "pip"], ["pip"]):
        command = [sys.executable, "-m", *installer, "install", *options]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
        except subprocess.CalledProcessError as failure:
            reason = failure.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        except subprocess.TimeoutExpired:
            reason = f"it took more than {PATIENCE} s"
        else:
            return
    pytest.skip(f"{REQUIREMENT} cannot be installed: {reason}")
