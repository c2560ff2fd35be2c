"""From identifiers as received to what people are linked by: keyed digests, one purpose each, and a sealed original."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import orjson
from nhs_number.validate import is_valid

from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.records import Identity
from fhir_adapter.store.instants import to_utc_text
from fhir_adapter.store.linkage_zone import NumberState, ZoneEntry

SYNTHETIC_RANGE = "999"
NEVER_ISSUED = "5"
TEMPORARY = "T:"  # BadgerNet makes one up until the number is known
KEY_CHARACTERS = 32  # half of a SHA-256: no two persons of one installation meet by chance
# 01 verified and 02 not traced yet are numbers as issued; 08 is a baby's own number from birth on, whose tracing alone
# is postponed for six weeks. 03 to 07 say that the number is absent, doubted, or stands against the patient's details.
USABLE_STATUSES = frozenset({None, "01", "02", "08"})
NO_FIXED_PLACE = "ZZ99"  # pseudo postcodes are shared by strangers
INWARD_CHARACTERS = 3
SOUND_DIGITS = {
    letter: digit
    for letters, digit in (("bfpv", "1"), ("cgjkqsxz", "2"), ("dt", "3"), ("l", "4"), ("mn", "5"), ("r", "6"))
    for letter in letters
}
SOUND_CHARACTERS = 4  # of a Soundex code


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Keyed digests under the deployment key, one purpose each; the same input always gives the same word."""

    key: bytes

    def of_nhs_number(self, number: str) -> str:
        """Word for an NHS number, for exact joins inside the linkage zone."""
        return self._digest(f"nhs-number|{number}")

    def of_person(self, number: str, role: str) -> str:
        """Person key of an NHS number within a role; cannot be joined with the word in the linkage zone."""
        return f"n{self._digest(f'person|{role}|{number}')}"

    def of_source_key(self, source: str, source_key: str) -> str:
        """Key of an entry of the linkage zone, and of a person whom nothing else tells."""
        return f"s{self._digest(f'source|{source}|{source_key}')}"

    def of_feature(self, purpose: str, text: str | None) -> str | None:
        """Word for a feature, for joins with features of the same purpose; None for an absent one."""
        return None if text is None else self._digest(f"{purpose}|{text}")

    def _digest(self, text: str) -> str:
        return hmac.digest(self.key, text.encode(), "sha256").hex()[:KEY_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Told:
    """What a record says beside the identifiers. recorded_at: as in its rows. sexes: by `person_key`."""

    source: str
    recorded_at: str | None
    sexes: Mapping[str, str]


def zone_entries(
    identities: Sequence[Identity], told: Told, pseudonyms: Pseudonyms, *, synthetic: bool
) -> Iterator[ZoneEntry]:
    """The entry of each identity. synthetic: whether NHS numbers of the synthetic range are accepted."""
    for identity in identities:
        yield zone_entry(identity, told, pseudonyms, synthetic=synthetic)


def zone_entry(identity: Identity, told: Told, pseudonyms: Pseudonyms, *, synthetic: bool) -> ZoneEntry:
    """One entry of the linkage zone: digests of the identifiers, and the identifiers to be sealed."""
    number = linkable_number(identity, synthetic=synthetic)
    entry_key = pseudonyms.of_source_key(told.source, identity.person_source_key)
    assigner = assigner_of(identity.local_id_system, told.source)
    feature = pseudonyms.of_feature
    born = birth_day(identity.birth_date)
    postcode = plain_postcode(identity.postcode)
    family, given = plain_name(identity.family_name), plain_name(identity.given_name)
    plain = orjson.dumps(identity._asdict())
    sex = told.sexes.get(identity.person_source_key)
    said = feature("entry", f"{plain.decode()}|{sex}")
    recorded_at = "" if told.recorded_at is None else to_utc_text(told.recorded_at)
    local_id = None if not identity.local_id else f"{identity.role}|{assigner}|{identity.local_id.strip().upper()}"
    return ZoneEntry(
        source=told.source,
        source_key=identity.person_source_key,
        entry_key=entry_key,
        person_key=entry_key if number is None else pseudonyms.of_person(number, identity.role),
        role=identity.role,
        rank=f"{int(number is not None)}|{recorded_at}|{int(sex is not None)}|{said}",
        number_state=number_state(identity, synthetic=synthetic),
        nhs_number_hmac=feature("nhs-number", number),
        organisation=told.source.rpartition(":")[2] if ":" in told.source else assigner,
        local_id_hmac=feature("local-id", local_id),
        sex=sex,
        birth_date_hmac=feature("birth-date", None if born is None else born.isoformat()),
        birth_eve_hmac=feature("birth-date", None if born is None else (born - timedelta(days=1)).isoformat()),
        birth_year_hmac=feature("birth-year", None if born is None else str(born.year)),
        birth_month_hmac=feature("birth-part", None if born is None else str(born.month)),
        birth_day_hmac=feature("birth-part", None if born is None else str(born.day)),
        family_name_hmac=feature("family-name", family),
        family_sound_hmac=feature("family-sound", sound_of(family)),
        given_name_hmac=feature("given-name", given),
        given_sound_hmac=feature("given-sound", sound_of(given)),
        postcode_hmac=feature("postcode", postcode),
        district_hmac=feature("district", None if postcode is None else postcode[:-INWARD_CHARACTERS]),
        plain=plain,
    )


def number_state(identity: Identity, *, synthetic: bool) -> NumberState:
    """What there is to say of the NHS number of an identity."""
    if not identity.nhs_number:
        return NumberState.ABSENT
    if identity.nhs_number.strip().upper().startswith(TEMPORARY):
        return NumberState.TEMPORARY
    if accepted_nhs_number(identity.nhs_number, synthetic=synthetic) is None:
        return NumberState.INVALID
    return NumberState.ACCEPTED if identity.nhs_number_status in USABLE_STATUSES else NumberState.DOUBTED


def linkable_number(identity: Identity, *, synthetic: bool) -> str | None:
    """The NHS number that people are joined on: valid, and not doubted by its verification status."""
    if identity.nhs_number_status not in USABLE_STATUSES:
        return None
    return accepted_nhs_number(identity.nhs_number, synthetic=synthetic)


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


def assigner_of(local_id_system: str | None, source: str) -> str:
    """Who assigned a local number: the last part of its system, else the provider or the name of the feed."""
    told = local_id_system or source.rpartition(":")[2]
    return told.rstrip("/").rpartition("/")[2].rpartition(":")[2].upper()


def birth_day(text: str | None) -> date | None:
    """The calendar date of a birth date or time, None when it is none."""
    try:
        return None if text is None else date.fromisoformat(text[:10])
    except ValueError:
        return None


def plain_postcode(text: str | None) -> str | None:
    """A postcode in capitals without spaces; None for a pseudo postcode, which strangers share."""
    letters = "" if text is None else "".join(text.split()).upper()
    if len(letters) <= INWARD_CHARACTERS or letters.startswith(NO_FIXED_PLACE):
        return None
    return letters


def plain_name(text: str | None) -> str | None:
    """A name in small letters without accents, spaces and marks; None when nothing is left."""
    if text is None:
        return None
    letters = "".join(each for each in unicodedata.normalize("NFKD", text).casefold() if each.isalpha())
    return letters or None


def sound_of(name: str | None) -> str | None:
    """Soundex of a plain name, so that most slips of spelling give the same word. Source: US patent 1261167."""
    if name is None:
        return None
    digits: list[str] = []
    before = SOUND_DIGITS.get(name[0], "")
    for letter in name[1:]:
        digit = SOUND_DIGITS.get(letter, "")
        if digit and digit != before:
            digits.append(digit)
        if letter not in "hw":
            before = digit
    return f"{name[0]}{''.join(digits)}000"[:SOUND_CHARACTERS]


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
