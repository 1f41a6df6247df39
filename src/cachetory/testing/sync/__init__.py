# Generated from src/cachetory/testing/async_/__init__.py by tools/unasync.py. Do not edit: edit that file instead.
"""The contract of synchronous backends, as tests to be run over any of them.

Derive a class from `BackendContract`, give it a fixture `backend`, and let pytest collect it:

    class TestMyBackend(BackendContract):
        supports_clear_prefix = False

        @pytest.fixture
        def backend(self) -> Iterator[MyBackend]:
            with MyBackend.from_url("my://localhost") as backend:
                yield backend

Synchronous tests need a plugin: pytest-asyncio in its mode `auto`, for example. Other modes want
their own decorators on the fixture and the class.
"""

from __future__ import annotations

from cachetory.testing.sync.claims import ClaimContract
from cachetory.testing.sync.conditions import ConditionContract
from cachetory.testing.sync.deletion import DeletionContract
from cachetory.testing.sync.expiry import ExpiryContract
from cachetory.testing.sync.keys import KeyContract
from cachetory.testing.sync.sharing import SharingContract
from cachetory.testing.sync.times import TimeContract
from cachetory.testing.sync.values import ValueContract
from cachetory.testing.sync_only import ColourContract

__all__ = ["BackendContract"]


class BackendContract(
    ValueContract,
    TimeContract,
    ConditionContract,
    ExpiryContract,
    DeletionContract,
    KeyContract,
    SharingContract,
    ClaimContract,
    ColourContract,
):
    """What every synchronous backend owes to a cache.

    Override the fixture `backend`, and whatever else `Subject` says that is not so here.
    """
