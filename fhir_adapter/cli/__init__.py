"""The command `perinatal`: it reads its arguments, calls one workflow and prints what came of it."""

from fhir_adapter.cli.app import main

__all__ = ["main"]
