"""A throw-away certificate authority, with one certificate for the local host."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from tests.servers.binaries import ServerUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


class Certificates(NamedTuple):
    """Paths of PEM files."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(directory: Path) -> Certificates:
    """Make an authority and a certificate for `localhost` and 127.0.0.1, valid for two days.

    Raises:
        ServerUnavailableError: if there is no `openssl` command.
    """
    if shutil.which("openssl") is None:
        msg = "TLS needs the `openssl` command to make a certificate"
        raise ServerUnavailableError(msg)
    authority, authority_key = directory / "authority.pem", directory / "authority.key"
    made = Certificates(authority, directory / "server.pem", directory / "server.key")
    request, extensions = directory / "server.csr", directory / "server.cnf"
    extensions.write_text(
        "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
        "basicConstraints=critical,CA:FALSE\n"
        "subjectKeyIdentifier=hash\n"
        "authorityKeyIdentifier=keyid\n"
    )
    _openssl(
        *("req", "-x509", "-subj", "/CN=cachetory throw-away authority", *_NEW_KEY),
        *("-addext", "keyUsage=critical,keyCertSign"),
        *("-keyout", authority_key, "-out", authority),
    )
    _openssl("req", "-subj", "/CN=localhost", *_NEW_KEY, "-keyout", made.key, "-out", request)
    _openssl(
        *("x509", "-req", "-in", request, "-days", "2", "-extfile", extensions),
        *("-CA", authority, "-CAkey", authority_key, "-CAcreateserial", "-out", made.certificate),
    )
    return made


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        msg = f"openssl {arguments[0]} failed: {done.stderr}"
        raise RuntimeError(msg)
