"""`python -m fhir_adapter` is the command `perinatal`."""

from fhir_adapter.cli import main

main()
