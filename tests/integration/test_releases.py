"""Releases keep every version, queue what changed, and are searched in pages that do not shift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from fhir_adapter.errors import ResourceNotFound, SearchRefused
from fhir_adapter.store.counts_store import (
    CountRun,
    forget_runs,
    latest_run,
    load_cells,
    load_events,
    load_flagged,
    save_count_run,
)
from fhir_adapter.store.database import open_database, reading, writing
from fhir_adapter.store.instants import exact_instant_text
from fhir_adapter.store.outbox import (
    OutboxStatus,
    lease_next,
    list_outbox,
    mark_sent,
    park,
    retry,
    send_later,
)
from fhir_adapter.store.releases import (
    NewRelease,
    ResourceToSave,
    SavedRelease,
    SearchColumns,
    load_history,
    load_resource,
    next_release_number,
    save_release,
)
from fhir_adapter.store.searching import (
    AnyOf,
    MeasureIs,
    RangeIs,
    Reach,
    ResourceFilter,
    ResourcePage,
    ResourceSearch,
    SortColumn,
    StartsWith,
    search_resources,
)

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
TARGET = "https://receiver.example/fhir"


def report(number: int, *, content: bytes = b"{}", audience: str = "public") -> ResourceToSave:
    month = f"2026-{number:02d}"
    columns = SearchColumns(
        measure="https://example/Measure/LB06",
        measure_version="1.0.0" if number < 3 else "2.0.0",
        subject="RSA" if number % 2 else "RSB",
        name=f"Report {number}",
        period_start=f"{month}-01",
        period_end=f"{month}-28",
        audience=audience,
    )
    return ResourceToSave("MeasureReport", f"report-{number}", content, columns)


def publish(store: sa.Engine, *resources: ResourceToSave, now: datetime = NOON) -> SavedRelease:
    with writing(store) as connection:
        number = next_release_number(connection)
        release = NewRelease(
            id=f"release-{number}",
            number=number,
            created_at=now,
            as_of="2026-04-01",
            preset="hes",
            audience="public",
            reporter="QSY",
            engine="duckdb",
            inputs_hash="h",
            status="published",
            report_count=len(resources),
        )
        return save_release(connection, release, resources, [TARGET])


def test_releases_are_numbered_from_one(store: sa.Engine) -> None:
    assert [publish(store, report(1)).number, publish(store, report(1)).number] == [1, 2]


def test_an_unchanged_resource_keeps_its_version_and_is_not_sent_again(store: sa.Engine) -> None:
    publish(store, report(1))
    again = publish(store, report(1))
    assert (again.changed, again.unchanged, again.queued) == (0, 1, 0)


def test_a_changed_resource_gets_the_next_version(store: sa.Engine) -> None:
    publish(store, report(1))
    publish(store, report(1, content=b'{"changed":1}'))
    with reading(store) as connection:
        found = load_resource(connection, "MeasureReport", "report-1", audience="public")
    assert (found.version_id, found.content) == (2, b'{"changed":1}')


def test_an_old_version_stays_readable(store: sa.Engine) -> None:
    publish(store, report(1))
    publish(store, report(1, content=b'{"changed":1}'))
    with reading(store) as connection:
        found = load_resource(connection, "MeasureReport", "report-1", audience="public", version=1)
        history = load_history(connection, "MeasureReport", "report-1", audience="public")
    assert found.content == b"{}"
    assert [each.version_id for each in history] == [2, 1]


def test_a_given_digest_decides_whether_a_resource_changed(store: sa.Engine) -> None:
    publish(store, ResourceToSave("Measure", "LB06", b'{"date":1}', digest="same"))
    assert publish(store, ResourceToSave("Measure", "LB06", b'{"date":2}', digest="same")).changed == 0


def test_an_internal_report_is_not_found_by_the_public(store: sa.Engine) -> None:
    publish(store, report(1, audience="internal"))
    with reading(store) as connection, pytest.raises(ResourceNotFound):
        load_resource(connection, "MeasureReport", "report-1", audience="public")


def test_a_release_that_breaks_off_leaves_no_entry_to_send(store: sa.Engine) -> None:
    publish(store, report(1))
    with pytest.raises(sa.exc.IntegrityError):
        publish(store, report(2), report(2))
    with reading(store) as connection:
        assert [entry.resource_id for entry in list_outbox(connection)] == ["report-1"]


def test_an_entry_is_leased_to_one_worker_at_a_time(store: sa.Engine) -> None:
    publish(store, report(1, content=b'{"a":1}'))
    with writing(store) as connection:
        first = lease_next(connection, NOON, lease_seconds=60)
        second = lease_next(connection, NOON, lease_seconds=60)
    assert first is not None
    assert (first.content, first.attempts, second) == (b'{"a":1}', 0, None)


def test_a_lease_that_ran_out_is_given_again(store: sa.Engine) -> None:
    publish(store, report(1))
    with writing(store) as connection:
        lease_next(connection, NOON, lease_seconds=60)
        again = lease_next(connection, NOON + timedelta(seconds=61), lease_seconds=60)
    assert again is not None
    assert again.attempts == 1


def test_what_was_sent_is_not_leased_again(store: sa.Engine) -> None:
    publish(store, report(1))
    with writing(store) as connection:
        mark_sent(connection, leased_id(connection))
        assert lease_next(connection, NOON + timedelta(days=9), lease_seconds=60) is None


def test_a_delayed_entry_waits_for_its_time(store: sa.Engine) -> None:
    publish(store, report(1))
    with writing(store) as connection:
        send_later(connection, leased_id(connection), NOON, pause_seconds=30, reason="status 503")
        early = lease_next(connection, NOON + timedelta(seconds=29), lease_seconds=60)
        late = lease_next(connection, NOON + timedelta(seconds=30), lease_seconds=60)
    assert early is None
    assert late is not None


def test_a_parked_entry_waits_until_it_is_retried(store: sa.Engine) -> None:
    publish(store, report(1))
    with writing(store) as connection:
        park(connection, leased_id(connection), reason="status 422")
        parked = list_outbox(connection, OutboxStatus.PARKED)
        assert lease_next(connection, NOON + timedelta(days=9), lease_seconds=60) is None
        assert retry(connection, NOON, [entry.id for entry in parked]) == 1
        assert lease_next(connection, NOON, lease_seconds=60) is not None
    assert [entry.last_error for entry in parked] == ["status 422"]


def test_a_newer_version_supersedes_the_one_that_waits(store: sa.Engine) -> None:
    publish(store, report(1))
    publish(store, report(1, content=b'{"changed":1}'))
    with reading(store) as connection:
        found = {entry.version_id: entry.status for entry in list_outbox(connection)}
    assert found == {1: "superseded", 2: "pending"}


def test_a_newer_version_does_not_overtake_the_one_on_its_way(store: sa.Engine) -> None:
    publish(store, report(1))
    with writing(store) as connection:
        first = leased_id(connection)
    publish(store, report(1, content=b'{"changed":1}'))
    with writing(store) as connection:
        during = lease_next(connection, NOON, lease_seconds=60)
        mark_sent(connection, first)
        after = lease_next(connection, NOON, lease_seconds=60)
    assert during is None
    assert after is not None


@pytest.mark.parametrize(
    "sort", [(), ((SortColumn.PERIOD_START, True),), ((SortColumn.LAST_UPDATED, False), (SortColumn.ID, True))]
)
def test_pages_hold_every_resource_once_even_when_more_come_in(
    store: sa.Engine, sort: tuple[tuple[SortColumn, bool], ...]
) -> None:
    publish(store, *(report(number) for number in range(1, 8)))
    first = found_by(store, ResourceSearch("MeasureReport", "public", sort=sort, count=3))
    publish(store, report(9), now=NOON + timedelta(days=1))
    second = found_by(store, ResourceSearch("MeasureReport", "public", sort=sort, count=9, cursor=first.next_cursor))
    seen = [each.id for each in (*first.entries, *second.entries)]
    assert len(seen) == len(set(seen))
    assert {f"report-{number}" for number in range(1, 8)} <= set(seen)


def test_the_last_page_has_no_cursor(store: sa.Engine) -> None:
    publish(store, report(1), report(2))
    assert found_by(store, ResourceSearch("MeasureReport", "public", count=2)).next_cursor is None


def test_a_search_for_nothing_but_the_total_gives_it(store: sa.Engine) -> None:
    publish(store, report(1), report(2))
    page = found_by(store, ResourceSearch("MeasureReport", "public", count=0))
    assert (page.total, page.entries) == (2, ())


@pytest.mark.parametrize("cursor", ["%%%", "bm9uc2Vuc2U", "W10", "WyItcGVyaW9kX3N0YXJ0IiwiYSJd"])
def test_a_cursor_that_is_none_of_ours_is_refused(store: sa.Engine, cursor: str) -> None:
    with pytest.raises(SearchRefused):
        found_by(store, ResourceSearch("MeasureReport", "public", cursor=cursor))


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (AnyOf("subject", ("RSA",)), [1, 3]),
        (StartsWith("name", ("report 2", "REPORT 4")), [2, 4]),
        (MeasureIs((("https://example/Measure/LB06", "2.0.0"),)), [3, 4]),
        (MeasureIs((("https://example/Measure/LB06", None),)), [1, 2, 3, 4]),
        (RangeIs("period_start", "period_end", Reach.EQUAL, "2026-02-01", "2026-02-28"), [2]),
        (RangeIs("period_start", "period_end", Reach.GREATER_OR_EQUAL, "2026-03-01", "2026-03-01"), [3, 4]),
        (RangeIs("period_start", "period_end", Reach.LESS, "2026-02-01", "2026-02-28"), [1]),
    ],
)
def test_a_filter_finds_what_it_says(store: sa.Engine, wanted: ResourceFilter, numbers: list[int]) -> None:
    publish(store, *(report(number) for number in (1, 2, 3, 4)))
    page = found_by(store, ResourceSearch("MeasureReport", "public", filters=(wanted,)))
    assert [each.id for each in page.entries] == [f"report-{number}" for number in numbers]


def test_counts_are_given_back_as_they_were_saved(store: sa.Engine) -> None:
    run = CountRun("run-1", "2026-04-01T12:00:00Z", "2026-04-01", "duckdb", "d", "s")
    cells = [("LB06", "1.0.0", 24314, "RSA", "RSA01", "all", "all", 12, 10, 1)]
    events = [("MO01", "1.0.0", "RSA", 24314, 7, 3), ("MO01", "1.0.0", "RSA", 24315, 19, 9)]
    flagged = [("LB06", "1.0.0", 24314, "RSA", "RSA01", "all", "all", 3, 2, 1)]
    with writing(store) as connection:
        save_count_run(connection, run, cells, events, flagged)
        found = latest_run(connection), load_cells(connection, run.id), load_events(connection, run.id)
        assert load_flagged(connection, run.id) == flagged
    assert found == (run, cells, events)


def test_of_two_runs_in_one_second_the_later_is_the_latest(store: sa.Engine) -> None:
    moments = [datetime(2026, 4, 1, 12, 0, 0, microsecond, tzinfo=UTC) for microsecond in (10, 9)]
    first, second = (exact_instant_text(moment) for moment in sorted(moments))
    with writing(store) as connection:
        for name, moment in (("z", first), ("a", second)):
            save_count_run(connection, CountRun(name, moment, "2026-04-01", "duckdb", "d", "s"), [], [])
        found = latest_run(connection)
    assert found is not None
    assert found.id == "a"


def test_a_forgotten_run_leaves_nothing(store: sa.Engine) -> None:
    run = CountRun("run-1", "2026-04-01T12:00:00Z", "2026-04-01", "duckdb", "d", "s")
    with writing(store) as connection:
        cells = [("LB06", "1.0.0", 1, "", "", "all", "all", 1, 1, 1)]
        save_count_run(connection, run, cells, [], cells)
        forget_runs(connection, [run.id])
        left = load_cells(connection, run.id), load_flagged(connection, run.id)
        assert (latest_run(connection), *left) == (None, [], [])


def found_by(store: sa.Engine, search: ResourceSearch) -> ResourcePage:
    with reading(store) as connection:
        return search_resources(connection, search)


def leased_id(connection: sa.Connection) -> str:
    entry = lease_next(connection, NOON, lease_seconds=60)
    assert entry is not None
    return entry.entry_id


def test_two_workers_on_postgresql_take_different_entries_at_the_same_time(postgres_store_url: str) -> None:
    engine = open_database(postgres_store_url)
    publish(engine, report(1), report(2))
    with writing(engine) as one, writing(engine) as another:
        taken = {leased_id(one), leased_id(another)}
    engine.dispose()
    assert len(taken) == 2
