"""The organisations of the world: one local maternity and neonatal system, two trusts, five sites."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from synthetic_bundles.tables import ORGANISATION, Table
from synthetic_bundles.vocabulary import TRUSTS

SYSTEM_CODE = "QSY"
MIDWIFE_LED_SITE = "RSB03"
MIDWIFE_LED_PROVIDER = "RSB"
SITES_OF_TRUST = MappingProxyType({"RSA": ("RSA01", "RSA02"), "RSB": ("RSB01", "RSB02", "RSB03")})
BOOKING_SHARES_OF_TRUST = MappingProxyType({"RSA": (0.60, 0.40), "RSB": (0.56, 0.36, 0.08)})
SITE_NAMES = MappingProxyType(
    {
        "RSA01": "Synthetic City Hospital",
        "RSA02": "Synthetic General Hospital",
        "RSB01": "Synthetic County Hospital",
        "RSB02": "Synthetic Market Hospital",
        "RSB03": "Synthetic Midwife-led Birth Centre",
    }
)
NEONATAL_LEVELS = MappingProxyType({"RSA01": "NICU", "RSA02": "SCU", "RSB01": "LNU", "RSB02": "SCU"})
INTENSIVE_UNIT = "RSA01"
NEAREST_UNIT = MappingProxyType({"RSB03": "RSB01"})  # of a site without a neonatal unit
HEALTH_VISITING_PROVIDER, MENTAL_HEALTH_PROVIDER = "RSV", "RSM"
FOUNDED = np.datetime64("2010-04-01")  # before any birth of any world


def build_organisations() -> Table:
    """The tree of organisations: site -> trust -> system."""
    rows = [(SYSTEM_CODE, "Synthetic Local Maternity and Neonatal System", "lmns", "", "", FOUNDED)]
    rows += [(trust, f"Synthetic Trust {trust[-1]}", "trust", SYSTEM_CODE, "", FOUNDED) for trust in TRUSTS]
    rows += [
        (site, SITE_NAMES[site], "site", trust, NEONATAL_LEVELS.get(site, ""), FOUNDED)
        for trust in TRUSTS
        for site in SITES_OF_TRUST[trust]
    ]
    rows += [(HEALTH_VISITING_PROVIDER, "Synthetic Health Visiting", "hv_provider", SYSTEM_CODE, "", FOUNDED)]
    rows += [(MENTAL_HEALTH_PROVIDER, "Synthetic Mental Health", "mh_provider", SYSTEM_CODE, "", FOUNDED)]
    return np.array(rows, dtype=ORGANISATION)
