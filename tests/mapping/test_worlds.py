"""A synthetic world goes through each adapter, and every mapped cell of every row is what the generator drew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import orjson
import pytest

from fhir_adapter.sources.bundle_source import map_bundle
from fhir_adapter.sources.records import MappedRecord
from fhir_adapter.sources.registry import Adapter, AdapterRegistry
from indicator_engine.tables import TABLES
from synthetic_bundles.identifiers import Kind, world_stamp
from synthetic_bundles.neonatal_records import neonatal_records
from synthetic_bundles.records import birth_records, bundle_records
from synthetic_bundles.render_bfdr import render_bfdr_bundles
from synthetic_bundles.render_bundles import render_bundle
from synthetic_bundles.render_contacts import render_contact_bundle
from synthetic_bundles.render_neonatal import render_neonatal_bundle
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.visit_records import contact_records
from synthetic_bundles.vocabulary import TERMINATED
from synthetic_bundles.world import generate_world
from tests.mapping.expected_rows import (
    Rows,
    certificate_rows,
    contact_rows,
    homes_left,
    maternity_rows,
    neonatal_rows,
)

BIRTHS, SEED = 600, 11
Told: TypeAlias = tuple[bytes, Rows]


@pytest.fixture(scope="module")
def world() -> World:
    """A world large enough to hold twins, stillbirths and stays."""
    return generate_world(births=BIRTHS, seed=SEED, scenario=load_scenario("llr"))


def maternity(world: World) -> Iterator[Told]:
    stamp = world_stamp(world)
    return ((render_bundle(stamp, record), maternity_rows(stamp, record)) for record in bundle_records(world))


def neonatal(world: World) -> Iterator[Told]:
    stamp = world_stamp(world)
    return ((render_neonatal_bundle(stamp, record), neonatal_rows(stamp, record)) for record in neonatal_records(world))


def contacts(world: World) -> Iterator[Told]:
    stamp = world_stamp(world)
    return ((render_contact_bundle(stamp, record), contact_rows(stamp, record)) for record in contact_records(world))


def certificates(world: World) -> Iterator[Told]:
    stamp = world_stamp(world)
    for record in birth_records(world):
        told = [at for at, baby in enumerate(record.babies, start=1) if baby.outcome != TERMINATED]
        for bundle, position in zip(render_bfdr_bundles(stamp, record), told, strict=True):
            yield bundle, certificate_rows(stamp, record, position)


FEEDS = {
    "ukcore-maternity": maternity,
    "ukcore-neonatal": neonatal,
    "ukcore-health-visitor": contacts,
    "bfdr": certificates,
}


def mapped(adapter: Adapter, bundle: bytes) -> MappedRecord:
    return map_bundle(adapter, orjson.loads(bundle), digest="digest")


def cells(adapter: Adapter, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> set[tuple[str, str, str, Any]]:
    """Every mapped cell as table, key of its row, column and value; a column that no row names is absent."""
    assert adapter.bundle_plan is not None
    plans = adapter.bundle_plan.tables
    return {
        (table, "|".join(str(row[name]) for name in TABLES[table].key), column, row.get(column))
        for table, found in rows.items()
        for row in found
        for column in {*plans[table].columns, *row}
    }


@pytest.mark.parametrize("name", FEEDS)
def test_every_cell_is_what_was_drawn(registry: AdapterRegistry, world: World, name: str) -> None:
    adapter = registry.by_name(name)
    different = [
        cell
        for bundle, rows in FEEDS[name](world)
        for cell in cells(adapter, mapped(adapter, bundle).rows) ^ cells(adapter, rows)
    ]
    assert different == []


@pytest.mark.parametrize("name", FEEDS)
def test_a_world_without_faults_gives_no_issue(registry: AdapterRegistry, world: World, name: str) -> None:
    adapter = registry.by_name(name)
    issues = [issue for bundle, _ in FEEDS[name](world) for issue in mapped(adapter, bundle).issues]
    assert issues == []


@pytest.mark.parametrize("name", FEEDS)
def test_each_record_is_known_for_what_it_is(registry: AdapterRegistry, world: World, name: str) -> None:
    known = {registry.for_bundle(orjson.loads(bundle), "bundle").name for bundle, _ in FEEDS[name](world)}
    assert known == {name}


@pytest.mark.parametrize("name", FEEDS)
def test_the_world_fills_every_mapped_column(registry: AdapterRegistry, world: World, name: str) -> None:
    adapter = registry.by_name(name)
    assert adapter.bundle_plan is not None
    mappable = {(table, column) for table, plan in adapter.bundle_plan.tables.items() for column in plan.columns}
    filled = {
        (table, column)
        for _, rows in FEEDS[name](world)
        for table, found in rows.items()
        for row in found
        for column, cell in row.items()
        if cell is not None
    }
    assert mappable - filled <= NOT_IN_THIS_WORLD[name]


# What the adapters can read and these feeds do not tell.
NOT_IN_THIS_WORLD = {
    "ukcore-maternity": set(),
    "ukcore-neonatal": set(),
    "ukcore-health-visitor": {("person", "death_datetime")},
    "bfdr": set(),
}


def test_a_home_that_was_left_keeps_its_own_postcode(registry: AdapterRegistry, world: World) -> None:
    adapter, stamp = registry.by_name("ukcore-maternity"), world_stamp(world)
    told = {
        (record.mother.nhs_number, home.valid_from, home.postcode)
        for record in bundle_records(world)
        for home in homes_left(record)
    }
    found = {
        (numbers[each.person_source_key], each.lived_from, each.postcode)
        for record in bundle_records(world)
        for identities in [mapped(adapter, render_bundle(stamp, record)).identities]
        for numbers in [{each.person_source_key: each.nhs_number for each in identities if each.lived_from is None}]
        for each in identities
        if each.lived_from is not None
    }
    assert (found, len(told) > 0) == (told, True)


def test_an_adapter_of_a_stay_has_the_identifiers_of_baby_and_mother(registry: AdapterRegistry, world: World) -> None:
    adapter, stamp = registry.by_name("ukcore-neonatal"), world_stamp(world)
    told = [{("mother", record.mother_nhs_number), ("baby", record.nhs_number)} for record in neonatal_records(world)]
    found = [
        {(each.role, each.nhs_number) for each in mapped(adapter, render_neonatal_bundle(stamp, record)).identities}
        for record in neonatal_records(world)
    ]
    assert found == told


def test_an_adapter_of_contacts_tells_mother_and_child_apart(registry: AdapterRegistry, world: World) -> None:
    adapter, stamp = registry.by_name("ukcore-health-visitor"), world_stamp(world)
    told = [
        {("mother", record.mother_number), ("baby", record.child_number)} - {("baby", None)}
        for record in contact_records(world)
    ]
    found = [
        {(each.role, each.local_id) for each in mapped(adapter, render_contact_bundle(stamp, record)).identities}
        for record in contact_records(world)
    ]
    assert found == told


def test_keys_of_two_feeds_never_meet(world: World) -> None:
    assert len({kind.value for kind in Kind}) == len(FEEDS)
