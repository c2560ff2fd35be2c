"""How good the golden cases of an adapter are: each rule is dropped in turn, and a case must notice.

A rule is every part of the manifest and of a site that can be left out, every column and filter of a view, and every
code of a ConceptMap. Nothing is written. What a dropped rule cannot change is made once: rows of views for a rule of
the manifest, the plan for a code of a ConceptMap or a column of a view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from fhir_adapter.errors import MappingInvalid, PayloadRefused
from fhir_adapter.sources.adapter import (
    BundleManifest,
    BundleRows,
    ColumnRule,
    CsvManifest,
    CsvRows,
    FixedCode,
    IdentityRule,
    ManifestModel,
)
from fhir_adapter.sources.bundle_facts import ViewFacts, record_of, view_facts
from fhir_adapter.sources.bundle_plan import BundlePlan
from fhir_adapter.sources.concept_map import CodeMap
from fhir_adapter.sources.dispatch import choosers_of, plan_view
from fhir_adapter.sources.droppable import KeyPath, droppable_parts, thinner_views, without
from fhir_adapter.sources.golden_case import (
    DIGEST,
    GoldenCase,
    compared,
    differences_of,
    is_recognised,
    outcome_of_records,
)
from fhir_adapter.sources.registry import MANIFEST, Adapter, AdapterParts, load_parts, planned
from fhir_adapter.sources.rule_lines import RuleLines
from fhir_adapter.sources.view import View
from fhir_adapter.sources.workbench import Bench

CaseT = TypeVar("CaseT")
PartT = TypeVar("PartT", bound=ManifestModel)

BROKEN = (MappingInvalid, PayloadRefused, KeyError)  # a mapping that cannot run without the rule fails its cases


@dataclass(frozen=True, slots=True)
class Survivor:
    """A rule that no case needs. place: its file and line."""

    place: str
    rule: str


@dataclass(frozen=True, slots=True)
class Mutants:
    """How many rules were dropped, and which of them were not noticed."""

    total: int
    survivors: tuple[Survivor, ...]

    @property
    def score(self) -> float:
        """Share of the dropped rules that a case noticed; 1 when there is no rule."""
        return 1 - len(self.survivors) / self.total if self.total else 1.0


@dataclass(frozen=True, slots=True)
class Dropped:
    """A rule that is left out. file: where it stands, below the folder. path: its keys there.

    is_noticed: runs the cases without it.
    """

    file: str
    path: KeyPath
    rule: str
    is_noticed: Callable[[], bool]


def mutants_of(bench: Bench) -> Mutants:
    """Every rule of the adapter dropped in turn. Raises MappingInvalid when a case fails as it is."""
    failing = [each.file.name for each in bench.cases if differences_of(bench.adapter, each.case)]
    if failing:
        text = f"golden cases fail as they are: {', '.join(failing)}; mend or accept them first"
        raise MappingInvalid(f"{bench.adapter.name}/tests", [text])
    parts = load_parts(bench.folder)
    parts = replace(parts, maps={name: with_own_targets(each) for name, each in parts.maps.items()})
    cases = [each.case for each in bench.cases]
    is_bundle = isinstance(parts.manifest, BundleManifest)
    dropped = list(BundleTrial(parts, cases).dropped() if is_bundle else FileTrial(parts, cases).dropped())
    lines = RuleLines(bench.folder)
    survivors = tuple(
        Survivor(f"{bench.folder.name}/{lines.place(each.file, each.path)}", each.rule)
        for each in dropped
        if not each.is_noticed()
    )
    return Mutants(len(dropped), survivors)


def with_own_targets(codes: CodeMap) -> CodeMap:
    """The ConceptMap with a dictionary that can be changed; a plan reads it as it is at the time."""
    return replace(codes, targets=dict(codes.targets))


@dataclass(frozen=True, slots=True)
class MappedCase:
    """A case with the rows of its views, by the mapping as it is."""

    case: GoldenCase
    facts: ViewFacts
    recognised: bool


class CaseOrder(Generic[CaseT]):
    """The cases of an adapter, small ones first, and before them the one that noticed last: it is likely to again."""

    def __init__(self, cases: Sequence[tuple[int, CaseT]]) -> None:
        self._cases = [case for _, case in sorted(cases, key=itemgetter(0))]
        self._last: CaseT | None = None

    def notice(self, differs: Callable[[CaseT], bool]) -> bool:
        """Whether any case differs, or cannot run."""
        if self._last is not None and is_different(differs, self._last):
            return True
        for case in self._cases:
            if case is not self._last and is_different(differs, case):
                self._last = case
                return True
        return False


def is_different(differs: Callable[[CaseT], bool], case: CaseT) -> bool:
    """Whether a case differs; one that cannot run does."""
    try:
        return differs(case)
    except BROKEN:
        return True


def size_of(case: GoldenCase) -> int:
    """How much a case has to map: entries of a bundle, characters of a file."""
    return len(case.csv or "") if case.bundle is None else len(case.bundle.get("entry", ()))


class BundleTrial:
    """Rules of a bundle adapter and its cases."""

    def __init__(self, parts: AdapterParts, cases: Sequence[GoldenCase]) -> None:
        assert isinstance(parts.manifest, BundleManifest)
        self._parts = parts
        self._manifest = parts.manifest
        self._views = [plan_view(slot, view) for slot, view in enumerate(parts.views.values())]
        self._choosers = choosers_of(self._views)
        self._adapter = planned(parts, choosers=self._choosers)
        assert self._adapter.bundle_plan is not None
        self._plan = self._adapter.bundle_plan
        self._cases = CaseOrder([(size_of(each), self._mapped(each)) for each in cases if each.bundle is not None])

    def _mapped(self, case: GoldenCase) -> MappedCase:
        facts = view_facts(self._plan, case.bundle or {}, digest=DIGEST)
        return MappedCase(case, facts, is_recognised(self._adapter, case))

    def dropped(self) -> Iterator[Dropped]:
        """Every rule, with the run of the cases without it."""
        for path, manifest in lesser(self._parts, self._manifest):
            is_claim = path[0] == "recognise"
            noticed_without = self._claims_noticed if is_claim else self._manifest_noticed
            yield Dropped(MANIFEST, path, rule_name(self._manifest, path), partial(noticed_without, manifest))
        for slot, (name, view) in enumerate(self._parts.views.items()):
            file = f"views/{name}.json"
            for place, column in enumerate(view.columns()):
                path = ("@column", column.name)
                yield Dropped(file, path, f"column {column.name}", partial(self._column_noticed, slot, place))
            for path, rule, thinner in thinner_views(view):
                yield Dropped(file, path, rule, partial(self._view_noticed, slot, thinner))
        yield from dropped_codes(self._parts, lambda: self._rules_noticed(self._plan))

    def _claims_noticed(self, manifest: BundleManifest) -> bool:
        changed = replace(self._adapter, manifest=manifest)
        return self._cases.notice(lambda each: is_recognised(changed, each.case) is not each.case.recognised)

    def _manifest_noticed(self, manifest: BundleManifest) -> bool:
        try:
            changed = planned(replace(self._parts, manifest=manifest), choosers=self._choosers)
        except BROKEN:
            return True
        assert changed.bundle_plan is not None
        return self._rules_noticed(changed.bundle_plan)

    def _rules_noticed(self, plan: BundlePlan) -> bool:
        return self._cases.notice(lambda each: self._differs(plan, each, each.facts))

    def _column_noticed(self, slot: int, place: int) -> bool:
        return self._cases.notice(lambda each: self._differs(self._plan, each, each.facts.without(slot, place)))

    def _view_noticed(self, slot: int, view: View) -> bool:
        views = [*self._views[:slot], plan_view(slot, view), *self._views[slot + 1 :]]
        plan = replace(self._plan, choosers=choosers_of(views))

        def differs(each: MappedCase) -> bool:
            return self._differs(plan, each, view_facts(plan, each.case.bundle or {}, digest=DIGEST))

        return self._cases.notice(differs)

    def _differs(self, plan: BundlePlan, mapped: MappedCase, facts: ViewFacts) -> bool:
        record = record_of(plan, facts, adapter=self._adapter.name)
        return bool(compared(mapped.case, outcome_of_records([record], recognised=mapped.recognised)))


class FileTrial:
    """Rules of a CSV adapter and its cases."""

    def __init__(self, parts: AdapterParts, cases: Sequence[GoldenCase]) -> None:
        self._parts = parts
        self._adapter = planned(parts)
        self._cases = CaseOrder([(size_of(each), each) for each in cases])

    def dropped(self) -> Iterator[Dropped]:
        """Every rule, with the run of the cases without it."""
        for path, manifest in lesser(self._parts, self._parts.manifest):
            changed = replace(self._parts, manifest=manifest)
            yield Dropped(MANIFEST, path, rule_name(self._parts.manifest, path), partial(self._parts_noticed, changed))
        for at, site in enumerate(self._parts.sites):
            for path, rest in lesser(self._parts, site):
                changed = replace(self._parts, sites=(*self._parts.sites[:at], rest, *self._parts.sites[at + 1 :]))
                whole = ("@site", site.site, *path)
                yield Dropped("sites", whole, rule_name(site, path), partial(self._parts_noticed, changed))
        yield from dropped_codes(self._parts, lambda: self._noticed(self._adapter))

    def _parts_noticed(self, parts: AdapterParts) -> bool:
        try:
            return self._noticed(planned(parts))
        except BROKEN:
            return True

    def _noticed(self, adapter: Adapter) -> bool:
        return self._cases.notice(lambda each: bool(differences_of(adapter, each)))


def lesser(parts: AdapterParts, part: PartT) -> Iterator[tuple[KeyPath, PartT]]:
    """A manifest or site without each part that it can be without, and the keys of that part."""
    for path in droppable_parts(part):
        if is_idle_preference(parts, part, path):
            continue
        try:
            rest: PartT = without(part, path)
        except ValidationError:
            continue  # there is no such mapping that cases could judge
        yield path, rest


def is_idle_preference(parts: AdapterParts, part: object, path: KeyPath) -> bool:
    """Whether a part prefers a code that its ConceptMap gives to none, or beside which none comes later, as yet.

    It waits for the codes of a site.
    """
    if "prefer" not in path[-2:-1]:
        return False
    *above, _, place = path
    for key in above:
        part = at_key(part, key)
    assert isinstance(part, ColumnRule)
    rule = part.translate
    if rule is None:
        return False
    given = {
        *parts.maps[rule.map].targets.values(),
        rule.unmapped.fixed if isinstance(rule.unmapped, FixedCode) else "",
    }
    later = given.difference(part.prefer[: int(place) + 1], [""])
    return part.prefer[int(place)] not in given or not (later or isinstance(parts.manifest, CsvManifest))


def rule_name(part: object, path: KeyPath) -> str:
    """What a part is called: the keys below the table or identity that it is of."""
    table = ""
    keys: list[str] = []
    for key in path:
        part = at_key(part, key)
        if isinstance(part, BundleRows | CsvRows):
            table, keys = part.table, []
        elif isinstance(part, IdentityRule):
            table, keys = f"identity {part.role}", []
        elif key != "columns":
            keys.append(part or "''" if isinstance(key, int) and isinstance(part, str) else str(key))
    return ".".join(each for each in (table, *keys) if each)


def at_key(part: Any, key: str | int) -> Any:
    """What stands at a key of a part, as it is written in the file."""
    if isinstance(part, ManifestModel):
        fields = type(part).model_fields
        return getattr(part, next(name for name, field in fields.items() if key in (field.alias, name)))
    return part[key]


def dropped_codes(parts: AdapterParts, differs: Callable[[], bool]) -> Iterator[Dropped]:
    """Every code of every ConceptMap; it is taken out while the cases run, and put back."""
    for name, codes in parts.maps.items():
        for code in codes.targets:
            path = ("@code", name, code)
            yield Dropped("conceptmaps", path, f"code {code}", partial(noticed, codes, code, differs))


def noticed(codes: CodeMap, code: str, differs: Callable[[], bool]) -> bool:
    """Whether the cases differ without one code."""
    targets = codes.targets
    assert isinstance(targets, dict)
    kept = dict(targets)
    del targets[code]
    try:
        return differs()
    except BROKEN:
        return True
    finally:
        targets.clear()
        targets.update(kept)  # in the order in which they were
