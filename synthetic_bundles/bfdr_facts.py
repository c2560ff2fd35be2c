"""What a US certificate says of the pregnancy, the labour and the newborn, in the units of that country."""

from __future__ import annotations

from synthetic_bundles import bfdr_codes as codes
from synthetic_bundles.bfdr_document import FATHER, MOTHER, Document
from synthetic_bundles.fhir_codes import SNOMED, Resource, coding, concept
from synthetic_bundles.fhir_values import clinical, coded, concept_of, dated, measured, whole
from synthetic_bundles.plain_records import BabyRecord, HistoryRecord, NewbornRecord
from synthetic_bundles.records import BirthRecord
from synthetic_bundles.vocabulary import SEVERE_TEAR_CODES

SECOND_TRIMESTER, THIRD_TRIMESTER = 14 * 7, 28 * 7  # first days of gestation
DAYS_A_WEEK = 7


def add_pregnancy_facts(document: Document, birth: BirthRecord) -> None:
    """Write what was known before the birth: of the mother, and the work of the father."""
    booking, history, at = birth.booking, birth.antenatal.history, birth.booking.booking_date
    document.observe_parent(codes.FIRST_PRENATAL_VISIT, dated(booking.booking_date), at=at)
    document.observe_parent(codes.LAST_MENSTRUAL_PERIOD, dated(history.lmp_date), at=at)
    document.observe_parent(codes.MOTHER_HEIGHT, _converted(booking.height_cm, codes.INCH_CM, "[in_i]"), at=at)
    document.observe_parent(codes.MOTHER_WEIGHT, _converted(booking.weight_kg, codes.POUND_KG, "[lb_av]"), at=at)
    document.observe_parent(codes.PREVIOUS_LIVE_BIRTHS, whole(birth.pregnancy.previous_live_births), at=at)
    document.observe_parent(codes.OTHER_OUTCOMES, whole(_losses(history)), at=at)
    cigarettes = codes.CIGARETTES[_trimester(booking.gestation_days)]
    document.observe_parent(cigarettes, whole(birth.antenatal.answers.cigarettes_per_day), at=at)
    document.observe_parent(codes.PREVIOUS_CAESAREANS, whole(birth.pregnancy.previous_caesareans), at=at)
    if history.previous_preterm_births:
        preterm: Resource = {"valueCodeableConcept": codes.HISTORY_OF_PRETERM_BIRTH}
        document.observe_parent(codes.PRETERM_BEFORE, preterm, at=at)
    if birth.antenatal.father is not None:
        work = _free_text(birth.antenatal.father.occupation)
        document.observe_parent(codes.FATHER_OCCUPATION, work, parent=FATHER, at=at)


def add_labour_facts(document: Document, birth: BirthRecord, baby: BabyRecord) -> None:
    """Write how labour went and how this baby was born."""
    labour, delivery = birth.labour, birth.delivery
    _add_procedure(document, codes.ROUTE, _route(delivery.method), at=labour.caesarean_datetime or baby.birth_datetime)
    if labour.induction_code is not None:
        _add_procedure(document, codes.INDUCTION, _with_own_code(codes.INDUCED, labour.induction_code))
    if labour.augmentation:
        _add_procedure(document, codes.AUGMENTATION, codes.AUGMENTED)
    if labour.analgesia_code is not None:
        _add_procedure(document, codes.ANALGESIA, clinical(labour.analgesia_code))
    if labour.steroids != "none":
        given = coded(labour.steroids, codes.STEROIDS_GIVEN)
        document.observe_parent(codes.STEROIDS, given, at=labour.steroid_last_dose_datetime)
    for item, trauma in zip(codes.LACERATIONS, (delivery.perineal_trauma, delivery.second_trauma), strict=True):
        if trauma in SEVERE_TEAR_CODES:
            _add_laceration(document, item, trauma, at=delivery.birth_datetime)


def add_newborn_facts(document: Document, birth: BirthRecord, baby: BabyRecord, newborn: NewbornRecord) -> None:
    """Write what was found of the child or fetus."""
    at = baby.birth_datetime
    document.observe_child(codes.BIRTH_WEIGHT, measured(baby.birth_weight_g, "g", "g"), at=at)
    document.observe_child(codes.GESTATION, _gestation(baby.gestation_days), at=at)
    document.observe_child(codes.APGAR_AT_1_MINUTE, whole(newborn.apgar_1), at=at)
    document.observe_child(codes.APGAR_AT_5_MINUTES, whole(baby.apgar_5), at=at)
    document.observe_child(codes.PRESENTATION, coded(baby.presentation, codes.PRESENTATIONS), at=at)
    document.observe_child(codes.BREASTFED, _breastfed(newborn.feeding_at_discharge), at=newborn.discharge_datetime)
    document.observe_parent(codes.PLURALITY, whole(birth.pregnancy.number_of_fetuses), at=at)
    if document.certificate is codes.FETAL_DEATH:
        document.observe_child(codes.TIME_OF_DEATH, coded(baby.outcome, codes.TIMES_OF_DEATH), at=at)
    else:
        document.observe_child(codes.LIVING, {"valueBoolean": baby.death_datetime is None}, at=birth.recorded_datetime)


def _gestation(days: float | str | None) -> Resource | None:
    """Whole weeks as weeks, anything else as days: the guide takes either unit but one number, and neither loses a day.

    The sample names weeks and leaves the number out; UCUM has no unit for weeks and days together.
    """
    if isinstance(days, int) and days % DAYS_A_WEEK == 0:
        return measured(days // DAYS_A_WEEK, "wk", "wk")
    return measured(days, "d", "d")


def _converted(value: float | str | None, unit_size: float, code: str) -> Resource | None:
    """The quantity in a unit of this size, to one decimal; a text stays the text it is."""
    if isinstance(value, int | float):
        return measured(round(value / unit_size, 1), code, code)
    return measured(value, code, code)


def _trimester(gestation_days: float | str | None) -> int:
    """The three months in which a booking fell, from 0; the first where its gestation is not known."""
    if not isinstance(gestation_days, int | float) or gestation_days < SECOND_TRIMESTER:
        return 0
    return 1 if gestation_days < THIRD_TRIMESTER else 2


def _losses(history: HistoryRecord) -> int | None:
    """Earlier pregnancies without a live birth, where both kinds are known as numbers."""
    counts: tuple[object, ...] = (history.previous_stillbirths, history.previous_losses_lt24w)
    known = [count for count in counts if isinstance(count, int)]
    return sum(known) if len(known) == len(counts) else None


def _breastfed(feeding: str | None) -> Resource | None:
    if feeding is None or feeding not in codes.IS_BREASTFED:
        return coded(feeding, {})
    return {"valueBoolean": codes.IS_BREASTFED[feeding]}


def _free_text(text: str | None) -> Resource | None:
    return None if text is None else {"valueCodeableConcept": {"text": text}}


def _route(method: int | None) -> Resource | None:
    return None if method is None else concept_of(method, codes.ROUTES)


def _with_own_code(general: Resource, code: str) -> Resource:
    """The code that the certificate wants, and the one that says more where it is another."""
    own = clinical(code)["coding"]
    return concept(general) if own == [general] else {"coding": [general, *_listed(own)]}


def _listed(codings: object) -> list[Resource]:
    assert isinstance(codings, list)
    return codings


def _add_procedure(document: Document, item: codes.Item, code: Resource | None, *, at: str | None = None) -> None:
    if code is not None:
        performed = {} if at is None else {"performedDateTime": at}
        content = {"code": code, "subject": document.reference(MOTHER), **performed}
        document.add_item(item, "Procedure", content)


def _add_laceration(document: Document, item: codes.Item, trauma: str, *, at: str | None) -> None:
    onset = {} if at is None else {"onsetDateTime": at}
    code = concept(codes.LACERATED, coding(SNOMED, trauma))
    document.add_item(item, "Condition", {"code": code, "subject": document.reference(MOTHER), **onset})
