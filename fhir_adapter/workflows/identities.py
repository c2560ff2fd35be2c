"""From identifiers as received to a person: the NHS number where it is valid, else the key of the source."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import orjson
from nhs_number.validate import is_valid

from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.records import Identity

SYNTHETIC_RANGE = "999"
NEVER_ISSUED = "5"
KEY_CHARACTERS = 32  # half of a SHA-256: no two persons of one installation meet by chance


@dataclass(frozen=True, slots=True)
class PlacedIdentity:
    """An identity with the person that it stands for.

    pass_name: `nhs-number` or `source-key`. nhs_number_hmac: None where there is no valid NHS number.
    plain: the identifiers as received, to be sealed at once.
    """

    source_key: str
    person_key: str
    pass_name: str
    nhs_number_hmac: str | None
    plain: bytes


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Keyed digests under the deployment key, one purpose each; the same input always gives the same word."""

    key: bytes

    def of_nhs_number(self, number: str) -> str:
        """Word for an NHS number, for exact joins inside the linkage zone."""
        return self._digest(f"nhs-number|{number}")

    def of_person(self, number: str) -> str:
        """Person key of an NHS number; cannot be joined with the word in the linkage zone."""
        return f"n{self._digest(f'person|{number}')}"

    def of_source_key(self, source: str, source_key: str) -> str:
        """Person key of somebody whom a source names without a valid NHS number."""
        return f"s{self._digest(f'source|{source}|{source_key}')}"

    def _digest(self, text: str) -> str:
        return hmac.new(self.key, text.encode(), sha256).hexdigest()[:KEY_CHARACTERS]


def place_identities(
    identities: Sequence[Identity], source: str, pseudonyms: Pseudonyms, *, synthetic: bool
) -> Iterator[PlacedIdentity]:
    """The person of each identity. synthetic: whether NHS numbers of the synthetic range are accepted."""
    for identity in identities:
        number = accepted_nhs_number(identity.nhs_number, synthetic=synthetic)
        if number is None:
            person, pass_name = pseudonyms.of_source_key(source, identity.person_source_key), "source-key"
        else:
            person, pass_name = pseudonyms.of_person(number), "nhs-number"
        yield PlacedIdentity(
            source_key=identity.person_source_key,
            person_key=person,
            pass_name=pass_name,
            nhs_number_hmac=None if number is None else pseudonyms.of_nhs_number(number),
            plain=orjson.dumps(identity._asdict()),
        )


def accepted_nhs_number(number: str | None, *, synthetic: bool) -> str | None:
    """The ten digits of an NHS number that may be linked on, else None (rule R01).

    Ten digits with a valid check digit; never 5xxxxxxxxx; 999xxxxxxx only where all people are synthetic.
    """
    digits = "" if number is None else number.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and is_valid(digits)):
        return None
    if digits.startswith(NEVER_ISSUED):
        return None
    return digits if synthetic or not digits.startswith(SYNTHETIC_RANGE) else None


def identity_issues(identities: Sequence[Identity], location: str, *, synthetic: bool) -> Iterator[Issue]:
    """A warning for each NHS number that is set aside; the record is kept and linked by its source key."""
    for identity in identities:
        if identity.nhs_number is not None and accepted_nhs_number(identity.nhs_number, synthetic=synthetic) is None:
            is_synthetic = identity.nhs_number.startswith(SYNTHETIC_RANGE)
            text = (
                "the NHS number is of the synthetic range, which is linked on only where PERINATAL_SYNTHETIC=1"
                if is_synthetic
                else "the NHS number is not valid (ten digits with a check digit); correct it in the source"
            )
            yield Issue(
                Severity.WARNING, "identifier.nhs-number-set-aside", location, f"{text}; the {identity.role} was kept"
            )
