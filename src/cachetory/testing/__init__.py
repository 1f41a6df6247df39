"""Tests for backends of your own making; needs pytest.

Derive from `cachetory.testing.sync.BackendContract` for a synchronous backend, and from
`cachetory.testing.async_.BackendContract` for an asynchronous one. `cachetory.testing.BackendContract`
is the former.
"""

from __future__ import annotations

import pytest

# Before the modules are imported, so that their bare `assert` statements tell what they compared.
for _module in ("async_", "async_only", "sync", "sync_only"):
    pytest.register_assert_rewrite(f"{__name__}.{_module}")

from cachetory.testing.sync import BackendContract  # noqa: E402 (see above)

__all__ = ["BackendContract"]
