"""The contract of asynchronous backends, as tests to be run over any of them.

Derive a class from `BackendContract`, give it a fixture `backend`, and let pytest collect it:

    class TestMyBackend(BackendContract):
        supports_clear_prefix = False

        @pytest.fixture
        async def backend(self) -> AsyncIterator[MyBackend]:
            async with MyBackend.from_url("my://localhost") as backend:
                yield backend

Asynchronous tests need a plugin: pytest-asyncio in its mode `auto`, for example. Other modes want
their own decorators on the fixture and the class.
"""

from __future__ import annotations

from cachetory.testing.async_.claims import ClaimContract
from cachetory.testing.async_.conditions import ConditionContract
from cachetory.testing.async_.deletion import DeletionContract
from cachetory.testing.async_.expiry import ExpiryContract
from cachetory.testing.async_.keys import KeyContract
from cachetory.testing.async_.sharing import SharingContract
from cachetory.testing.async_.times import TimeContract
from cachetory.testing.async_.values import ValueContract
from cachetory.testing.async_only import ColourContract

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
    """What every asynchronous backend owes to a cache.

    Override the fixture `backend`, and whatever else `Subject` says that is not so here.
    """
