"""The code lists of the CSV feeds, by column. What is not in them is unknown, or a code of a trust's own."""

from __future__ import annotations

TWO_DIGITS = tuple(f"{code:02d}" for code in range(1, 14))
SETTINGS = frozenset((*TWO_DIGITS[:12], "98", "99"))
CODES_OF_MSDS = {
    "DeliveryMethodCode": frozenset("0123456789"),
    "BabyFirstFeedIndCode": frozenset(TWO_DIGITS[:3]),
    "PregOutcome": frozenset((*TWO_DIGITS[:5], "98")),
    "PersonPhenSex": frozenset("129X"),
    "FetusPresentation": frozenset((*TWO_DIGITS[:4], "XX")),
    "SettingPlaceBirth": SETTINGS,
}
CODES_OF_E3 = {
    "DeliveryMethod": frozenset(
        (
            "Spontaneous vertex",
            "Spontaneous other cephalic",
            "Low forceps, not breech",
            "Other forceps, not breech",
            "Ventouse",
            "Breech",
            "Breech extraction",
            "Elective caesarean section",
            "Emergency caesarean section",
            "Other",
        )
    ),
    "FirstFeed": frozenset(("Maternal breast milk", "Donor breast milk", "Not breast milk")),
}
CODES_OF_BADGERNET = {"DischargeDestination": frozenset(("1", "2", "3", "4", "12"))}
CODES_OF_CSDS = {
    "AttendCode": frozenset("234567"),
    "Medium": frozenset(("01", "02", "04", "05", "09", "10", "11", "12", "13", "98")),
    "ActivityCode": frozenset((*TWO_DIGITS[:12], "97")),
    "BreastFeedingStatus": frozenset(TWO_DIGITS[:3]),
}
CODES_OF_MHSDS = {
    "SourceOfReferralMH": frozenset(
        (
            *("gp", "midwife", "health_visitor", "self", "obstetrics", "neonatal", "iapt", "other_mh"),
            *("social", "vcse", "other", "unknown"),
        )
    )
}
