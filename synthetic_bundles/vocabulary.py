"""Codes that the world speaks. They are spelt out here because this package imports none of the others."""

from __future__ import annotations

from types import MappingProxyType

TRUSTS = ("RSA", "RSB")
NOT_STATED = "Z"
NOT_KNOWN = "99"
PSEUDO_POSTCODE = "ZZ99 3CZ"  # ONS pseudo postcode: no fixed abode

SMOKER = "smoker"
NON_SMOKER = "non_smoker"
SMOKING_UNKNOWN = "unknown"

LIVE = "01"
STILLBORN = ("02", "03", "04")
TERMINATED = "05"

FORCEPS, VENTOUSE, BREECH = 3, 4, 5
VAGINAL = (0, 1, 2, 3, 4)  # what the tear indicator calls vaginal: breech stays out
CAESAREAN = (7, 8)

TEAR_CODES = MappingProxyType(
    {"none": "", "first": "57759005", "second": "6234006", "third": "10217006", "fourth": "399031001"}
)
SEVERE_TEAR_CODES = (TEAR_CODES["third"], TEAR_CODES["fourth"])
LABIAL_TEAR_CODE = "249221003"

ETHNIC_GROUPS = ("white", "mixed", "asian", "black", "other")
ETHNIC_GROUP_OF = MappingProxyType(  # 2001 grouping of the NHS Data Dictionary: Chinese (R) is other
    dict.fromkeys("ABC", "white")
    | dict.fromkeys("DEFG", "mixed")
    | dict.fromkeys("HJKL", "asian")
    | dict.fromkeys("MNP", "black")
    | dict.fromkeys("RS", "other")
)

TERM_DAYS = 259
POST_TERM_DAYS = 315
VIABLE_DAYS = 168  # 24+0: a stillbirth can be registered
EARLIEST_LIVE_DAYS = 154  # 22+0
