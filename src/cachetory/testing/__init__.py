"""Tests for backends of your own making; needs pytest.

`cachetory.testing.async_.BackendContract` is for asynchronous backends and
`cachetory.testing.sync.BackendContract` for synchronous ones. The latter is what
`cachetory.testing.BackendContract` stands for.
"""

from __future__ import annotations

import pytest

# Before the modules are imported, so that their bare `assert` statements tell what they compared.
for _module in ("async_", "async_only", "sync", "sync_only"):
    pytest.register_assert_rewrite(f"{__name__}.{_module}")

from cachetory.testing.sync import BackendContract  # noqa: E402 (see above)

__all__ = ["BackendContract"]
