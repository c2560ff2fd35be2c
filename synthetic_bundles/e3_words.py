"""English words that the E3-like layout has in place of codes. What has no word here is written as it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from synthetic_bundles.plain_records import Value
from synthetic_bundles.vocabulary import NON_SMOKER, SMOKER, SMOKING_UNKNOWN

Words = Mapping[Value, str]

ETHNIC_CATEGORIES: Words = MappingProxyType(
    {
        "A": "White British",
        "B": "White Irish",
        "C": "Any other White background",
        "D": "Mixed White and Black Caribbean",
        "E": "Mixed White and Black African",
        "F": "Mixed White and Asian",
        "G": "Any other mixed background",
        "H": "Indian",
        "J": "Pakistani",
        "K": "Bangladeshi",
        "L": "Any other Asian background",
        "M": "Caribbean",
        "N": "African",
        "P": "Any other Black background",
        "R": "Chinese",
        "S": "Any other ethnic group",
        "Z": "Not stated",
        "99": "Not known",
    }
)
LANGUAGES: Words = MappingProxyType(
    {
        "ar": "Arabic",
        "bn": "Bengali",
        "en": "English",
        "fa": "Persian",
        "fr": "French",
        "gu": "Gujarati",
        "hi": "Hindi",
        "ku": "Kurdish",
        "lt": "Lithuanian",
        "pa": "Punjabi",
        "pl": "Polish",
        "pt": "Portuguese",
        "ro": "Romanian",
        "so": "Somali",
        "ta": "Tamil",
        "ur": "Urdu",
        "zh": "Chinese",
    }
)
EMPLOYMENT: Words = MappingProxyType(
    {
        "01": "Employed",
        "02": "Unemployed and seeking work",
        "03": "Student",
        "04": "Long-term sick or disabled",
        "05": "Looking after family or home",
        "06": "Not seeking work",
        "07": "Unpaid voluntary work",
        "08": "Retired",
        "ZZ": "Not stated",
    }
)
REFERRERS: Words = MappingProxyType({"self": "Self referral", "gp": "General practitioner", "midwife": "Midwife"})
LATE_BOOKING_REASONS: Words = MappingProxyType(
    {
        "01": "Unaware of pregnancy",
        "02": "Maternal choice",
        "03": "Concealed pregnancy",
        "04": "Transferred in",
        "05": "Service capacity",
        "06": "Awaiting interpreter",
        "07": "Did not attend earlier appointment",
        "08": "Recently moved to area",
        "98": "Other",
    }
)
DATING_METHODS: Words = MappingProxyType(
    {
        "01": "LMP stated",
        "02": "LMP confirmed by ultrasound",
        "03": "Ultrasound dating",
        "04": "Clinical assessment",
    }
)
FOLIC_ACID: Words = MappingProxyType(
    {
        "01": "Before pregnancy",
        "02": "Once pregnancy confirmed",
        "03": "Not taking",
        "ZZ": "Declined to say",
    }
)
ANSWERS: Words = MappingProxyType({"Y": "Yes", "N": "No", "Z": "Not stated"})
FLAGS: Words = MappingProxyType({1: "Yes", 0: "No"})
SMOKING: Words = MappingProxyType(
    {SMOKER: "Current smoker", NON_SMOKER: "Non-smoker", SMOKING_UNKNOWN: "Smoking status unknown"}
)
PLANS: Words = MappingProxyType({"05": "Antenatal", "06": "Birth", "07": "Postpartum"})
ONSETS: Words = MappingProxyType(
    {
        "1": "Spontaneous",
        "2": "Caesarean before labour",
        "3": "Surgical induction",
        "4": "Medical induction",
        "5": "Surgical and medical induction",
        "8": "Not applicable",
        "9": "Not known",
    }
)
ANALGESIA: Words = MappingProxyType(
    {"18946005": "Epidural", "231249005": "Spinal anaesthesia", "50697003": "General anaesthesia"}
)
METHODS: Words = MappingProxyType(
    {
        0: "Spontaneous vertex",
        1: "Spontaneous other cephalic",
        2: "Low forceps, not breech",
        3: "Other forceps, not breech",
        4: "Ventouse",
        5: "Breech",
        6: "Breech extraction",
        7: "Elective caesarean section",
        8: "Emergency caesarean section",
        9: "Other",
    }
)
TEARS: Words = MappingProxyType(
    {
        "249221003": "Labial tear",
        "262935001": "Vaginal tear",
        "57759005": "First degree tear",
        "6234006": "Second degree tear",
        "10217006": "Third degree tear",
        "399031001": "Fourth degree tear",
    }
)
EPISIOTOMIES: Words = MappingProxyType({"15413009": "Episiotomy"})
HAEMORRHAGES: Words = MappingProxyType({"47821001": "Postpartum haemorrhage"})
STEROIDS: Words = MappingProxyType({"full": "Full course", "partial": "Partial course", "none": "None given"})
SEXES: Words = MappingProxyType({"1": "Male", "2": "Female", "9": "Indeterminate", "X": "Not known"})
OUTCOMES: Words = MappingProxyType(
    {
        "01": "Live birth",
        "02": "Antepartum stillbirth",
        "03": "Intrapartum stillbirth",
        "04": "Stillbirth, timing unknown",
        "05": "Termination of pregnancy",
        "98": "Other",
    }
)
PRESENTATIONS: Words = MappingProxyType(
    {"01": "Cephalic", "02": "Breech", "03": "Transverse or oblique", "04": "Other", "XX": "Not known"}
)
PLACES: Words = MappingProxyType(
    {
        "01": "Obstetric unit",
        "02": "Alongside midwifery unit",
        "03": "Freestanding midwifery unit",
        "04": "Home, NHS care",
        "05": "Home, private care",
        "06": "Private hospital",
        "07": "Maternity assessment or triage unit",
        "08": "NHS setting without delivery facilities",
        "09": "In transit, NHS ambulance",
        "10": "In transit, private ambulance",
        "11": "In transit, no healthcare services",
        "12": "Neither home nor healthcare setting",
        "98": "Other",
        "99": "Not known",
    }
)
FIRST_FEEDS: Words = MappingProxyType(
    {"01": "Maternal breast milk", "02": "Donor breast milk", "03": "Not breast milk"}
)
FEEDING: Words = MappingProxyType({"01": "Exclusive breast milk", "02": "Partial breast milk", "03": "No breast milk"})


def word(words: Words, value: Value) -> Value:
    """The word for a code, or the value itself where there is none."""
    return words.get(value, value)
