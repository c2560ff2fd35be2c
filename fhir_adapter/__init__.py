"""Everything of perinatal-equity that touches the outside: sources, store, FHIR, API, command line."""
