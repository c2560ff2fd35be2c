"""Identifiers of what is written: the same world gives the same ones, and no two things share one."""

from __future__ import annotations

from enum import IntEnum
from zlib import crc32

from synthetic_bundles.tables import World

HOSPITAL_NUMBER_SYSTEM = "https://perinatal-equity.example/synthetic/hospital-number/"
BUNDLE_SYSTEM = "https://perinatal-equity.example/synthetic/bundle-id"


def world_stamp(world: World) -> str:
    """Eight hexadecimal digits that tell this world from others."""
    words = [world.scenario.name, world.seed, world.births, world.first_month, world.months]
    words += [world.part, world.parts] if world.parts > 1 else []
    return f"{crc32('|'.join(map(str, words)).encode()):08x}"


class Kind(IntEnum):
    """What a bundle tells of; bundles of two kinds never share an identifier."""

    MATERNITY = 0
    NEONATAL = 1
    VISIT = 2
    CERTIFICATE = 3


def uuid_prefix(stamp: str, row: int, kind: Kind = Kind.MATERNITY) -> str:
    """All of a UUID but its last eight digits, which number the resources of one bundle.

    Version 8 of RFC 9562 leaves the digits to us: stamp, kind and row, and so they never meet by chance.
    """
    return f"{stamp}-{row >> 16:04x}-8000-8{kind:03x}-{row & 0xFFFF:04x}"


def bundle_identifier(stamp: str, row: int, kind: Kind = Kind.MATERNITY) -> str:
    """Business identifier of one bundle."""
    letter = "" if kind is Kind.MATERNITY else f"{kind.name[0]}"
    return f"{stamp}-{letter}{row:07d}"


def mother_hospital_number(trust: str, row: int) -> str:
    return f"{trust}M{row:07d}"


def baby_hospital_number(trust: str, row: int, birth_order: int) -> str:
    return f"{trust}B{row:07d}{birth_order}"


def child_record_number(row: int) -> str:
    """Number of a child with the health visitors. row: of the baby."""
    return f"RSVC{row:07d}"


def client_number(row: int) -> str:
    """Number of a mother with the health visitors. row: of her pregnancy."""
    return f"RSVM{row:07d}"


def mental_health_number(row: int) -> str:
    """Number of a woman with the mental-health team. row: of her pregnancy."""
    return f"RSMP{row:07d}"
