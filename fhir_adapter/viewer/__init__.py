"""Pages for people, made from published FHIR alone. Start reading at `pages.py`."""
