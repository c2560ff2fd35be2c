"""A patient's value never leaves by a way of ours that is not a published count."""

from __future__ import annotations

import logging

import orjson
import pytest
from structlog.testing import capture_logs

from fhir_adapter.fhir.elements import Json
from tests.contract.api_world import Client
from tests.mapping.maternity_bundles import Bundle, changed, concept, maternity_bundle, quantity

NHS_NUMBER, FAMILY, GIVEN, POSTCODE = "9990001006", "Canaryfamily", "Canarygiven", "LE1 5WW"
HOSPITAL_NUMBER, BIRTH_DATE = "H-mother", "1996-07-14"
ODD = "zq-odd-value-7391"  # in no text of ours
ODD_NUMBER = 739_184_265
PLANTED = (NHS_NUMBER, FAMILY, GIVEN, POSTCODE, "LE15WW", HOSPITAL_NUMBER, BIRTH_DATE, ODD, str(ODD_NUMBER))


def wrong_everywhere(kind: str) -> Bundle:
    """A bundle with an odd value in every kind of place."""
    bundle = maternity_bundle(
        changed("outcome", valueCodeableConcept=concept("http://snomed.info/sct", ODD)),
        changed("birth-weight", **quantity(ODD_NUMBER, "g")),
        changed("height", **quantity(ODD_NUMBER, ODD)),
        changed("apgar", valueInteger=ODD),
        changed("smoking", valueCodeableConcept={"text": ODD}),
        changed("gestation", status=ODD),
        changed("pregnancy", subject={"reference": f"Patient/{ODD}"}),
        changed("booking", period={"start": ODD}),
        changed("baby", birthDate=ODD, gender=ODD, multipleBirthInteger=ODD),
    )
    return bundle | {"type": kind}


def csv_with(value: str) -> bytes:
    """A CSV file with one value in every column."""
    header = (
        "UniqPregID,LabourDeliveryID,LPIDBaby,NHSNumberBaby,NHSNumberStatusBaby,PersonBirthDateBaby,"
        "PersonBirthTimeBaby,PersonPhenSex,PregOutcome,GestationLengthBirth,DeliveryMethodCode,FetusPresentation,"
        "SettingPlaceBirth,BabyFirstFeedIndCode,SkinToSkinContact1HourInd,EthnicCategoryBaby"
    )
    return f"{header}\n{','.join([value] * 16)}\n{value},{value}\n".encode()


REQUESTS: dict[str, tuple[str, bytes, str]] = {
    "a transaction": ("/fhir", orjson.dumps(wrong_everywhere("transaction")), "application/fhir+json"),
    "a batch": ("/fhir", orjson.dumps(wrong_everywhere("batch")), "application/fhir+json"),
    "a good transaction": ("/fhir", orjson.dumps(maternity_bundle()), "application/fhir+json"),
    "a collection": ("/intake", orjson.dumps(wrong_everywhere("collection")), "application/fhir+json"),
    "a type": ("/fhir", orjson.dumps(maternity_bundle() | {"type": ODD}), "application/fhir+json"),
    "a resource type": ("/fhir", orjson.dumps({"resourceType": ODD}), "application/fhir+json"),
    "a key": ("/fhir", orjson.dumps(maternity_bundle() | {ODD: ODD}), "application/fhir+json"),
    "broken JSON": ("/intake", orjson.dumps(maternity_bundle())[:-9] + ODD.encode(), "application/json"),
    "broken lines": ("/intake", ODD.encode() + b"\n{" + ODD.encode(), "application/x-ndjson"),
    "a CSV": ("/intake", csv_with(ODD), "text/csv"),
    "a CSV of NHS numbers": ("/intake", csv_with(NHS_NUMBER), "text/csv"),
    "a header": ("/intake", f"{ODD},{NHS_NUMBER}\n1,2\n".encode(), "text/csv"),
    "another encoding": ("/intake", csv_with(f"{ODD}\xe9").decode("utf-8").encode("cp1252"), "text/csv"),
    "a media type": ("/intake", b"x", f"text/{ODD}"),
    "an adapter": (f"/intake/{ODD}", b"x", "text/csv"),
    "a payload name": (f"/intake?name=%20{ODD}", b"x", "text/csv"),
}


@pytest.mark.parametrize(("path", "body", "media_type"), REQUESTS.values(), ids=REQUESTS.keys())
def test_no_answer_header_or_log_line_repeats_what_was_planted(
    sqlite_client: Client,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    path: str,
    body: bytes,
    media_type: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        answer = sqlite_client.post(path, body, media_type)
    own_lines = [each.getMessage() for each in caplog.records if not each.name.startswith(("httpx", "asyncio"))]
    told = " ".join([answer.text, repr(dict(answer.headers)), repr(logs), *own_lines, *capfd.readouterr()])
    assert [each for each in PLANTED if each in told] == []


@pytest.mark.parametrize(
    "query", [f"identifier={ODD}", f"measure={ODD}", f"period={ODD}", f"{ODD}=1", f"_cursor={ODD}"]
)
def test_a_search_that_finds_nothing_repeats_no_planted_value_in_its_outcome(sqlite_client: Client, query: str) -> None:
    answer: Json = sqlite_client.get(f"/fhir/MeasureReport?{query.format(ODD)}").json()
    outcomes = [each["resource"] for each in answer.get("entry", ())] or [answer.get("issue", ())]
    assert ODD not in repr(outcomes)
