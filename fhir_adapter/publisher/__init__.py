"""Sending reports to other FHIR servers, from the outbox alone."""
