"""Kinds of systems that records come from; rules of precedence speak of these and never of a product."""

from __future__ import annotations

from enum import StrEnum


class System(StrEnum):
    """What the system behind a feed is there for. other: not told, so it comes after every system that is named."""

    MATERNITY = "maternity"
    NEONATAL = "neonatal"
    HEALTH_VISITING = "health_visiting"
    MENTAL_HEALTH = "mental_health"
    REGISTRATION = "registration"
    OTHER = "other"
