"""SNOMED CT codes that the MSDS tables speak, as plain text. Codes marked K are general knowledge."""

from __future__ import annotations

from types import MappingProxyType

from synthetic_bundles.vocabulary import NON_SMOKER, SMOKER, SMOKING_UNKNOWN

HEIGHT = "50373000"
WEIGHT = "27113001"
BODY_MASS_INDEX = "60621009"
CARBON_MONOXIDE = "251900003"
CIGARETTES_PER_DAY = "230056004"
ALCOHOL_UNITS_PER_WEEK = "1082641000000106"
AUGMENTATION = "237001001"
BIRTH_WEIGHT = "364589006"
APGAR_AT_1_MINUTE = "169895004"
APGAR_AT_5_MINUTES = "169909004"
HEAD_CIRCUMFERENCE = "169876006"

# K: interpreter needed, and not needed; MSDS has a finding for it and no column.
INTERPRETER_NEEDS = MappingProxyType({1: "315594003", 0: "315595002"})

# Several codes of one meaning, taken in turn: real systems do not agree on one.
SMOKING_CODES = MappingProxyType(
    {
        SMOKER: ("77176002", "65568007", "59978006"),
        NON_SMOKER: ("8392000", "266919005", "8517006"),
        SMOKING_UNKNOWN: ("266927001",),
    }
)

# As CSDS derives its feeding status from findings: breast fed, breast fed with supplement, bottle fed.
FEEDING_CODES = MappingProxyType({"01": "169741004", "02": "169743001", "03": "268472006"})


def smoking_code(status: str, row: int) -> str:
    """The code of a status, another one from row to row; a status that has none stands for itself."""
    choices = SMOKING_CODES.get(status, (status,))
    return choices[row % len(choices)]
