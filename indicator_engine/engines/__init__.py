"""Engines that count: one query layer for several databases, and a plain interpreter that is the oracle."""
