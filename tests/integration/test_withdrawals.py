"""What a source takes back is out, in whatever order things come, and in again when the source says it anew."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
import sqlalchemy as sa

from fhir_adapter.store.database import open_database
from fhir_adapter.workflows.receive import receive_payload
from fhir_adapter.workflows.remap import remap
from fhir_adapter.workflows.resolve import resolve_everything
from tests.integration.people import cell, counts, first_record, intake_over, resolved, send
from tests.mapping.maternity_bundles import Bundle, changed, removed

LATER, LATEST = "2026-03-05T10:00:00+00:00", "2026-03-06T10:00:00+00:00"


def deleted(kind: str, name: str) -> Callable[[Bundle], None]:
    """A change that puts a deletion in the place of a resource."""

    def change(bundle: Bundle) -> None:
        place = [each["resource"]["id"] for each in bundle["entry"]].index(name)
        bundle["entry"][place] = {"request": {"method": "DELETE", "url": f"{kind}/{name}"}}

    return change


# what is taken back, and the cells that are left of table and column; a birth without a delivery of its own has one
# that nothing is known of
WITHDRAWN: dict[str, tuple[Callable[[Bundle], None], str, str, list[str | None]]] = {
    "a booking in error": (changed("booking", status="entered-in-error"), "booking", "booking_date", []),
    "a booking deleted": (deleted("Encounter", "booking"), "booking", "booking_date", []),
    "a delivery in error": (changed("delivery", status="entered-in-error"), "delivery", "provider_code", [None]),
    "a baby deleted": (deleted("Patient", "baby"), "baby", "outcome", []),
}
CHANGES = [each[0] for each in WITHDRAWN.values()]


@pytest.mark.parametrize(("change", "table", "column", "left"), WITHDRAWN.values(), ids=WITHDRAWN)
def test_a_record_that_is_taken_back_is_out(
    store: sa.Engine, change: Callable[[Bundle], None], table: str, column: str, left: list[str | None]
) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    before = len(resolved(store)[table])
    send(intake, first_record(change, at=LATER))
    assert (before, cell(store, table, column)) == (1, left)


@pytest.mark.parametrize("change", CHANGES, ids=WITHDRAWN)
def test_the_model_is_what_resolving_everything_gives(store: sa.Engine, change: Callable[[Bundle], None]) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    send(intake, first_record(change, at=LATER))
    before = resolved(store)
    resolve_everything(store)
    assert resolved(store) == before


@pytest.mark.parametrize(("change", "table", "column", "left"), WITHDRAWN.values(), ids=WITHDRAWN)
@pytest.mark.parametrize("order", [(1, 0), (0, 1, 0), (1, 0, 1)])
def test_the_order_in_which_records_come_does_not_matter(
    sqlite_store_url: str,
    change: Callable[[Bundle], None],
    table: str,
    column: str,
    left: list[str | None],
    order: tuple[int, ...],
) -> None:
    store = open_database(sqlite_store_url)
    records = [first_record(), first_record(change, at=LATER)]
    for place, which in enumerate(order):
        send(intake_over(store), records[which] | {"id": f"sent-{place}"})
    found = cell(store, table, column)
    store.dispose()
    assert found == left


def test_a_fact_in_error_leaves_its_cell_empty(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    send(intake, first_record(changed("birth-weight", status="entered-in-error"), at=LATER))
    assert cell(store, "baby", "birth_weight_g") == [None]


def test_a_fact_that_is_left_out_later_stands(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    send(intake, first_record(removed("birth-weight"), at=LATER))
    assert cell(store, "baby", "birth_weight_g") == [3410]


def test_what_is_told_anew_after_it_was_taken_back_is_in_again(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    send(intake, first_record(changed("booking", status="entered-in-error"), at=LATER))
    send(intake, first_record(at=LATEST))
    assert len(resolved(store)["booking"]) == 1


def test_taking_back_everything_leaves_no_row_link_or_identifier(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    deletions = [{"request": {"method": "DELETE", "url": f"Patient/{name}"}} for name in ("mother", "baby")]
    raw = orjson.dumps(first_record(at=LATER) | {"entry": deletions})
    receive_payload(raw, "application/fhir+json", "ukcore-maternity", "deletions.json", intake)
    assert set(counts(store)) == {"payload"}


def test_the_receipt_says_what_was_taken_back(store: sa.Engine) -> None:
    receipt = send(intake_over(store), first_record(changed("booking", status="entered-in-error")))
    [place] = [each.location for each in receipt.issues if each.code == "record.withdrawn"]
    assert place == "Bundle.entry[2].resource"


def test_a_remap_leaves_out_what_was_taken_back(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    send(intake, first_record(changed("booking", status="entered-in-error"), at=LATER))
    before = resolved(store)
    report = remap(intake, adapter_name=None)
    changes = sum(each.added + each.changed + each.removed for each in report.tables.values())
    assert (changes, resolved(store)) == (0, before)
