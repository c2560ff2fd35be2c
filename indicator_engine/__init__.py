"""Perinatal indicators: definitions, engines, statistics and disclosure control. Knows no FHIR and no HTTP."""
