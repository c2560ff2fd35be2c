"""Which program this is."""

from __future__ import annotations

from datetime import date
from importlib.metadata import version

SOFTWARE_VERSION = version("perinatal-equity")
SOFTWARE_DATE = date(2026, 11, 23)  # of the definitions and resources that this version makes
