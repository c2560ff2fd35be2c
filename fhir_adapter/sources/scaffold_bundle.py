"""A draft adapter for FHIR bundles: views and rules of an adapter that is there, as far as the sample needs them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fhir_adapter.errors import MappingInvalid, PayloadRefused
from fhir_adapter.sources.adapter import BundleManifest, TranslateRule
from fhir_adapter.sources.bundle_facts import ViewFacts, view_facts
from fhir_adapter.sources.code_rules import bundle_code_rules, first_present
from fhir_adapter.sources.feed import resource_of
from fhir_adapter.sources.registry import MANIFESTS, AdapterParts, load_parts, planned
from fhir_adapter.sources.scaffold import Draft, json_text


class BundleDrafting:
    """One sample bundle, and the adapter whose views take most of it."""

    def __init__(self, name: str, document: Mapping[str, Any], folders: Sequence[Path]) -> None:
        self._name = name
        self._document = document
        begun = [(folder, load_parts(folder)) for folder in folders]
        tried = [(self._facts(parts), folder, parts) for folder, parts in begun if parts.views]
        if not tried:
            raise PayloadRefused("adapter.unknown", name, "there is no bundle adapter to begin from")
        self._found, self._folder, self._parts = max(tried, key=lambda each: sum(map(len, each[0].facts)))
        assert isinstance(self._parts.manifest, BundleManifest)
        self._manifest = self._parts.manifest

    def _facts(self, parts: AdapterParts) -> ViewFacts:
        plan = planned(parts).bundle_plan
        assert plan is not None
        return view_facts(plan, self._document, digest="")

    def draft(self) -> Draft:
        """The draft: rules without a match in the sample are left out, unless the rest does not hold without them."""
        taken = {name for name, rows in zip(self._parts.views, self._found.facts, strict=True) if rows}
        manifest = self._pruned(taken)
        if not self._holds(manifest, taken):
            taken = set(self._parts.views)
            manifest = self._written()
        files = {f"views/{name}.json": self._view_text(name) for name in self._parts.views if name in taken}
        used = maps_in(manifest)
        files |= {f"conceptmaps/{file.name}": text for file, name, text in self._maps() if name in used}
        notes = [f"from the rules of `{self._manifest.name}`", *self._untaken()]
        case = {"title": "The sample", "bundle": self._document}
        return Draft(self._name, manifest, files, case, notes)

    def _written(self) -> dict[str, Any]:
        dumped: dict[str, Any] = self._manifest.model_dump(mode="json", by_alias=True, exclude_unset=True)
        head = {"name": self._name, "version": "0.1.0", "title": f"{self._name}, a draft"}
        return {**dumped, **head, "recognise": self._claims() or dumped["recognise"]}

    def _claims(self) -> list[dict[str, str]]:
        """Profiles of the sample, else the identifier systems of its patients."""
        resources = [resource_of(self._document, entry) for entry in range(len(self._document.get("entry", ())))]
        profiles = {
            (str(each["resourceType"]), profile): None
            for each in resources
            for profile in each.get("meta", {}).get("profile", ())
            if each.get("resourceType") == "Patient"
        }
        if profiles:
            return [{"resource": kind, "profile": profile} for kind, profile in profiles]
        systems = dict.fromkeys(
            identifier["system"]
            for each in resources
            if each.get("resourceType") == "Patient"
            for identifier in each.get("identifier", ())
            if "system" in identifier
        )
        return [{"resource": "Patient", "identifier_system": system} for system in systems]

    def _pruned(self, taken: set[str]) -> dict[str, Any]:
        written = self._written()
        tables: list[dict[str, Any]] = []
        for rows in written["tables"]:
            views = taken | {None}
            spine = [each for each in rows["spine"] if each["view"] in taken and each.get("when") in views]
            known = {"record", *(each["table"] for each in tables)}
            if spine:
                joins = rows.get("contributions", ())
                kept = [each for each in joins if each.get("view") in taken or each.get("table") in known]
                tables.append({**rows, "spine": spine, "contributions": kept})
        mapped = {
            f"{rows['table']}.{name}"
            for rows in tables
            for block in (*rows["spine"], *rows["contributions"])
            for name in block["columns"]
        }
        for rows in tables:
            if not rows["contributions"]:
                del rows["contributions"]
        provider = [each for each in written.get("provider", ()) if each in mapped]
        identities = [each for each in written.get("identities", ()) if each["view"] in taken]
        return {**written, "provider": provider, "identities": identities, "tables": tables}

    def _holds(self, manifest: Mapping[str, Any], taken: set[str]) -> bool:
        views = {name: view for name, view in self._parts.views.items() if name in taken}
        try:
            checked = MANIFESTS.validate_python(dict(manifest))
            planned(AdapterParts(self._name, checked, self._parts.maps, (), views))
        except (MappingInvalid, ValueError):
            return False
        return True

    def _view_text(self, name: str) -> str:
        return (self._folder / "views" / f"{name}.json").read_text("utf-8")

    def _maps(self) -> list[tuple[Path, str, str]]:
        """ConceptMaps with the codes of the sample alone."""
        used = self._codes()
        found = []
        for file in sorted((self._folder / "conceptmaps").glob("*.json")):
            document = json.loads(file.read_bytes())
            name = str(document["name"])
            for group in document["group"]:
                group["element"] = [each for each in group.get("element", ()) if (name, each["code"]) in used]
            found.append((file, name, json_text(document)))
        return found

    def _codes(self) -> set[tuple[str, str]]:
        slots = {name: slot for slot, name in enumerate(self._parts.views)}
        columns = {name: [each.name for each in view.columns()] for name, view in self._parts.views.items()}
        return {
            (rule.map, code)
            for rule in bundle_code_rules(self._manifest, self._parts.views, self._parts.maps)
            for _, row in self._found.facts[slots[rule.view]]
            for code in rule.codes(first_present(row, [columns[rule.view].index(name) for name in rule.origins]))
        }

    def _untaken(self) -> list[str]:
        taken = {entry for rows in self._found.facts for entry, _ in rows}
        kinds = [
            str(resource_of(self._document, entry).get("resourceType"))
            for entry in range(len(self._document.get("entry", ())))
            if entry not in taken
        ]
        return [f"{kinds.count(kind)} {kind} of the sample are read by no view yet" for kind in dict.fromkeys(kinds)]


def maps_in(part: Any) -> set[str]:
    """Names of the ConceptMaps that a written manifest asks for."""
    if isinstance(part, Mapping):
        here = {str(part["map"])} if set(part) <= set(TranslateRule.keys()) and "map" in part else set()
        return here.union(*(maps_in(each) for each in part.values()))
    return set().union(*(maps_in(each) for each in part)) if isinstance(part, list) else set()
