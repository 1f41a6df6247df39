"""Tests of the contract that a backend is known to fail, each with the reason."""

from __future__ import annotations

from typing import ClassVar

import pytest


class KnownFaults:
    """Expects the named tests to fail, so that it shows when one no longer does."""

    known_faults: ClassVar[dict[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _expect_known_faults(self, request: pytest.FixtureRequest) -> None:
        if reason := self.known_faults.get(request.node.originalname):
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
