"""A draft adapter for a CSV file, by its header and its first lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.adapter import ColumnRule, CsvManifest
from fhir_adapter.sources.code_rules import CODED
from fhir_adapter.sources.convert import allowed_codes
from fhir_adapter.sources.csv_text import DELIMITERS
from fhir_adapter.sources.registry import Adapter
from fhir_adapter.sources.scaffold import Draft, json_text, nearest_name, plain_name
from fhir_adapter.sources.unmapped import concept_map, nearest_target
from indicator_engine.code_lists import code_list
from indicator_engine.tables import TABLES, Column, ColumnType

LEAST_ALIKE = 0.82  # of 1, between a header and the name of a column
SAMPLE_LINES = 3  # of the golden case
READ_LINES = 200  # looked at for codes and dates
SENDER = "OrgCodeProvider"
ENCODINGS = ("utf-8-sig", "cp1252")
IDENTIFIER = re.compile("(id|key|number|no|ref|identifier)$")
PREFERRED = ("baby", "delivery", "booking", "neonatal_episode", "hv_contact", "mh_referral", "pregnancy", "person")
KEY_WORDS = {
    "baby": ("baby", "child", "infant"),
    "person": ("person", "baby", "mother"),
    "delivery": ("labour", "deliver"),
    "pregnancy": ("preg",),
    "booking": ("book", "preg"),
    "neonatal_episode": ("episode", "badger", "admission"),
    "hv_contact": ("contact",),
    "mh_referral": ("referral", "request"),
}
USUAL_NAMES = {
    **dict.fromkeys(("dob", "babydob", "dateofbirth", "birthdate", "babydateofbirth"), ("baby", "birth_datetime")),
    **dict.fromkeys(("birthweight", "weight", "bw"), ("baby", "birth_weight_g")),
    **dict.fromkeys(("gestation", "gestationatbirth"), ("baby", "gestation_days")),
    "bookingdate": ("booking", "booking_date"),
}
DATE_FORMATS = {
    "DD/MM/YYYY": re.compile("[0-9]{2}/[0-9]{2}/[0-9]{4}"),
    "DD-MM-YYYY": re.compile("[0-9]{2}-[0-9]{2}-[0-9]{4}"),
    "DD.MM.YYYY": re.compile("[0-9]{2}[.][0-9]{2}[.][0-9]{4}"),
    "DD-MON-YYYY": re.compile("[0-9]{2}-[A-Za-z]{3}-[0-9]{4}"),
    "YYYYMMDD": re.compile("[0-9]{8}"),
}


class CsvDrafting:
    """What is known of one sample file, and what is guessed from it."""

    def __init__(self, name: str, path: Path, adapters: Sequence[Adapter]) -> None:
        self._name = name
        self._encoding, text = decoded(path)
        first = next(iter(text.splitlines()), "")
        if not first.strip():
            raise PayloadRefused("csv.empty", path.name, "the file is empty; a header is expected")
        self._delimiter = max(DELIMITERS, key=first.count)
        lines = list(csv.reader(io.StringIO(text), delimiter=self._delimiter))
        self._header = [each.strip() for each in lines[0]]
        self._lines = [line for line in lines[1:] if len(line) == len(self._header)]
        self._known = known_headers(adapters)
        self._maps: dict[str, str] = {}

    def draft(self) -> Draft:
        """The draft. Raises PayloadRefused when no column of the file is known."""
        targets = self._targets()
        if not targets:
            text = "no column of this header is like one of the common model; write the mapping by hand"
            raise PayloadRefused("csv.header-unknown", self._name, text)
        tables = [self._table(table, columns) for table, columns in targets.items()]
        sender = SENDER if SENDER in self._header else self._like(("orgcode", "provider", "trust")) or SENDER
        written = self._format(sender)
        keys = dict.fromkeys(self._key_header(table) for table in targets)
        manifest = {
            "name": self._name,
            "version": "0.1.0",
            "title": f"{self._name}, a draft",
            "system": "other",
            "kind": "csv",
            "recognise": {"header": list(dict.fromkeys((*keys, *self._mapped(targets))))[:6]},
            "format": written,
            "key_scope": {"prefix": self._name, "from": sender, "absent": "unknown"},
            "tables": tables,
        }
        used = {*keys, sender, self._mother_header() if "baby" in targets else None, *self._mapped(targets)}
        unread = [each for each in self._header if each not in used]
        notes = [f"`{each}` is read by no rule yet" for each in unread]
        return Draft(self._name, manifest, dict(self._maps), self._case(), notes)

    def _targets(self) -> Mapping[str, dict[str, str]]:
        """Headers by table and column, each header and each column of a table once."""
        found: dict[str, dict[str, str]] = {}
        taken: set[tuple[str, str]] = set()
        for header in self._header:
            target = self._target(header)
            if target is not None and target not in taken:
                taken.add(target)
                found.setdefault(target[0], {})[target[1]] = header
        return {table: found[table] for table in TABLES if table in found}

    def _target(self, header: str) -> tuple[str, str] | None:
        plain = plain_name(header)
        if plain in self._known:
            return self._known[plain]
        if plain in USUAL_NAMES:
            return USUAL_NAMES[plain]
        names = {plain_name(name): (table, name) for table in reversed(PREFERRED) for name in open_columns(table)}
        nearest = nearest_name(plain, list(names), LEAST_ALIKE)
        return None if nearest is None else names[nearest]

    def _mapped(self, targets: Mapping[str, Mapping[str, str]]) -> list[str]:
        return [header for columns in targets.values() for header in columns.values()]

    def _table(self, table: str, columns: Mapping[str, str]) -> dict[str, Any]:
        rules: dict[str, Any] = {}
        [key, *_] = TABLES[table].key
        role = "baby" if self._like(("baby", "child", "infant")) else "mother"
        kind = role if table == "person" else table.replace("_", "-")
        rules[key] = {"key": {"kind": kind, "from": self._key_header(table)}}
        if table == "person":
            rules["role"] = {"value": role}
        if table == "baby":
            rules["person_key"] = rules[key]
            mother = self._mother_header()
            rules |= {"mother_key": {"key": {"kind": "mother", "from": mother}}} if mother else {}
        for name, header in columns.items():
            rules[name] = self._rule(TABLES[table].column(name), header)
        return {"table": table, "columns": rules}

    def _rule(self, column: Column, header: str) -> Any:
        values = self._values(header)
        if column.type in (ColumnType.DATE, ColumnType.DATETIME):
            found = next((name for name, each in DATE_FORMATS.items() if values and all(map(each.match, values))), None)
            return header if found is None else {"from": header, "date": {"format": found}}
        allowed = allowed_codes(column, ColumnRule(value="")) if column.type in CODED else None
        strangers = [value for value in values if allowed is not None and value not in allowed]
        if not strangers:
            return header
        name = f"{column.name}".replace("_", "-")
        labels = code_list(column.code_list).codes if column.code_list else {}
        targets = {code: labels[code].display if code in labels else code for code in allowed or ()}
        hints = {value: nearest_target(value, targets) for value in strangers}
        rows = [("", code, "", "", f"nearest: {hint} {targets[hint]}" if hint else "") for code, hint in hints.items()]
        rows += [("", code, "", code, "") for code in values if allowed is not None and code in allowed]
        self._maps[f"conceptmaps/{name}.json"] = json_text(concept_map(name, rows))
        return {"from": header, "translate": {"map": name}}

    def _values(self, header: str) -> list[str]:
        at = self._header.index(header)
        return list(dict.fromkeys(line[at].strip() for line in self._lines[:READ_LINES] if line[at].strip()))

    def _key_header(self, table: str) -> str:
        identifiers = [
            each for each in self._header if IDENTIFIER.search(plain_name(each)) and "nhs" not in each.lower()
        ]
        words = KEY_WORDS.get(table, (table,))
        fitting = [each for word in words for each in identifiers if word in each.lower()]
        return [*fitting, *identifiers, self._header[0]][0]

    def _mother_header(self) -> str | None:
        named = [each for each in self._header if IDENTIFIER.search(plain_name(each))]
        return next((each for each in named if "mother" in each.lower() and "nhs" not in each.lower()), None)

    def _like(self, words: Sequence[str]) -> str | None:
        return next((each for word in words for each in self._header if word in each.lower()), None)

    def _format(self, sender: str) -> dict[str, Any]:
        written: dict[str, Any] = {
            "encoding": "utf-8" if self._encoding == ENCODINGS[0] else self._encoding,
            "delimiter": self._delimiter,
            "missing": ["", "NULL"],
        }
        return written if sender in self._header else {**written, "optional": [sender]}

    def _case(self) -> dict[str, Any]:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self._delimiter, lineterminator="\n")
        writer.writerows([self._header, *self._lines[:SAMPLE_LINES]])
        return {"title": "The first lines of the sample", "csv": text.getvalue()}


def decoded(path: Path) -> tuple[str, str]:
    """The encoding of a file and its text: UTF-8, else the usual one of Windows."""
    content = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            return encoding, content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return "iso-8859-1", content.decode("iso-8859-1")


def known_headers(adapters: Sequence[Adapter]) -> dict[str, tuple[str, str]]:
    """Where adapters that are there put a header, by its plain name."""
    found: dict[str, tuple[str, str]] = {}
    for adapter in adapters:
        if isinstance(adapter.manifest, CsvManifest):
            for shape in adapter.manifest.shapes().values():
                for rows in shape.tables:
                    for name, rule in rows.columns.items():
                        if len(rule.from_) == 1 and not rule.when and "{" not in rule.from_[0]:
                            found.setdefault(plain_name(rule.from_[0]), (rows.table, name))
    return found


def open_columns(table: str) -> list[str]:
    """Columns of a table that a file can give: no keys, nothing that is computed."""
    ours = TABLES[table]
    return [
        each.name
        for each in ours.columns
        if not each.derived and not each.name.endswith("_key") and each.type is not ColumnType.BYTES
    ]
