"""Every feed that a world is written as: whose records it holds and how they look in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from synthetic_bundles import render_badgernet, render_csds, render_e3, render_mhsds, render_msds
from synthetic_bundles.faults.kinds import System
from synthetic_bundles.identifiers import Kind
from synthetic_bundles.records import BirthRecord
from synthetic_bundles.render_bfdr import render_bfdr_bundles
from synthetic_bundles.render_bundles import render_bundle
from synthetic_bundles.render_contacts import render_contact_bundle
from synthetic_bundles.render_neonatal import render_neonatal_bundle

Rows = Iterator[tuple[str, tuple[str, ...]]]
FORMATS = ("bundles", "ndjson", "bulk", "bfdr", "csv")


@dataclass(frozen=True, slots=True)
class BundleFeed:
    """Records as FHIR bundles: files of their own, lines of NDJSON, or Bulk Data.

    render: (stamp of the world, record) to one JSON bundle. kind: of the bundles' identifiers.
    """

    name: str
    system: System
    kind: Kind
    render: Callable[[str, Any], bytes]


@dataclass(frozen=True, slots=True)
class TableFeed:
    """Records as rows of CSV tables. tables: columns by table. main: the table with a row for every record."""

    name: str
    system: System
    tables: Mapping[str, tuple[str, ...]]
    main: str
    rows_of: Callable[[Any], Rows]


@dataclass(frozen=True, slots=True)
class CertificateFeed:
    """Birth and fetal death certificates, which a registrar has checked: they bear no fault."""

    name: str
    system: System
    render: Callable[[str, BirthRecord], Iterator[bytes]]


BUNDLE_FEEDS = (
    BundleFeed("maternity", System.MATERNITY, Kind.MATERNITY, render_bundle),
    BundleFeed("neonatal", System.NEONATAL, Kind.NEONATAL, render_neonatal_bundle),
    BundleFeed("health_visiting", System.HEALTH_VISITING, Kind.VISIT, render_contact_bundle),
)
TABLE_FEEDS = (
    TableFeed("msds", System.MATERNITY, render_msds.TABLES, "msd401", render_msds.rows_of),
    TableFeed("e3", System.MATERNITY, render_e3.TABLES, "e3_maternity", render_e3.rows_of),
    TableFeed("badgernet", System.NEONATAL, render_badgernet.TABLES, "badgernet_episodes", render_badgernet.rows_of),
    TableFeed("csds", System.HEALTH_VISITING, render_csds.TABLES, "cyp201_202", render_csds.rows_of),
    TableFeed("mhsds", System.MENTAL_HEALTH, render_mhsds.TABLES, "mhs101", render_mhsds.rows_of),
)
CERTIFICATE_FEEDS = (CertificateFeed("bfdr", System.MATERNITY, render_bfdr_bundles),)
BUNDLE_FORMATS = MappingProxyType({"bundles": ".json", "ndjson": ".ndjson.gz", "bulk": ".ndjson.gz"})
