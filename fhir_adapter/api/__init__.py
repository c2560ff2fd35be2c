"""The HTTP service: FHIR endpoints, intake and health. Start reading at `app.py`."""
