"""Errors of the adapter. They know no HTTP status and no exit code; `api/outcomes.py` and `cli.py` do.

FhirAdapterError
+-- SettingsInvalid         settings that do not fit together
+-- PayloadRefused          an input that cannot be read at all; carries placed issues
|   +-- AdapterUnknown      no adapter fits the input, or none has that name
|   +-- ReferenceRefused    a reference file with faults; carries every one of them
+-- MappingInvalid          a mapping folder that cannot be accepted
+-- StoreUnavailable        the database does not answer or has no schema
+-- StoreOutdated           the schema of the database is not the one this version needs
+-- SealBroken              sealed bytes that the deployment key does not open
+-- PersonUnknown           somebody of whom no record is here
+-- AuditBroken             an audit that was changed by somebody without the key
+-- ResourceNotFound        a FHIR resource that is not here
+-- ConflictUnknown         a conflict that is not listed
+-- SettlementRefused       a settlement that cannot be taken
+-- SearchRefused           a search parameter that is not supported, under strict handling
+-- ReportInvalid           a resource of ours that must not be published
+-- NothingToPublish        no evaluation has been made yet
+-- PublisherRefused        a receiver answered that it will not take a report
+-- PublisherUnreachable    a receiver did not answer
"""

from __future__ import annotations

from collections.abc import Sequence


class FhirAdapterError(Exception):
    """Root of all errors of this package."""


class SettingsInvalid(FhirAdapterError):
    """Settings that do not fit together; names every one of them."""


class PayloadRefused(FhirAdapterError):
    """An input that cannot be read at all.

    location: file, or file and line, or a FHIRPath. code: a stable word, `area.what`.
    """

    def __init__(self, code: str, location: str, text: str) -> None:
        self.code = code
        self.location = location
        self.text = text
        super().__init__(f"{location}: {text}")


class AdapterUnknown(PayloadRefused):
    """No adapter fits the input, or none has the name asked for; the text lists those known."""

    def __init__(self, location: str, text: str, known: Sequence[str]) -> None:
        self.known = tuple(known)
        super().__init__("adapter.unknown", location, text)


class ReferenceRefused(PayloadRefused):
    """A reference file with faults; `faults` lists the first of them by file and line, `count` is of all."""

    def __init__(self, faults: Sequence[PayloadRefused], count: int) -> None:
        self.faults = tuple(faults)
        self.count = count
        first = faults[0]
        more = [] if count == len(faults) else [f"and {count - len(faults):,} more faults"]
        super().__init__(first.code, first.location, first.text)
        self.args = ("; ".join([*map(str, faults), *more]),)


class MappingInvalid(FhirAdapterError):
    """A mapping folder that cannot be accepted; `faults` lists every reason with file and position."""

    def __init__(self, place: str, faults: Sequence[str]) -> None:
        self.place = place
        self.faults = tuple(faults)
        super().__init__(f"{place}: " + "; ".join(self.faults))


class StoreUnavailable(FhirAdapterError):
    """The database does not answer."""


class StoreOutdated(FhirAdapterError):
    """The schema of the database is not the one that this version needs."""


class SealBroken(FhirAdapterError):
    """Sealed bytes that do not open: another deployment key, or bytes that were changed."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} does not open: check that PERINATAL_KEY is the key it was sealed with")


class PersonUnknown(FhirAdapterError):
    """Somebody of whom no record is here; the message never says who was asked for."""


class AuditBroken(FhirAdapterError):
    """An audit that is not as it was written; says from which event on."""


class ResourceNotFound(FhirAdapterError):
    """No such FHIR resource is published here."""

    def __init__(self, resource_type: str, resource_id: str) -> None:
        self.resource_type = resource_type
        self.resource_id = resource_id
        super().__init__(f"{resource_type}/{resource_id} is not known here")


class ConflictUnknown(FhirAdapterError):
    """No conflict of this id is listed."""

    def __init__(self, conflict_id: str) -> None:
        self.conflict_id = conflict_id
        super().__init__(f"there is no conflict {conflict_id}: `perinatal conflicts list` tells those there are")


class SettlementRefused(FhirAdapterError):
    """A settlement that cannot be taken; says why, and never repeats the value."""


class SearchRefused(FhirAdapterError):
    """A search parameter that is not supported, or whose value cannot be read."""

    def __init__(self, parameter: str, text: str) -> None:
        self.parameter = parameter
        super().__init__(text)


class ReportInvalid(FhirAdapterError):
    """A resource that was built and must not be published; `faults` says why. Always a fault of the program."""

    def __init__(self, resource_type: str, resource_id: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{resource_type}/{resource_id} is not valid: " + "; ".join(self.faults))


class NothingToPublish(FhirAdapterError):
    """No evaluation has been made yet."""


class PublisherRefused(FhirAdapterError):
    """A receiver answered that it will not take a report; `status` is what it answered."""

    def __init__(self, report_id: str, status: int) -> None:
        self.report_id = report_id
        self.status = status
        super().__init__(f"the receiver refused {report_id} with status {status}")


class PublisherUnreachable(FhirAdapterError):
    """A receiver did not answer, or asked to be tried again later (`retry_after` seconds, when it said so)."""

    def __init__(self, report_id: str, reason: str, retry_after: int | None = None) -> None:
        self.report_id = report_id
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(f"the receiver could not be reached for {report_id}: {reason}")
