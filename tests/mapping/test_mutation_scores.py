"""The golden cases of the shipped adapters: none of their rules can be dropped without a case that notices."""

from __future__ import annotations

import pytest

from fhir_adapter.sources.mutation import mutants_of
from fhir_adapter.sources.registry import SHIPPED
from fhir_adapter.sources.workbench import open_bench

ADAPTERS = sorted(each.parent.name for each in SHIPPED.glob("*/adapter.yaml"))


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_case_notices_every_rule_that_is_dropped(name: str) -> None:
    found = mutants_of(open_bench(SHIPPED / name))
    assert [f"{each.place}: {each.rule}" for each in found.survivors] == []
    assert found.total > 0
