"""People taken out of everything that is derived from records: one who is erased, or all who opted out.

Out go the source rows that name them and what hangs on those, their identifiers and links, the resolved rows, and every
payload that holds them, with the other people in it: a payload is kept whole or not at all. Receipts stay and say so.
What comes in about them later is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import orjson
from sqlalchemy.engine import Connection

from fhir_adapter.errors import PersonUnknown
from fhir_adapter.store.audit_log import Opened, Purpose
from fhir_adapter.store.barring import Barred, bar, unbar
from fhir_adapter.store.database import overwrite_what_goes, writing
from fhir_adapter.store.dropped_payloads import drop_payloads, file_of
from fhir_adapter.store.instants import instant_text
from fhir_adapter.store.intake_log import ReceivedIssue
from fhir_adapter.store.people import (
    KnownAs,
    forget_people,
    known_and_opted_out,
    known_by_person_key,
    known_by_word,
    open_identities,
    words_of,
)
from fhir_adapter.store.reference_files import Faults, read_lines
from fhir_adapter.store.resolved import resolve_all, wait_for_other_writers
from fhir_adapter.store.stored_payloads import (
    add_issue_to_files,
    clear_quarantined,
    open_each_payload,
    open_each_quarantined,
)
from fhir_adapter.store.withdrawals import ALWAYS, Withdrawal, WithdrawalKind, take_back
from fhir_adapter.workflows.admission import numbers_in, plain_nhs_number
from fhir_adapter.workflows.ingest import Intake
from fhir_adapter.workflows.linkage import Change, link_people
from fhir_adapter.workflows.openings import note

SHORTEST_NUMBER = 5  # a shorter local number stands in many payloads that tell of somebody else
OVERLAP_BYTES = 64  # a number may stand across two pieces of a file
TOLD = ReceivedIssue(
    "information",
    "payload.not-kept",
    "payload",
    "the payload is not kept any more: it held a person who must not be here",
)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was taken out. known_as: keys of sources under which the people were known. files: payloads dropped."""

    known_as: int = 0
    files: int = 0
    quarantined: int = 0


def erase_by_nhs_number(intake: Intake, number: str) -> Erased:
    """Erase the person of an NHS number. Raises PersonUnknown when it is none, or no record has it."""
    plain = plain_nhs_number(number)
    if plain is None:
        raise PersonUnknown("what was given is no NHS number: ten digits with a valid check digit are expected")
    word = intake.pseudonyms.of_nhs_number(plain)
    return _erase(intake, lambda connection: known_by_word(connection, word))


def erase_by_person_key(intake: Intake, person_key: str) -> Erased:
    """Erase the person of a key of the resolved model. Raises PersonUnknown when there is none."""
    return _erase(intake, lambda connection: known_by_person_key(connection, person_key))


def load_opt_outs(path: Path, intake: Intake) -> tuple[int, Erased]:
    """Make a file the opt-out list, one NHS number a line, and take out everybody on it who is here.

    Gives the number of people listed. Raises PayloadRefused for a file that cannot be read or is empty, and
    ReferenceRefused with its faulty lines; all is then as it was.
    """
    faults = Faults()
    with writing(intake.engine) as connection:
        wait_for_other_writers(connection)
        overwrite_what_goes(connection)
        unbar(connection, Barred.OPT_OUT)
        words = map(intake.pseudonyms.of_nhs_number, read_lines(path, faults, plain_nhs_number))
        listed = bar(connection, words, Barred.OPT_OUT, since=instant_text(intake.now()))
        faults.check()
        people = known_and_opted_out(connection)
        return listed, _take_out(connection, intake, people, Barred.OPT_OUT, Purpose.OPT_OUT)


def _erase(intake: Intake, find: Callable[[Connection], set[KnownAs]]) -> Erased:
    with writing(intake.engine) as connection:
        wait_for_other_writers(connection)
        overwrite_what_goes(connection)
        people = find(connection)
        if not people:
            raise PersonUnknown("no record of this person is here: check the number or key; nothing was changed")
        bar(connection, sorted(words_of(connection, people)), Barred.ERASED, since=instant_text(intake.now()))
        return _take_out(connection, intake, people, Barred.ERASED, Purpose.ERASE)


def _take_out(
    connection: Connection, intake: Intake, people: Collection[KnownAs], reason: Barred, purpose: Purpose
) -> Erased:
    if not people:
        return Erased()
    identities = open_identities(connection, people, intake.sealer)
    note(connection, intake, purpose, Opened.IDENTITY, len(identities))
    held = _Held.of(identities)
    take_back(
        connection,
        [Withdrawal(each.source_key, each.source, WithdrawalKind.WITHDRAWN, ALWAYS, "") for each in sorted(people)],
    )
    forget_people(connection, people)
    files = _files_that_hold(connection, intake, held, purpose)
    set_aside = _quarantined_that_hold(connection, intake, held, purpose)
    add_issue_to_files(connection, files, TOLD)
    drop_payloads(connection, [(each, str(reason)) for each in files], at=instant_text(intake.now()))
    clear_quarantined(connection, set_aside)
    link_people(connection, receipts=[], change=Change(instant_text(intake.now()), "a person was taken out"))
    resolve_all(connection, touched=[])
    return Erased(len(people), len(files), len(set_aside))


@dataclass(frozen=True, slots=True)
class _Held:
    """What tells that bytes hold a person."""

    nhs_numbers: frozenset[str]
    local_numbers: frozenset[bytes]

    @classmethod
    def of(cls, identities: Collection[bytes]) -> _Held:
        """NHS numbers and local numbers of identifiers as received."""
        found = [orjson.loads(each) for each in identities]
        numbers = {number for each in found if (number := plain_nhs_number(each["nhs_number"])) is not None}
        local = {str(each["local_id"]).encode() for each in found if each["local_id"] is not None}
        return cls(frozenset(numbers), frozenset(each for each in local if len(each) >= SHORTEST_NUMBER))

    def is_in(self, raw: bytes) -> bool:
        """Whether bytes hold one of these people."""
        return any(each in raw for each in self.local_numbers) or not self.nhs_numbers.isdisjoint(numbers_in(raw))


def _files_that_hold(connection: Connection, intake: Intake, held: _Held, purpose: Purpose) -> list[str]:
    """Every payload is looked into: one that told the same again has no row of its own."""
    found: dict[str, None] = {}
    opened, file, tail = 0, "", b""
    for digest, raw in open_each_payload(connection, intake.sealer):
        opened += 1
        tail = tail if file_of(digest) == file else b""
        file = file_of(digest)
        if held.is_in(tail + raw):
            found[file] = None
        tail = raw[-OVERLAP_BYTES:]
    note(connection, intake, purpose, Opened.PAYLOAD, opened)
    return list(found)


def _quarantined_that_hold(connection: Connection, intake: Intake, held: _Held, purpose: Purpose) -> list[str]:
    opened = list(open_each_quarantined(connection, intake.sealer))
    note(connection, intake, purpose, Opened.QUARANTINE, len(opened))
    return [name for name, raw in opened if held.is_in(raw)]
