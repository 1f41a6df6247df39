"""The name of a module that is the same in every process that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN_MODULES = frozenset({"__main__", "__mp_main__"})
"""Names under which Python runs a script; worker processes of `multiprocessing` use the second."""


def stable_module_name(name: str, namespace: Mapping[str, Any]) -> str:
    """Return the name by which a module is told from all others, in this and in other processes.

    A script is named by its import name if it was started by `python -m`, else by a digest of its
    path: two scripts are different modules, and a script and its worker processes are one. What
    has no file, such as a prompt or a notebook, stays `__main__`.

    Args:
        name: the `__name__` of the module.
        namespace: the variables of the module.
    """
    if name not in MAIN_MODULES:
        return name
    imported_as: str | None = getattr(namespace.get("__spec__"), "name", None)
    if imported_as is not None and imported_as not in MAIN_MODULES:
        return imported_as
    path = namespace.get("__file__")
    if not isinstance(path, str):
        return "__main__"
    from hashlib import blake2b  # noqa: PLC0415  # slow to import, and only scripts need it
    from os.path import abspath  # noqa: PLC0415

    # Symbolic links stay, since a deployment may point one link to each release in turn.
    absolute = abspath(path)  # noqa: PTH100
    digest = blake2b(absolute.encode(errors="surrogatepass"), digest_size=8)
    return f"__main__.{digest.hexdigest()}"
