"""The shipped adapters, loaded once."""

from __future__ import annotations

import pytest

from fhir_adapter.sources.registry import Adapter, AdapterRegistry, shipped_adapters


@pytest.fixture(scope="session")
def registry() -> AdapterRegistry:
    return shipped_adapters()


@pytest.fixture(scope="session")
def ukcore(registry: AdapterRegistry) -> Adapter:
    return registry.by_name("ukcore-maternity")


@pytest.fixture(scope="session")
def msds(registry: AdapterRegistry) -> Adapter:
    return registry.by_name("msds-csv")
