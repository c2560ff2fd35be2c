"""Adapters as data: one folder for each source, with its manifest, views, ConceptMaps and tests."""
