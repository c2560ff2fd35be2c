"""Settings become an open store, adapters, keys and limits."""

from __future__ import annotations

import base64
import binascii
import getpass
import hmac
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine

from fhir_adapter.errors import MappingInvalid, SettingsInvalid
from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.incoming import IncomingLimits
from fhir_adapter.settings import Settings
from fhir_adapter.sources import folders
from fhir_adapter.sources.registry import SHIPPED, AdapterRegistry, load_adapters, shipped_adapters
from fhir_adapter.sources.strict_yaml import read_yaml
from fhir_adapter.store.database import forget_old_pages, open_database, reading, writing
from fhir_adapter.store.instants import instant_text
from fhir_adapter.store.migrating import check_schema, is_empty, upgrade
from fhir_adapter.store.naming_secret import find_secret, make_secret
from fhir_adapter.store.resolution_rules import ResolutionRules, parse_rules, with_rules
from fhir_adapter.store.sealing import KEY_BYTES, Sealer
from fhir_adapter.store.snapshot import remove_snapshot
from fhir_adapter.workflows.explain import Explainer
from fhir_adapter.workflows.identities import Pseudonyms
from fhir_adapter.workflows.ingest import Intake, PlainRules
from fhir_adapter.workflows.workbench import Workbench
from indicator_engine.definition import shipped_definitions, shipped_stratifiers
from indicator_engine.evaluate import Catalogue

OWNER_ONLY = 0o600


def now() -> datetime:
    """The clock of the service, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The calendar date in Europe/London."""
    return datetime.now(ZoneInfo("Europe/London")).date()


@contextmanager
def opened_store(settings: Settings) -> Iterator[Engine]:
    """The store for the length of the block, with its schema made when the database is empty.

    Raises StoreUnavailable, StoreOutdated, or SettingsInvalid with the faults of the rules of resolution.
    """
    rules = None if settings.resolution_rules is None else rules_at(settings.resolution_rules)
    engine = open_database(settings.database_url)
    try:
        if is_empty(engine):
            upgrade(engine)
        check_schema(engine)
        yield engine if rules is None else with_rules(engine, rules)
    finally:
        engine.dispose()


def rules_at(path: Path) -> ResolutionRules:
    """The rules of resolution in a file. Raises SettingsInvalid with every fault and its place."""
    try:
        return parse_rules(read_yaml(path.read_text("utf-8"), place=str(path)), place=str(path))
    except MappingInvalid as cause:
        raise SettingsInvalid(str(cause)) from cause
    except (OSError, UnicodeDecodeError) as cause:
        raise SettingsInvalid(f"{path}: PERINATAL_RESOLUTION_RULES names no readable UTF-8 file") from cause


def adapters_of(settings: Settings) -> AdapterRegistry:
    """The adapters of the settings, or those shipped; raises MappingInvalid with every fault."""
    return shipped_adapters() if settings.mappings_folder is None else load_adapters(settings.mappings_folder)


def workbench_of(settings: Settings) -> Workbench:
    """The adapters known, to be tried."""
    return Workbench(adapters_of(settings), settings.mappings_folder or SHIPPED, limits_of(settings))


def adapter_folders(settings: Settings, asked: Sequence[str] = ()) -> list[Path]:
    """Folders of adapters by name or path, all by default. Raises AdapterUnknown."""
    return folders.adapter_folders(settings.mappings_folder or SHIPPED, asked)


def explainer_of(settings: Settings) -> Explainer:
    """What explains the cells of a file by the adapters of the settings."""
    return Explainer(adapters_of(settings), settings.mappings_folder or SHIPPED, limits_of(settings))


def catalogue() -> Catalogue:
    """The indicators and stratifiers that are shipped."""
    return Catalogue(shipped_definitions(), shipped_stratifiers())


def canonicals_of(settings: Settings) -> Canonicals:
    """Canonical URLs under the base that is set."""
    return Canonicals(settings.canonical_base.rstrip("/"))


def limits_of(settings: Settings) -> IncomingLimits:
    """Limits on what comes in."""
    return IncomingLimits(max_bytes=settings.largest_body_bytes, max_depth=settings.deepest_json)


def reading_rules(settings: Settings) -> PlainRules:
    """What reading needs, for a process that opens no store."""
    return PlainRules(adapters_of(settings), limits_of(settings), settings.synthetic)


def intake_of(settings: Settings, engine: Engine, *, actor: str | None = None) -> Intake:
    """All that ingest needs, over an open store. actor: who the audit names, the user of this machine by default."""
    sealer = sealer_of(settings)
    return Intake(
        engine=engine,
        adapters=adapters_of(settings),
        sealer=sealer,
        pseudonyms=Pseudonyms(_naming_secret(settings, engine, sealer)),
        limits=limits_of(settings),
        synthetic=settings.synthetic,
        now=now,
        actor=user_name() if actor is None else actor,
        keeps_payloads=settings.keep_payloads,
    )


def sealer_of(settings: Settings) -> Sealer:
    """What seals under the deployment key, and opens what earlier keys sealed."""
    return Sealer(deployment_key(settings), earlier_keys(settings))


def forget_snapshot(settings: Settings, engine: Engine) -> None:
    """Remove what may hold rows that were taken out: the snapshot, which the next evaluation makes, and old pages."""
    remove_snapshot(settings.snapshot_folder)
    forget_old_pages(engine)


def user_name() -> str:
    """The user of this machine, `unknown` where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number without a name
        return "unknown"


def _naming_secret(settings: Settings, engine: Engine, sealer: Sealer) -> bytes:
    """The naming secret of the store, made when there is none.

    A synthetic installation makes it from its key, so that two stores of one world name its people alike.
    """
    with reading(engine) as connection:
        found = find_secret(connection, sealer)
    if found is not None:
        return found
    given = hmac.digest(deployment_key(settings), b"names", "sha256") if settings.synthetic else None
    with writing(engine) as connection:
        return make_secret(connection, sealer, made_at=instant_text(now()), given=given)


def deployment_key(settings: Settings) -> bytes:
    """The deployment key: from PERINATAL_KEY, else from the key file, which is made when it is not there.

    Raises SettingsInvalid when it is no key; the message never holds it.
    """
    if settings.key is not None:
        return _decoded(settings.key.get_secret_value(), "PERINATAL_KEY")
    if not settings.key_file.exists():
        make_key_file(settings.key_file)
    return _decoded(settings.key_file.read_text("ascii"), str(settings.key_file))


def earlier_keys(settings: Settings) -> list[bytes]:
    """The keys that were replaced. Raises SettingsInvalid for one that is no key or a file that is not there."""
    found: list[bytes] = []
    if settings.earlier_keys is not None:
        texts = settings.earlier_keys.get_secret_value().split(",")
        found += [_decoded(text, "PERINATAL_EARLIER_KEYS") for text in texts if text.strip()]
    if settings.earlier_key_file is not None:
        if not settings.earlier_key_file.is_file():
            raise SettingsInvalid(f"PERINATAL_EARLIER_KEY_FILE: there is no file {settings.earlier_key_file}")
        found.append(_decoded(settings.earlier_key_file.read_text("ascii"), str(settings.earlier_key_file)))
    return found


def _decoded(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as cause:
        raise SettingsInvalid(f"{place}: a deployment key is {KEY_BYTES} bytes in base64") from cause
    if len(key) != KEY_BYTES:
        raise SettingsInvalid(f"{place}: a deployment key is {KEY_BYTES} bytes in base64, not {len(key)}")
    return key


def make_key_file(path: Path) -> None:
    """Write a new deployment key into a file that only its owner may read. Raises SettingsInvalid when it is there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError as cause:
        raise SettingsInvalid(f"{path} is there already; a key is never written over: name another file") from cause
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
