"""Identifiers of what is written: the same world gives the same ones, and no two things share one."""

from __future__ import annotations

from zlib import crc32

from synthetic_bundles.tables import World

HOSPITAL_NUMBER_SYSTEM = "https://perinatal-equity.example/synthetic/hospital-number/"
BUNDLE_SYSTEM = "https://perinatal-equity.example/synthetic/bundle-id"


def world_stamp(world: World) -> str:
    """Eight hexadecimal digits that tell this world from others."""
    words = (world.scenario.name, world.seed, world.births, world.first_month, world.months)
    return f"{crc32('|'.join(map(str, words)).encode()):08x}"


def uuid_prefix(stamp: str, row: int) -> str:
    """All of a UUID but its last eight digits, which number the resources of one pregnancy.

    Version 8 of RFC 9562 leaves the digits to us: the stamp, then the row, and so they never meet by chance.
    """
    return f"{stamp}-{row >> 16:04x}-8000-8000-{row & 0xFFFF:04x}"


def bundle_identifier(stamp: str, row: int) -> str:
    """Business identifier of the bundle of one pregnancy."""
    return f"{stamp}-{row:07d}"


def mother_hospital_number(trust: str, row: int) -> str:
    return f"{trust}M{row:07d}"


def baby_hospital_number(trust: str, row: int, birth_order: int) -> str:
    return f"{trust}B{row:07d}{birth_order}"
