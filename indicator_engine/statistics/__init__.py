"""Pure functions on numpy arrays: whole columns in, whole columns out; no record, no file, no FHIR."""
