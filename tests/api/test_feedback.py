"""What a sender is told at once of each record: what was stored, what fired, what conflicts, where it will count."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from fhir_adapter import wiring
from fhir_adapter.fhir.r4_schema import R4Schema
from fhir_adapter.settings import Settings
from fhir_adapter.store.database import writing
from fhir_adapter.workflows.ingest import read_bundle
from fhir_adapter.workflows.keep import keep_payloads
from fhir_adapter.workflows.resolve import resolve_everything
from tests.contract.api_world import Client
from tests.mapping.maternity_bundles import Bundle, changed, maternity_bundle, place_of, quantity, removed
from tests.serving import application, counted_rows
from tests.worlds import KEY

SCHEMA = R4Schema()
JSON, NDJSON = "application/fhir+json", "application/x-ndjson"
MARCH = {"start": "2026-03-01", "end": "2026-03-31"}
BOOKED = {"start": "2025-09-01", "end": "2025-09-30"}
FINANCIAL_YEAR = {"start": "2025-04-01", "end": "2026-03-31"}
ENTERED = {
    "BF01": MARCH,
    "BK03": BOOKED,
    "DQ01": BOOKED,
    "DQ04": MARCH,
    "DQ05": MARCH,
    "LB01": MARCH,
    "LB06": MARCH,
    "LB11": MARCH,
    "MO01": FINANCIAL_YEAR,
}
ROWS = {"baby": 1, "booking": 1, "delivery": 1, "person": 2, "pregnancy": 1, "residence": 1}
LATER = "2026-03-05T10:00:00+00:00"
HEAVY = changed("birth-weight", **quantity(3_950, "g"))
MANY = 103


def recorded(bundle: Bundle) -> None:
    """The bundle as it was recorded a day later."""
    bundle["timestamp"] = LATER


def as_a_batch(bundle: Bundle) -> None:
    """A bundle of which the good rows are kept."""
    bundle["type"] = "batch"


def without_birth_date(bundle: Bundle) -> None:
    """A baby of whom nobody says when it was born."""
    baby = bundle["entry"][place_of(bundle, "baby")]["resource"]
    del baby["birthDate"], baby["_birthDate"]


def told(client: Client, *changes: Any) -> Any:
    """What the receipt of one bundle tells of it."""
    answer = client.post("/intake", maternity_bundle(*changes), JSON)
    (record,) = answer.json()["records"]
    return record["told"]


def entered(document: Any) -> dict[str, Any]:
    return {each["id"]: each["period"] for each in document["indicators"]}


def names(conflicts: Any) -> list[tuple[str, str, str]]:
    return [(each["table"], each["column"], each["severity"]) for each in conflicts["listed"]]


def test_a_receipt_says_what_was_stored_and_which_indicators_it_enters_in_which_period(client: Client) -> None:
    document = told(client)
    assert (document["stored"], document["unchanged"], document["held"]) == (ROWS, 0, [])
    assert (entered(document), document["not_counted"]) == (ENTERED, None)


def test_a_receipt_names_the_rules_that_fired_with_place_and_effect(client: Client) -> None:
    (fired,) = told(client)["rules"]
    assert fired == {
        "rule": "R10",
        "severity": "warn",
        "effect": "flag",
        "table": "booking",
        "columns": ["gestation_days"],
        "count": 1,
    }


def test_a_rule_that_fires_when_the_record_is_read_is_told_as_well(client: Client) -> None:
    document = told(client, changed("gestation", **quantity(90, "wk")), as_a_batch)
    assert [each["rule"] for each in document["rules"] if each["columns"] == ["gestation_days"]] == ["R04"]


def test_a_value_that_contradicts_an_earlier_one_opens_a_conflict_without_its_values(client: Client) -> None:
    assert names(told(client)["conflicts_opened"]) == []
    document = told(client, HEAVY)
    assert names(document["conflicts_opened"]) == [("baby", "birth_weight_g", "error")]
    assert b"3950" not in orjson.dumps(document)
    assert (document["stored"], document["unchanged"]) == ({"baby": 1}, 6)


def test_a_settled_difference_is_told_as_closed(client: Client) -> None:
    told(client)
    opened = told(client, HEAVY)["conflicts_opened"]
    closed = told(client, recorded)["conflicts_closed"]
    assert ([each["id"] for each in closed["listed"]], closed["count"]) == ([opened["listed"][0]["id"]], 1)


def test_a_record_that_is_held_says_why_and_enters_nothing_of_its_own(client: Client) -> None:
    document = told(client, without_birth_date, removed("booking"))
    (held,) = document["held"]
    assert (held["table"], held["reason"], held["columns"]) == ("baby", "missing", ["birth_datetime"])
    assert (document["indicators"], document["not_counted"]) == ([], "held")


def test_what_was_sent_before_is_told_as_it_was_told_then(client: Client) -> None:
    first = told(client)
    told(client, HEAVY)
    again = client.post("/intake", maternity_bundle(), JSON).json()
    assert (again["status"], [each["told"] for each in again["records"]]) == ("already-processed", [first])


def test_a_record_that_was_kept_and_not_resolved_is_told_of_when_it_comes_again(store_url: str) -> None:
    settings = Settings(database_url=store_url, key=KEY, synthetic=True)
    raw = orjson.dumps(maternity_bundle())
    with wiring.opened_store(settings) as store:
        intake = wiring.intake_of(settings, store)
        with writing(store) as connection:
            keep_payloads(connection, [read_bundle(raw, intake, location="Bundle")], intake)
    with application(store_url) as client:
        again = client.post("/intake", raw, JSON).json()
    assert (again["status"], entered(again["records"][0]["told"])) == ("already-processed", ENTERED)


def test_a_transaction_is_told_in_the_outcome_of_its_first_entry(sqlite_client: Client) -> None:
    answer = sqlite_client.post("/fhir", maternity_bundle()).json()
    outcome = answer["entry"][0]["response"]["outcome"]
    codes = [each["details"]["coding"][0]["code"] for each in outcome["issue"]]
    assert codes == ["receipt.stored", "receipt.rule-fired", "receipt.indicators"]
    assert "BK03, DQ01 (2025-09-01 to 2025-09-30)" in outcome["issue"][2]["details"]["text"]
    assert answer["entry"][0]["response"]["status"] == "200 OK"


def test_the_intake_answers_an_operation_outcome_to_who_accepts_fhir(sqlite_client: Client) -> None:
    headers = {"content-type": JSON, "accept": JSON}
    answer = sqlite_client.request("POST", "/intake", content=orjson.dumps(maternity_bundle()), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
    assert SCHEMA.faults("OperationOutcome", answer.json()) == []


def own_mother(number: int) -> bytes:
    """A booking of somebody else in each line."""
    text = orjson.dumps(maternity_bundle(removed("baby"), without_numbers)).decode()
    for word in ("mother", "pregnancy", "booking", "record-1", "H-mother"):
        text = text.replace(f'"{word}"', f'"{word}-{number}"').replace(f'uuid:{word}"', f'uuid:{word}-{number}"')
    return text.encode()


def without_numbers(bundle: Bundle) -> None:
    """A mother known by the number of her hospital alone."""
    mother = bundle["entry"][place_of(bundle, "mother")]["resource"]
    del mother["identifier"][0], mother["name"], mother["birthDate"], mother["address"]


def test_of_many_records_the_first_are_listed_and_the_totals_are_of_all(sqlite_client: Client) -> None:
    lines = b"\n".join(own_mother(number) for number in range(MANY))
    answer = sqlite_client.post("/intake", lines, NDJSON).json()
    totals = answer["totals"]
    assert (len(answer["records"]), totals["records"]) == (100, MANY)
    assert (totals["stored"]["booking"], totals["indicators"]["BK03"]) == (MANY, MANY)
    assert answer["records"][1]["place"] == "payload:2"


def test_resolving_everything_again_tells_nobody_of_conflicts_and_leaves_nothing_behind(
    sqlite_client: Client, sqlite_store_url: str
) -> None:
    told(sqlite_client)
    told(sqlite_client, HEAVY)
    settings = Settings(database_url=sqlite_store_url, key=KEY, synthetic=True)
    with wiring.opened_store(settings) as store:
        with writing(store) as connection:
            connection.execute(sa.delete(sa.table("resolution")))
        assert resolve_everything(store).conflicts == 1
        with writing(store) as connection:
            assert (
                connection.execute(sa.select(sa.func.count()).select_from(sa.table("changed_conflict"))).scalar() == 0
            )


@pytest.mark.parametrize("table", ["told_receipt", "told_key", "changed_conflict"])
def test_working_tables_are_empty_between_submissions(sqlite_client: Client, sqlite_store_url: str, table: str) -> None:
    told(sqlite_client)
    told(sqlite_client, HEAVY)
    assert counted_rows(sqlite_store_url, table) == {table: 0}
