"""A receiver that is away, busy, or will not have a report: what waits, what is parked, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa

from fhir_adapter.publisher.push import Drained, drain_outbox
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.outbox import OutboxEntry, VersionToSend, enqueue, list_outbox, retry
from fhir_adapter.store.releases import NewRelease, ResourceToSave, SearchColumns, save_release
from fhir_adapter.workflows.outgoing import StoredOutbox

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
TARGET = "https://receiver.example/fhir/"
Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: int) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Sink:
    """A receiver that follows a script, and then takes everything. None: the connection breaks."""

    script: Iterator[httpx.Response | None]
    asked: list[str] = field(default_factory=list)
    held: dict[str, bytes] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        answer = next(self.script, httpx.Response(200))
        if answer is None:
            raise httpx.ReadError("reset by the peer")
        if answer.is_success:
            self.held[request.url.path] = request.content
        return answer


def sink(*script: httpx.Response | None) -> Sink:
    """A receiver that answers so, then takes everything."""
    return Sink(iter(script))


def queue_reports(
    store: sa.Engine, count: int, *, content: bytes = b"{}", targets: tuple[str, ...] = (TARGET,)
) -> None:
    """A release of this many reports, queued for the targets."""
    reports = [
        ResourceToSave("MeasureReport", f"r{each}", content, SearchColumns(audience="public")) for each in range(count)
    ]
    with writing(store) as connection:
        number = connection.execute(sa.text("SELECT count(*) FROM release")).scalar_one() + 1
        release = NewRelease(
            f"release-{number}", number, NOON, "2026-05-12", "hes", "public", "QSY", "duckdb", "x", "published", count
        )
        save_release(connection, release, reports, targets)


def drain(store: sa.Engine, receiver: Handler, clock: Clock) -> Drained:
    """One pass over the outbox."""
    with httpx.Client(transport=httpx.MockTransport(receiver)) as client:
        return drain_outbox(StoredOutbox(store, clock), client)


def entries(store: sa.Engine) -> list[OutboxEntry]:
    """The outbox."""
    with reading(store) as connection:
        return list(list_outbox(connection))


def test_a_report_is_put_to_its_own_address_as_fhir_json(store: sa.Engine) -> None:
    queue_reports(store, 1, content=b'{"a":1}')
    receiver = sink()
    assert drain(store, receiver, Clock()) == Drained(1, 0, 0)
    assert receiver.held == {"/fhir/MeasureReport/r0": b'{"a":1}'}


@pytest.mark.parametrize(
    ("answer", "pause", "reason"),
    [
        (httpx.Response(429, headers={"Retry-After": "90"}), 90, "status 429"),
        (httpx.Response(503, headers={"Retry-After": "7"}), 7, "status 503"),
        (httpx.Response(503), 5, "status 503"),
        (httpx.Response(500), 5, "status 500"),
        (httpx.Response(408), 5, "status 408"),
        (httpx.Response(429, headers={"Retry-After": "Tue, 12 May 2026 13:00:00 GMT"}), 5, "status 429"),
        (httpx.Response(429, headers={"Retry-After": "9" * 5_000}), 86_400, "status 429"),
        (httpx.Response(429, headers=[(b"Retry-After", "²".encode("latin-1"))]), 5, "status 429"),
        (None, 5, "ReadError"),
    ],
)
def test_a_report_that_was_not_taken_now_waits_as_long_as_it_was_told(
    store: sa.Engine, answer: httpx.Response | None, pause: int, reason: str
) -> None:
    queue_reports(store, 1)
    receiver, clock = sink(answer), Clock()
    assert drain(store, receiver, clock) == Drained(0, 1, 0)
    assert [(each.status, each.last_error) for each in entries(store)] == [("pending", reason)]
    clock.forward(pause - 1)
    assert drain(store, receiver, clock) == Drained(0, 0, 0)
    clock.forward(1)
    assert drain(store, receiver, clock) == Drained(1, 0, 0)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 409, 412, 422])
def test_a_report_that_was_refused_is_parked_and_the_others_go_on(store: sa.Engine, status: int) -> None:
    queue_reports(store, 3)
    receiver = sink(httpx.Response(200), httpx.Response(status))
    assert drain(store, receiver, Clock()) == Drained(2, 0, 1)
    assert sorted(each.status for each in entries(store)) == ["parked", "sent", "sent"]
    assert {each.last_error for each in entries(store)} == {None, f"status {status}"}


def test_a_parked_report_is_sent_when_a_person_says_so(store: sa.Engine) -> None:
    queue_reports(store, 1)
    clock = Clock()
    drain(store, sink(httpx.Response(400)), clock)
    with writing(store) as connection:
        assert retry(connection, clock()) == 1
    assert drain(store, sink(), clock) == Drained(1, 0, 0)


def test_pauses_double_up_to_six_hours(store: sa.Engine) -> None:
    queue_reports(store, 1)
    clock = Clock()
    pauses = [wait_of(store, clock) for _ in range(14)]
    assert (pauses[:4], pauses[-1]) == ([5, 10, 20, 40], 6 * 3600)


def wait_of(store: sa.Engine, clock: Clock) -> int:
    """Seconds that the only entry waits after one more failure; the clock moves on to its end."""
    drain(store, sink(None), clock)
    due = datetime.fromisoformat(entries(store)[0].next_at)
    seconds = int((due - clock.now).total_seconds())
    clock.now = due
    return seconds


def test_a_receiver_that_gives_no_answer_is_left_alone_and_the_others_are_not(store: sa.Engine) -> None:
    other = "https://other.example/fhir"
    queue_reports(store, 20, targets=(TARGET, other))
    asked: list[str] = []

    def receive(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.url.host == "other.example":
            return httpx.Response(200)
        raise httpx.ConnectTimeout("no answer")

    assert drain(store, receive, Clock()) == Drained(20, 20, 0)
    assert (asked.count("receiver.example"), asked.count("other.example")) == (3, 20)


def test_one_broken_connection_does_not_stop_the_rest(store: sa.Engine) -> None:
    queue_reports(store, 5)
    assert drain(store, sink(None), Clock()) == Drained(4, 1, 0)


@pytest.mark.parametrize("target", ["nonsense", "ftp://receiver.example/fhir", "http://[::1"])
def test_an_address_that_is_none_delays_and_never_breaks_the_worker(store: sa.Engine, target: str) -> None:
    queue_reports(store, 1, targets=(target,))
    with httpx.Client() as client:
        assert drain_outbox(StoredOutbox(store, Clock()), client) == Drained(0, 1, 0)


def test_the_same_release_again_sends_nothing_again(store: sa.Engine) -> None:
    queue_reports(store, 3)
    receiver, clock = sink(), Clock()
    drain(store, receiver, clock)
    queue_reports(store, 3)
    assert drain(store, receiver, clock) == Drained(0, 0, 0)


def test_a_new_receiver_gets_everything_that_is_current(store: sa.Engine) -> None:
    queue_reports(store, 3, targets=())
    queue_reports(store, 3)
    receiver = sink()
    assert drain(store, receiver, Clock()) == Drained(3, 0, 0)


def test_a_version_queued_twice_is_sent_once(store: sa.Engine) -> None:
    queue_reports(store, 1)
    with writing(store) as connection:
        again = [VersionToSend("MeasureReport", "r0", 1, "digest")]
        assert enqueue(connection, again, [TARGET], NOON) == 0


def test_a_receiver_that_was_away_gets_the_newest_version_alone(store: sa.Engine) -> None:
    queue_reports(store, 1, content=b"1")
    receiver, clock = sink(None), Clock()
    drain(store, receiver, clock)
    queue_reports(store, 1, content=b"2")
    clock.forward(60)
    drain(store, receiver, clock)
    assert receiver.held == {"/fhir/MeasureReport/r0": b"2"}
    assert sorted(each.status for each in entries(store)) == ["sent", "superseded"]
