"""FHIR R4: what comes in is parsed and checked here, what goes out is built here."""
