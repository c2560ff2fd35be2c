"""The adapters of a folder, loaded and checked once, and the choice among them."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from fhir_adapter.errors import AdapterUnknown, MappingInvalid
from fhir_adapter.sources.adapter import AnyManifest, BundleManifest, CsvManifest, SiteFile
from fhir_adapter.sources.bundle_plan import BundlePlan, plan_bundle
from fhir_adapter.sources.concept_map import CodeMap, parse_concept_map
from fhir_adapter.sources.csv_plan import CsvPlan, plan_csv
from fhir_adapter.sources.csv_shapes import with_values
from fhir_adapter.sources.dispatch import Chooser
from fhir_adapter.sources.recognition import (
    ClaimsByType,
    claims_by_type,
    fits_header,
    lacking_columns,
    resources_of,
    strongest_claimants,
)
from fhir_adapter.sources.strict_yaml import read_yaml
from fhir_adapter.sources.view import View, parse_view, pydantic_faults

MANIFEST = "adapter.yaml"
SHIPPED = Path(__file__).parents[2] / "mappings"  # beside the packages, in a checkout as in an installed wheel
LARGEST_FILE = 2_000_000  # bytes of one view or ConceptMap
MANIFESTS: TypeAdapter[AnyManifest] = TypeAdapter(AnyManifest)

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter ready to run; it has the plan of the kind of input that it reads."""

    manifest: BundleManifest | CsvManifest
    bundle_plan: BundlePlan | None
    csv_plan: CsvPlan | None

    @property
    def name(self) -> str:
        """Name of the folder and of the feed."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """Version of the mapping, kept with every row that it makes."""
        return self.manifest.version


@dataclass(frozen=True, slots=True)
class AdapterRegistry:
    """Every adapter by name, in the order of the names. claims: of those that read bundles, by type of resource."""

    adapters: Mapping[str, Adapter]
    claims: ClaimsByType = field(init=False, repr=False)

    def __post_init__(self) -> None:
        manifests = {name: each.manifest for name, each in self.adapters.items()}
        claims = {name: each.recognise for name, each in manifests.items() if isinstance(each, BundleManifest)}
        object.__setattr__(self, "claims", claims_by_type(claims))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the adapters known."""
        return tuple(self.adapters)

    def by_name(self, name: str) -> Adapter:
        """The adapter of this name. Raises AdapterUnknown, listing those known and the nearest."""
        if name in self.adapters:
            return self.adapters[name]
        nearest = difflib.get_close_matches(name, self.names, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        text = f"there is no adapter of this name; known: {', '.join(self.names)}{hint}"
        raise AdapterUnknown("--adapter", text, self.names)

    def for_bundle(self, document: Mapping[str, Any], location: str) -> Adapter:
        """The adapter that claims the bundle most strongly. Raises AdapterUnknown when none or more than one does."""
        _, claimants = strongest_claimants(self.claims, document)
        fitting = [each for name, each in self.adapters.items() if name in claimants]
        if fitting:
            return self._only(fitting, location, "bundle")
        raise self._unrecognised(location, "bundle", nearest_adapter(self.adapters.values(), document))

    def for_header(self, header: Sequence[str], location: str) -> Adapter:
        """The adapter that knows the header. Raises AdapterUnknown when none or more than one does."""
        fitting = [
            each
            for each in self.adapters.values()
            if (plan := each.csv_plan) is not None and fits_header((plan, *plan.others), header)
        ]
        return self._only(fitting, location, "header", nearest_shape(self.adapters.values(), header))

    def _only(self, fitting: Sequence[Adapter], location: str, what: str, nearest: str = "") -> Adapter:
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            claiming = ", ".join(each.name for each in fitting)
            raise AdapterUnknown(location, f"several adapters claim this {what}: {claiming}; name one", self.names)
        raise self._unrecognised(location, what, nearest)

    def _unrecognised(self, location: str, what: str, hint: str) -> AdapterUnknown:
        text = f"no adapter recognises this {what}; known: {', '.join(self.names)}{hint}; name one or add one"
        return AdapterUnknown(location, text, self.names)


def nearest_adapter(adapters: Iterable[Adapter], document: Mapping[str, Any]) -> str:
    """Words on the adapter that reads most of the types of resource in the bundle; none when no one reads any."""
    types = Counter(str(each.get("resourceType")) for each in resources_of(document))
    read = {
        each.name: sum(types[resource_type] for resource_type in each.bundle_plan.choosers)
        for each in adapters
        if each.bundle_plan is not None
    }
    nearest = max(read, key=lambda name: read[name], default=None)
    return f"; nearest by its types of resource: {nearest}" if nearest is not None and read[nearest] else ""


def nearest_shape(adapters: Iterable[Adapter], header: Sequence[str]) -> str:
    """Words on the shape of file of which a header has most, and what it lacks; empty when it has nothing of any."""
    shapes = [
        (each.name, plan) for each in adapters if each.csv_plan for plan in (each.csv_plan, *each.csv_plan.others)
    ]
    ranked = [(len(lacking_columns(plan, header)) / len(plan.required), name, plan) for name, plan in shapes]
    share, name, plan = min(ranked, key=lambda each: each[:2], default=(1.0, "", None))
    if plan is None or share == 1:
        return ""
    return f"; nearest: {name}, for which the header lacks {', '.join(lacking_columns(plan, header))}"


def load_adapters(folder: Path | Traversable) -> AdapterRegistry:
    """Every adapter below a folder; raises MappingInvalid with every fault of every one."""
    found: dict[str, Adapter] = {}
    faults: list[str] = []
    for each in sorted(folder.iterdir(), key=lambda item: item.name):
        if each.is_dir() and (each / MANIFEST).is_file():
            try:
                found[each.name] = load_adapter(each)
            except MappingInvalid as cause:
                faults.append(str(cause))
    if faults:
        raise MappingInvalid(str(folder), faults)
    return AdapterRegistry(found)


def shipped_adapters() -> AdapterRegistry:
    """The adapters that come with the program, also out of an installed wheel."""
    return load_adapters(SHIPPED)


@dataclass(frozen=True, slots=True)
class AdapterParts:
    """What stands in the folder of an adapter, parsed. maps: ConceptMaps by their name. place: of the manifest."""

    place: str
    manifest: BundleManifest | CsvManifest
    maps: Mapping[str, CodeMap]
    sites: tuple[SiteFile, ...]
    views: Mapping[str, View]


def load_parts(folder: Path | Traversable) -> AdapterParts:
    """The parts of one adapter; raises MappingInvalid with file and place of every fault."""
    place = f"{folder.name}/{MANIFEST}"
    manifest = parse_manifest((folder / MANIFEST).read_text("utf-8"), place=place)
    if manifest.name != folder.name:
        raise MappingInvalid(place, [f"name: must be the name of the folder, {folder.name}"])
    maps = {each.name: each for each in load_files(folder, "conceptmaps", parse_concept_map).values()}
    sites = tuple(load_files(folder, "sites", parse_site, ending=".yaml").values())
    views = load_files(folder, "views", parse_view) if isinstance(manifest, BundleManifest) else {}
    return AdapterParts(place, manifest, maps, sites, views)


def planned(parts: AdapterParts, *, choosers: Mapping[str, Chooser] | None = None) -> Adapter:
    """The adapter of these parts; raises MappingInvalid with every rule that cannot be carried out.

    choosers: of the views of a bundle adapter, when they are compiled already.
    """
    manifest, place = parts.manifest, parts.place
    if isinstance(manifest, CsvManifest):
        return Adapter(manifest, None, plan_csv(manifest, parts.maps, place=place, sites=parts.sites))
    maps = with_values(parts.maps, parts.sites, place=place)
    return Adapter(manifest, plan_bundle(manifest, parts.views, maps, place=place, choosers=choosers), None)


def load_adapter(folder: Path | Traversable) -> Adapter:
    """One adapter; raises MappingInvalid with file and place of every fault."""
    return planned(load_parts(folder))


def parse_manifest(text: str, *, place: str) -> BundleManifest | CsvManifest:
    """A manifest out of its text; raises MappingInvalid with every fault."""
    try:
        return MANIFESTS.validate_python(read_yaml(text, place=place))
    except ValidationError as cause:
        raise MappingInvalid(place, pydantic_faults(cause)) from cause


def parse_site(content: bytes, *, place: str) -> SiteFile:
    """What is particular to one site; raises MappingInvalid with every fault."""
    try:
        return SiteFile.model_validate(read_yaml(content.decode(), place=place))
    except UnicodeDecodeError as cause:
        raise MappingInvalid(place, ["not readable as UTF-8"]) from cause
    except ValidationError as cause:
        raise MappingInvalid(place, pydantic_faults(cause)) from cause


def load_files(
    folder: Path | Traversable, kind: str, parse: Callable[..., Parsed], *, ending: str = ".json"
) -> dict[str, Parsed]:
    """Every file of a subfolder with this ending, by its name without it; raises MappingInvalid with all faults."""
    found: dict[str, Parsed] = {}
    faults: list[str] = []
    subfolder = folder / kind
    files = sorted(subfolder.iterdir(), key=lambda item: item.name) if subfolder.is_dir() else []
    for file in files:
        if not file.name.endswith(ending):
            continue
        place = f"{folder.name}/{kind}/{file.name}"
        content = file.read_bytes()
        try:
            if len(content) > LARGEST_FILE:
                raise MappingInvalid(place, [f"a file has at most {LARGEST_FILE} bytes"])
            found[file.name.removesuffix(ending)] = parse(content, place=place)
        except MappingInvalid as cause:
            faults.extend(f"{cause.place}: {fault}" for fault in cause.faults)
    if faults:
        raise MappingInvalid(folder.name, faults)
    return found
