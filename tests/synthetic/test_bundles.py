from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from synthetic_bundles.plain_records import BabyRecord, records_of
from synthetic_bundles.render_bundles import bundles_of
from synthetic_bundles.tables import World
from tests.synthetic.recount import BundleReader

Bundle = dict[str, Any]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def bundles(small_world: World) -> list[Bundle]:
    """Every bundle: of the births, then of the ongoing pregnancies."""
    return [orjson.loads(line) for line in bundles_of(small_world)]


@pytest.fixture(scope="module")
def birth_bundles(bundles: list[Bundle]) -> list[Bundle]:
    return bundles[:600]


@pytest.fixture(scope="module")
def ongoing_bundles(bundles: list[Bundle]) -> list[Bundle]:
    return bundles[600:]


@pytest.fixture(scope="module")
def twin_bundle(bundles: list[Bundle]) -> Bundle:
    return next(bundle for bundle in bundles if len(BundleReader(bundle).babies) == 2)


def references_in(value: object) -> list[str]:
    """Every reference below a JSON value."""
    if isinstance(value, dict):
        own = [value["reference"]] if "reference" in value else []
        return own + [found for child in value.values() for found in references_in(child)]
    if isinstance(value, list):
        return [found for child in value for found in references_in(child)]
    return []


def types_in(bundle: Bundle) -> set[str]:
    return {entry["resource"]["resourceType"] for entry in bundle["entry"]}


def test_a_slice_renders_the_same_bundles_as_the_whole(small_world: World) -> None:
    assert list(bundles_of(small_world, start=100, stop=140)) == list(bundles_of(small_world))[100:140]


def test_a_slice_may_hold_births_and_ongoing_pregnancies(small_world: World) -> None:
    assert list(bundles_of(small_world, start=590, stop=605)) == list(bundles_of(small_world))[590:605]


def test_a_stop_past_the_end_is_the_end(small_world: World) -> None:
    last = len(small_world.pregnancies)
    assert len(list(bundles_of(small_world, start=last - 10, stop=last + 1000))) == 10


def test_every_bundle_is_a_transaction_of_puts(bundles: list[Bundle]) -> None:
    methods = {(bundle["type"], entry["request"]["method"]) for bundle in bundles for entry in bundle["entry"]}
    assert methods == {("transaction", "PUT")}


def test_no_two_resources_of_the_feed_share_an_id(bundles: list[Bundle]) -> None:
    ids = [entry["resource"]["id"] for bundle in bundles for entry in bundle["entry"]] + [b["id"] for b in bundles]
    assert len(set(ids)) == len(ids)


def test_every_id_is_a_uuid(bundles: list[Bundle]) -> None:
    assert all(UUID.fullmatch(entry["resource"]["id"]) for bundle in bundles for entry in bundle["entry"])


def test_the_request_and_the_full_url_name_the_resource(bundles: list[Bundle]) -> None:
    assert all(
        (entry["fullUrl"], entry["request"]["url"])
        == (f"urn:uuid:{entry['resource']['id']}", f"{entry['resource']['resourceType']}/{entry['resource']['id']}")
        for bundle in bundles
        for entry in bundle["entry"]
    )


def test_every_reference_resolves_within_its_bundle(bundles: list[Bundle]) -> None:
    assert all(set(references_in(bundle)) <= {entry["fullUrl"] for entry in bundle["entry"]} for bundle in bundles)


def test_the_bundle_of_a_birth_holds_every_type_of_the_contract(birth_bundles: list[Bundle]) -> None:
    expected = {"Patient", "RelatedPerson", "Condition", "Encounter", "Observation", "Procedure", "CarePlan"}
    assert all(types_in(bundle) == expected for bundle in birth_bundles)


def test_the_bundle_of_an_ongoing_pregnancy_holds_a_mother_her_pregnancy_and_her_booking(
    ongoing_bundles: list[Bundle],
) -> None:
    first_types = [[entry["resource"]["resourceType"] for entry in bundle["entry"][:4]] for bundle in ongoing_bundles]
    assert first_types == [["Patient", "Condition", "Encounter", "Observation"]] * len(ongoing_bundles)


def test_besides_the_first_three_an_ongoing_pregnancy_has_care_plans_and_observations_only(
    ongoing_bundles: list[Bundle],
) -> None:
    types = {entry["resource"]["resourceType"] for bundle in ongoing_bundles for entry in bundle["entry"][3:]}
    assert types == {"Observation", "CarePlan"}


def test_every_observation_of_an_ongoing_pregnancy_is_of_its_booking(ongoing_bundles: list[Bundle]) -> None:
    assert all(
        entry["resource"]["encounter"]["reference"] == bundle["entry"][2]["fullUrl"]
        for bundle in ongoing_bundles
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Observation"
    )


def test_a_mother_is_a_woman_without_a_birth_time_or_a_multiple_birth(bundles: list[Bundle]) -> None:
    mothers = [BundleReader(bundle).mother for bundle in bundles]
    birth_elements = {"_birthDate", "multipleBirthBoolean", "multipleBirthInteger"}
    assert all(mother["gender"] == "female" and not birth_elements & mother.keys() for mother in mothers)


def test_the_mother_of_an_ongoing_pregnancy_links_to_nobody(ongoing_bundles: list[Bundle]) -> None:
    assert not any("link" in BundleReader(bundle).mother for bundle in ongoing_bundles)


def test_a_pregnancy_is_active_until_the_birth(birth_bundles: list[Bundle], ongoing_bundles: list[Bundle]) -> None:
    assert [pregnancy_statuses(birth_bundles), pregnancy_statuses(ongoing_bundles)] == [{"resolved"}, {"active"}]


def pregnancy_statuses(bundles: list[Bundle]) -> set[str]:
    """Clinical statuses of the pregnancies, the second entry of each bundle."""
    return {bundle["entry"][1]["resource"]["clinicalStatus"]["coding"][0]["code"] for bundle in bundles}


def test_an_ongoing_pregnancy_is_recorded_after_its_booking(ongoing_bundles: list[Bundle]) -> None:
    assert all(
        bundle["timestamp"][:10] > bundle["entry"][2]["resource"]["period"]["start"] for bundle in ongoing_bundles
    )


def test_the_mother_links_to_a_related_person_for_each_baby(twin_bundle: Bundle) -> None:
    reader = BundleReader(twin_bundle)
    linked = [reader.by_url[link["other"]["reference"]] for link in reader.mother["link"]]
    assert [person["patient"]["reference"] for person in linked] == [url for url, _ in reader.babies]


def test_twins_say_their_birth_order(twin_bundle: Bundle) -> None:
    orders = [baby["multipleBirthInteger"] for _, baby in BundleReader(twin_bundle).babies]
    assert orders == [1, 2]


def test_a_bundle_is_recorded_after_the_birth(birth_bundles: list[Bundle]) -> None:
    assert all(
        bundle["timestamp"][:16] > baby["_birthDate"]["extension"][0]["valueDateTime"][:16]
        for bundle in birth_bundles
        for _, baby in BundleReader(bundle).babies
    )


def test_every_bundle_is_marked_as_test_data(bundles: list[Bundle]) -> None:
    assert {bundle["meta"]["tag"][0]["code"] for bundle in bundles} == {"HTEST"}


def test_both_ways_of_writing_gestation_are_used(bundles: list[Bundle]) -> None:
    units = {
        entry["resource"]["valueQuantity"]["code"]
        for bundle in bundles
        for entry in bundle["entry"]
        if entry["resource"].get("code", {}).get("coding", [{}])[0].get("code") == "11884-4"
    }
    assert units == {"d", "wk"}


def test_an_absent_value_is_left_out_and_never_null(bundles: list[Bundle]) -> None:
    assert b"null" not in orjson.dumps(bundles)


def test_some_mothers_have_no_ethnic_category_at_all(bundles: list[Bundle]) -> None:
    extensions = [len(BundleReader(bundle).mother["extension"]) for bundle in bundles]
    assert set(extensions) == {1, 2}


@pytest.mark.parametrize(
    ("column", "absent"), [("apgar_5", -1), ("first_feed", ""), ("death_datetime", np.datetime64("NaT", "m"))]
)
def test_an_absent_cell_becomes_none(small_world: World, column: str, absent: object) -> None:
    table = small_world.babies[:1].copy()
    table[column] = absent
    assert getattr(records_of(BabyRecord, table)[0], column) is None


@pytest.mark.parametrize(
    "system",
    [
        "https://fhir.nhs.uk/Id/nhs-number",
        "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland",
        "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland",
        "urn:ietf:bcp:47",
    ],
)
def test_systems_are_those_of_the_third_party_sample(bundles: list[Bundle], samples: Path, system: str) -> None:
    sample = (samples / "one-birth-four-sources" / "maternity_bundle.r4.json").read_text(encoding="utf-8")
    assert [system in sample, system in orjson.dumps(bundles).decode()] == [True, True]
