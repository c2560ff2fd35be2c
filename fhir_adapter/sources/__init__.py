"""Mappings as data: adapters, ViewDefinitions and ConceptMaps compiled to functions from payloads to typed rows."""
