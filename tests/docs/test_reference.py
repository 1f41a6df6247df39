"""The reference leaves out no scheme, parameter, operation, event or error."""

from __future__ import annotations

import inspect

import pytest

from cachetory import errors, events, serializers
from cachetory._core.stats import Stats
from cachetory.backends import sync as backends
from cachetory.backends.async_ import memory, sqlite
from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached
from cachetory.serializers import schemes
from tests.docs.snippets import ROOT


def public_classes(module: object) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == getattr(module, "__name__", "")
    ]


def parameters_of(function: object) -> list[str]:
    return [
        name for name in inspect.signature(function).parameters if name not in {"self", "unknown"}
    ]


EXPECTED = {
    "errors": public_classes(errors),
    "events": [*public_classes(events), *Stats._fields, "hit_ratio"],
    "backends": [
        *(f"{scheme}://" for scheme in backends._registry.schemes()),
        *(name for name in backends.__all__ if name.endswith("Backend")),
        *memory._PARAMETERS,
        *sqlite._PARAMETERS,
    ],
    "serializers": [
        *(f"{scheme}://" for scheme in schemes._registry.schemes()),
        *(name for name in serializers.__all__ if name.endswith("Serializer")),
        *(name for name in serializers.compressors.__all__ if name.endswith("Compressor")),
        *serializers.compressors.ZstdCompressor.url_parameters,
        *serializers.PickleSerializer.url_parameters,
    ],
    "cache": [
        *parameters_of(Cache.__init__),
        *(
            name
            for name in dir(Cache)
            if not name.startswith("_") and name not in {"counters", "local_store"}
        ),
    ],
    "decorators": [*parameters_of(cached), "purge", "__wrapped__"],
}


@pytest.mark.parametrize(("page", "names"), EXPECTED.items(), ids=EXPECTED)
def test_reference_page_names_all_there_is(page: str, names: list[str]) -> None:
    text = (ROOT / "docs/reference" / f"{page}.md").read_text("utf-8")

    assert [name for name in names if f"`{name}" not in text] == []
